"""Two agents argue until the answer checks out, and every argument becomes training data.

A policy proposes one reasoning step at a time; a critic, armed with tools, answers continue, backtrack, reflect or
terminate. Everything here is imported on first use: `import longthought` loads neither torch nor langgraph.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longthought.agents.agent import Critic, Policy
    from longthought.agents.catalogue import critic, policy
    from longthought.agents.model import Model
    from longthought.api import asolve, generate, solve
    from longthought.domains.domain import Domain
    from longthought.domains.loader import load
    from longthought.errors import LongthoughtError
    from longthought.evaluation.evaluation import evaluate
    from longthought.evaluation.request import EvaluationRequest
    from longthought.jobs.request import JobRequest
    from longthought.labels.job import label
    from longthought.labels.request import LabelRequest
    from longthought.problems.problem import AnswerReference, CountdownReference, Problem, Reference, Task
    from longthought.training.data.export import export
    from longthought.training.data.request import ExportRequest
    from longthought.training.improve.improve import improve
    from longthought.training.reinforcement.reinforce import reinforce
    from longthought.training.request import ReinforcementRequest, TrainingRequest
    from longthought.training.train import train
    from longthought.trajectories.run import Run
    from longthought.trajectories.trajectory import Trajectory

try:
    __version__ = version("longthought")
except PackageNotFoundError:  # a checkout that isn't installed
    __version__ = "0.0.0"

_HOMES = {
    "AnswerReference": "longthought.problems.problem",
    "CountdownReference": "longthought.problems.problem",
    "Critic": "longthought.agents.agent",
    "Domain": "longthought.domains.domain",
    "EvaluationRequest": "longthought.evaluation.request",
    "ExportRequest": "longthought.training.data.request",
    "JobRequest": "longthought.jobs.request",
    "LabelRequest": "longthought.labels.request",
    "LongthoughtError": "longthought.errors",
    "Model": "longthought.agents.model",
    "Policy": "longthought.agents.agent",
    "Problem": "longthought.problems.problem",
    "Reference": "longthought.problems.problem",
    "ReinforcementRequest": "longthought.training.request",
    "Run": "longthought.trajectories.run",
    "Task": "longthought.problems.problem",
    "TrainingRequest": "longthought.training.request",
    "Trajectory": "longthought.trajectories.trajectory",
    "asolve": "longthought.api",
    "critic": "longthought.agents.catalogue",
    "evaluate": "longthought.evaluation.evaluation",
    "export": "longthought.training.data.export",
    "generate": "longthought.api",
    "improve": "longthought.training.improve.improve",
    "label": "longthought.labels.job",
    "load": "longthought.domains.loader",
    "policy": "longthought.agents.catalogue",
    "reinforce": "longthought.training.reinforcement.reinforce",
    "solve": "longthought.api",
    "train": "longthought.training.train",
}

__all__ = [
    "AnswerReference",
    "CountdownReference",
    "Critic",
    "Domain",
    "EvaluationRequest",
    "ExportRequest",
    "JobRequest",
    "LabelRequest",
    "LongthoughtError",
    "Model",
    "Policy",
    "Problem",
    "Reference",
    "ReinforcementRequest",
    "Run",
    "Task",
    "TrainingRequest",
    "Trajectory",
    "__version__",
    "asolve",
    "critic",
    "evaluate",
    "export",
    "generate",
    "improve",
    "label",
    "load",
    "policy",
    "reinforce",
    "solve",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'longthought' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
