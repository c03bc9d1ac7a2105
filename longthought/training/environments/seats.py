"""The debate as an environment of `verifiers` (v1), with two seats: prime-rl, and what else speaks it, can train both.

Every turn of a debate is a run of its seat on the prompt of that turn, so each trace holds the tokens of one reply, and
no trainer learns from those of the other seat or of a tool. A module of one's own makes it a plugin:

    # debates.py
    from longthought.training.environments.seats import *

    vf-eval debates -m MODEL --env.taskset.problems train.jsonl

Both seats are trained unless one is frozen: `--env.frozen policy`.
"""

# pyright: basic

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import verifiers.v1 as vf
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

from longthought.agents.agent import Critic, Policy
from longthought.agents.catalogue import dialect_of
from longthought.api import asolve
from longthought.domains.grade import reference_of
from longthought.domains.loader import load
from longthought.errors import ConfigError, EndpointError
from longthought.jobs.grading import graded
from longthought.labels.outcomes import lives
from longthought.problems.problem import Problem, Task
from longthought.training.data.annotated import agrees
from longthought.trajectories.events import Author, Judged
from longthought.trajectories.trajectory import Trajectory

__all__ = ["DebateEnv", "DebateTaskset"]

Seat = Literal["policy", "critic"]


class DebateData(vf.TaskData):
    """A problem, and what its answer is graded by."""

    problem: Problem
    reference: dict[str, Any]


class DebateTask(vf.Task[DebateData]):
    """A problem to debate; answers are graded by the environment."""

    @property
    def key(self) -> str:
        """The problem's id."""
        return self.data.problem.id


class DebateTasksetConfig(vf.TasksetConfig):
    """Where the problems are."""

    problems: str = ""
    """File of problems with references, as `longthought generate` reads it."""


class DebateTaskset(vf.Taskset[DebateTask, DebateTasksetConfig]):
    """The problems of a file."""

    def load(self) -> Iterable[DebateTask]:
        """Yield every problem that can be graded.

        Raises:
            ConfigError: if no file is named.

        """
        if not self.config.problems:
            raise ConfigError("`problems` is missing: name a file of problems, --env.taskset.problems FILE")
        for task in load(self.config.problems):
            reference = task.reference or reference_of(task.problem, None)
            if reference is not None:
                written = Task(problem=task.problem, reference=reference).model_dump(mode="json")
                data = DebateData.model_validate({"prompt": task.problem.statement, **written})
                yield DebateTask(data, self.config.task)


_HERE: Final = {"harness": {"id": "null"}, "runtime": {"type": "subprocess"}}
"""A seat that replies and calls no tools, in a process of this machine."""


class DebateConfig(vf.EnvConfig):
    """The seats, and the settings of the debate."""

    policy: vf.AgentConfig = vf.AgentConfig.model_validate(_HERE)
    critic: vf.AgentConfig = vf.AgentConfig.model_validate(_HERE)
    frozen: Seat | None = None
    """The seat that isn't trained; none by default."""
    dialect: str = "prose"
    """Language of prompts: prose or compact."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of the debate by name: rounds, tools, draft, …"""


