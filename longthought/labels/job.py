"""Label the steps of a run by one method.

Labels are written as they are made; the same call again adds only new ones.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, Final

from longthought.agents.agent import Proposer
from longthought.domains.grade import reference_of
from longthought.domains.loader import load
from longthought.errors import ConfigError
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
    asking: dict[str, Any] = {
        "limit": request.limit, "progress": progress, "concurrency": request.concurrency,
        "dialect": agents.get("dialect"),
    }  # fmt: skip
    match request.method:
        case Method.EXACT:
            labels = _exact(opened, _watched(opened.ids()[: request.limit], progress))
        case Method.TREE:
            labels = _trees(opened, references, _watched(opened.ids()[: request.limit], progress))
        case Method.MONTE_CARLO:
            policy = proposer or request.policy
            labels = monte_carlo(
                opened, policy or str(agents["policy"]), request.trials, references=references,
                base_url=request.base_url or agents.get("base_url"), temperature=request.temperature,
                suffix=_suffix(policy, request.temperature), **asking,
            )  # fmt: skip
        case _:
            several = request.temperature is None and request.trials > 1
            labels = opinions(
                opened, request.critic or str(agents["critic"]), request.trials,
                base_url=request.base_url or agents.get("critic_base_url") or agents.get("base_url"),
                temperature=OPINION_TEMPERATURE if several else request.temperature,
                suffix=_suffix(request.critic, request.temperature), **asking,
            )  # fmt: skip
    return _write(opened.path, request.method, labels)


def _suffix(agent: str | Proposer | None, temperature: float | None) -> str:
    """Return the end of the name of a job's folder; empty if agent and temperature are those of the run."""
    if agent is None and temperature is None:
        return ""
    name = agent if agent is None or isinstance(agent, str) else agent.name
    return "-" + hashlib.blake2b(f"{name} {temperature}".encode(), digest_size=4).hexdigest()


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
