"""Label the steps of a run by one method.

Labels are written as they are made; the same call again adds only new ones.
"""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, Final

from longthought.agents.agent import Proposer
from longthought.agents.model import Model
from longthought.domains.grade import reference_of
from longthought.domains.loader import load
from longthought.errors import ConfigError
from longthought.graphs.context import Chair
from longthought.graphs.rules import DebateContext
from longthought.jobs.progress import Progress
from longthought.jobs.thread import in_thread
from longthought.labels.continuations import monte_carlo
from longthought.labels.exact import exact_labels
from longthought.labels.label import Label, LabelBook, LabelWriter, Method
from longthought.labels.opinions import opinions
from longthought.labels.request import LabelRequest
from longthought.labels.tree import tree_labels
from longthought.problems.problem import Task
from longthought.record import Record
from longthought.request import expect
from longthought.trajectories.run import Run

log = logging.getLogger(__name__)

OPINION_TEMPERATURE: Final = 0.7
"""Temperature of a critic that is asked several times, which would say the same each time at 0."""


class LabelCounts(Record):
    """How many steps were labelled, and how."""

    method: Method
    labels: int = 0
    """Labels written now."""
    known: int = 0
    """Labels that the run folder held already."""
    live: int = 0
    dead: int = 0
    doubtful: int = 0