class DebateEnv(vf.Env[DebateConfig]):
    """A debate between two seats."""

    def __init__(self, config: DebateConfig) -> None:
        """Prepare to play."""
        super().__init__(config)
        self._ended: dict[str, Trajectory] = {}
        """By trace: the debate that it was a turn of, until its rewards are recorded."""

    async def setup(self, agents: vf.Agents) -> None:
        """Freeze a seat, if one is frozen."""
        if self.config.frozen is not None:
            getattr(agents, self.config.frozen).trainable = False

    async def run(self, task: DebateTask, agents: vf.Agents) -> None:
        """Play a debate; every turn is a run of its seat."""
        turns: list[str] = []
        dialect = dialect_of("", self.config.dialect)
        policy = Policy("seat:policy", SeatModel(agent=agents.policy, seat="policy", note=turns.append), dialect)
        critic = Critic("seat:critic", SeatModel(agent=agents.critic, seat="critic", note=turns.append), dialect)
        debate = await asolve(task.data.problem, policy=policy, critic=critic, **self.config.settings)
        if debate.solved is None:
            data = Task.model_validate({"problem": task.data.problem, "reference": task.data.reference})
            debate = await graded(debate, data.reference, lambda _: None)
        self._ended |= dict.fromkeys(turns, debate)

    async def finalize(self, task: DebateTask, episode: vf.Episode) -> None:
        """Record the rewards: a policy's turns share the outcome; a critic's, whether the verdict fits it."""
        played = [self._ended.pop(trace.id, None) for trace in episode.traces]
        debate = next((debate for debate in played if debate is not None), None)
        if debate is None:
            return
        verdicts = _verdicts(debate, [trace for trace in episode.traces if trace.agent.name == "critic"])
        for trace in episode.traces:
            trace.record_metric("rounds", float(debate.tree.rounds))
            trace.record_metric("backtracks", float(debate.tree.backtracks))
            trace.record_metric("solved", float(debate.solved is True))
            if trace.agent.name == "policy":
                trace.record_reward("accuracy", float(debate.solved is True))
            elif (right := verdicts.get(trace.id)) is not None:
                trace.record_reward("verdict", float(right))


class SeatModel(BaseChatModel):
    """A chat model whose replies are runs of a seat."""

    agent: Any
    seat: Seat
    note: Callable[[str], None]
    """Called with the trace of every turn."""

    @property
    def _llm_type(self) -> str:
        return "seat"

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **options: Any) -> ChatResult:
        raise NotImplementedError("a seat is asked asynchronously")

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **options: Any,
    ) -> ChatResult:
        """Let the seat reply once; how it samples is the seat's own, so options are left aside."""
        trace = await self.agent.run(vf.Task(_asked(messages)))
        self.note(trace.id)
        if not trace.ok:
            raise EndpointError(f"seat:{self.seat}: {'; '.join(error.message for error in trace.errors)}")
        usage = trace.usage
        message = AIMessage(
            _text(trace),
            usage_metadata=None
            if usage is None
            else {
                "input_tokens": usage.input_tokens, "output_tokens": usage.completion_tokens,
                "total_tokens": usage.total_tokens,
                "input_token_details": {"cache_read": usage.cached_input_tokens or 0},
            },
        )  # fmt: skip
        return ChatResult(generations=[ChatGeneration(message=message)])


def _asked(messages: Sequence[BaseMessage]) -> vf.TaskData:
    """Return the prompt of a turn as the data of a task."""
    system = "\n\n".join(message.text for message in messages if message.type == "system")
    said = [
        vf.AssistantMessage(content=m.text) if m.type == "ai" else vf.UserMessage(content=m.text)
        for m in messages
        if m.type != "system"
    ]
    prompt = said[0].content if len(said) == 1 else said
    return vf.TaskData.model_validate({"prompt": prompt, "system_prompt": system or None})


def _text(trace: Any) -> str:
    return str(trace.messages[-1].content or "").strip()


def _verdicts(debate: Trajectory, traces: Sequence[vf.Trace]) -> Mapping[str, bool]:
    """Return whether each verdict fits where its step led, by its trace; unknown ones are left out.

    Args:
        debate: The debate.
        traces: The turns of the critic, in order; those whose reply is in no event are passed over.

    """
    known, found, turns = lives(debate, {}), dict[str, bool](), iter(traces)
    for event in debate.events:
        if not isinstance(event, Judged) or event.by is not Author.CRITIC:
            continue
        said = [next((turn for turn in turns if _text(turn) == call.text.strip()), None) for call in event.calls]
        if said and said[-1] is not None and event.node in known:
            found[said[-1].id] = agrees(event.verdict, known[event.node])
    return found