def label(
    run: str | Path,
    request: LabelRequest | None = None,
    *,
    proposer: Proposer | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> LabelCounts:
    """Label the steps of a run, and write new labels into its folder.

        lt.label("runs/first")  # by the solver, for Countdown
        lt.label("runs/first", method="monte-carlo", trials=16, policy="openai:Qwen/Qwen3-8B", base_url=url)

    Args:
        run: The run folder.
        request: The settings as one value; leave it out to give them by name.
        proposer: The agent that continues from each step, in place of one made of the request's `policy`.
        progress: Counts to watch while it runs.
        settings: The fields of `LabelRequest`: method, trials, policy, critic, base_url, problems, limit, ….

    Raises:
        UserError: if a setting makes no sense, or the method can label nothing here.

    """
    expect("the path of a run folder", str, Path, run=run)
    expect("a Progress", Progress, NoneType, progress=progress)
    if proposer is not None and not callable(getattr(proposer, "propose", None)):
        raise ConfigError(f"`proposer` must be an agent made with lt.policy, got {proposer!r}")
    request, opened = LabelRequest.given(request, settings), Run(run)
    agents = started_with(opened)
    references = {task.problem.id: task for task in load(request.problems)} if request.problems else {}
    asking: dict[str, Any] = {"limit": request.limit, "progress": progress, "concurrency": request.concurrency}
    match request.method:
        case Method.EXACT:
            labels = _exact(opened, _watched(opened.ids()[: request.limit], progress))
        case Method.TREE:
            labels = _trees(opened, references, _watched(opened.ids()[: request.limit], progress))
        case Method.MONTE_CARLO:
            model, further = _asked("policy", agents, request.policy, request)
            if proposer is not None:
                further = {}
            suffix = _suffix(request.policy if proposer is None else proposer.name, request.temperature, further)
            labels = monte_carlo(
                opened, proposer or model, request.trials, references=references, suffix=suffix, **asking
            )
        case _:
            model, further = _asked("critic", agents, request.critic, request)
            suffix = _suffix(request.critic, request.temperature, further)
            labels = opinions(opened, model, request.trials, suffix=suffix, **asking)
    return _write(opened.path, request.method, labels)


def _asked(
    chair: Chair, agents: Mapping[str, Any], named: str | None, request: LabelRequest
) -> tuple[Model, dict[str, Any]]:
    """Return the model that is asked, and what the run set of it: the one named, or the run's own with its settings."""
    own = DebateContext.read(agents).model(chair)
    changes = {"base_url": request.base_url, "temperature": request.temperature}
    if request.method is Method.MODEL and request.temperature is None and request.trials > 1:
        changes["temperature"] = OPINION_TEMPERATURE
    changes = {name: value for name, value in changes.items() if value is not None}
    if named is not None:
        return Model.of(named, **{"base_url": own.base_url, "dialect": own.dialect, **changes}), {}
    further = own.model_dump(exclude_none=True, exclude={*_OF_RUNS, *changes})
    return own.model_copy(update={"seed": None, **changes}), further


def _suffix(named: str | None, temperature: float | None, further: Mapping[str, Any]) -> str:
    """Return the end of the name of a job's folder; empty for the run's own model without settings."""
    if named is None and temperature is None and not further:
        return ""
    said = f"{named} {temperature}{json.dumps(further, sort_keys=True) if further else ''}"
    return "-" + hashlib.blake2b(said.encode(), digest_size=4).hexdigest()


_OF_RUNS: Final = ("name", "base_url", "api_key_env", "dialect", "seed")
"""Settings of a model that the name of a job's folder never told."""


def started_with(run: Run) -> Mapping[str, Any]:
    """Return the settings that the first debate of a run was started with.

    Raises:
        ConfigError: if the run holds no debate.

    """
    for trajectory in run.trajectories():
        if trajectory.tree.started is not None:
            return trajectory.tree.started.config
    raise ConfigError(f"{run.path} holds no debates yet: run `longthought generate` into it first")


def _watched(names: Sequence[str], progress: Progress | None) -> Iterator[str]:
    """Yield names of debates, and count them in the progress when they are done."""
    progress = progress or Progress()
    progress.expected = progress.total = len(names)
    for name in names:
        yield name
        progress.finished += 1


def _exact(run: Run, names: Iterable[str]) -> Iterator[Label]:
    for name in names:
        yield from exact_labels(run.trajectory(name))


def _trees(run: Run, references: Mapping[str, Task], names: Iterable[str]) -> Iterator[Label]:
    async def work() -> AsyncGenerator[Label]:
        unknown = 0
        for name in names:
            trajectory = run.trajectory(name)
            task = references.get(trajectory.problem.id)
            reference = task.reference if task else reference_of(trajectory.problem, None)
            unknown += reference is None
            for label in await tree_labels(trajectory, reference):
                yield label
        if unknown:
            log.warning(
                "of %d debates only the final answer could be graded: the log keeps no references, so give `problems`",
                unknown,
            )

    yield from in_thread(work)


def _write(path: Path, method: Method, labels: Iterable[Label]) -> LabelCounts:
    """Write labels as they come, except those that the run folder holds already, and count them."""
    count: Counter[str] = Counter()
    book, debate, newest = LabelBook(path), "", dict[int, Label]()
    with LabelWriter(path) as writer:
        for new in labels:
            count["live" if new.live else "dead"] += new.live is not None
            count["doubtful"] += new.doubtful
            if new.trajectory != debate:
                debate = new.trajectory
                newest = {old.node: old for old in book.all_of(debate) if old.method is method}
            known = new.node in newest and _same(new, newest[new.node])
            count["known" if known else "labels"] += 1
            if not known:
                writer.append([new])
    if not count["labels"] and not count["known"]:
        raise ConfigError(f"{path}: no step could be labelled by the method {method}; {_NEXT_STEP[method]}")
    return LabelCounts(method=method, **count)


def _same(new: Label, old: Label) -> bool:
    return new.model_copy(update={"at": 0.0}) == old.model_copy(update={"at": 0.0})


_NEXT_STEP: Final[Mapping[Method, str]] = {
    Method.EXACT: "it knows Countdown alone, so take `method=monte-carlo` or `method=tree`",
    Method.TREE: "no answer in it could be graded, so give `problems`, or take `method=monte-carlo`",
    Method.MONTE_CARLO: "it holds no step without an answer that could be continued",
    Method.MODEL: "the critic gave no verdict that can be read; give another `critic`",
}
