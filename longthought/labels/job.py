"""Label the steps of a run by one of the methods there are.

Labels are written as they are made; running the same again adds only what is new.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from longthought.agents.agent import Proposer
from longthought.domains.grade import reference_of
from longthought.domains.loader import load
from longthought.errors import ConfigError
from longthought.jobs.progress import Progress
from longthought.labels.continuations import monte_carlo
from longthought.labels.exact import exact_labels
from longthought.labels.label import Label, LabelBook, LabelWriter, Method
from longthought.labels.opinions import opinions
from longthought.labels.tree import tree_labels
from longthought.problems.problem import Task
from longthought.record import Record
from longthought.trajectories.run import Run

METHODS: Final = tuple(method for method in Method if method is not Method.HUMAN)
TRIES: Final = (Method.MONTE_CARLO, Method.MODEL)
"""Those that ask models, as jobs of their own."""


class LabelCounts(Record):
    """How many steps were labelled, and how."""

    method: Method
    labels: int = 0
    """Written now."""
    known: int = 0
    """In the run folder already, and the same."""
    live: int = 0
    dead: int = 0
    doubtful: int = 0


def label(
    path: Path,
    method: Method | str = Method.EXACT,
    *,
    policy: str | Proposer | None = None,
    critic: str | None = None,
    base_url: str | None = None,
    k: int = 8,
    problems: str | None = None,
    temperature: float | None = None,
    limit: int | None = None,
    concurrency: int = 64,
    progress: Progress | None = None,
) -> LabelCounts:
    """Label the steps of a run, and write the labels into its folder.

    Args:
        path: The run folder.
        method: `exact`, by a solver (Countdown); `monte-carlo`, by continuations of the policy; `tree`, by the answers
            in each debate's own tree; `model`, by opinions of a critic.
        policy: Who goes on, for Monte-Carlo labels; by default the policy of the run.
        critic: Who is asked for opinions; by default the critic of the run.
        base_url: Server of either, if it has one.
        k: Continuations or opinions a step.
        problems: The problems that the run was made of, where statements don't hold all that answers are graded by.
        temperature: Of the policy or the critic; by default the policy's own, and 0.7 for more than one opinion.
        limit: Debates at most.
        concurrency: Continuations or opinions in flight at once.
        progress: Counts to watch meanwhile.

    Raises:
        UserError: if there is no such method, or it can label nothing here.

    """
    if method not in METHODS:
        raise ConfigError(f"--method {method}: choose from {', '.join(METHODS)}; a person labels with --review")
    if k < 1:
        raise ConfigError(f"--samples {k}: must be at least 1")
    run, method = Run(path), Method(method)
    agents = started_with(run)
    references = {task.problem.id: task for task in load(problems)} if problems else {}
    match method:
        case Method.EXACT:
            found = _exact(run, _watched(run.ids()[:limit], progress))
        case Method.TREE:
            found = _trees(run, references, _watched(run.ids()[:limit], progress))
        case Method.MONTE_CARLO:
            same = {"base_url": base_url or agents.get("base_url"), "dialect": agents.get("dialect")}
            found = monte_carlo(
                run, policy or str(agents["policy"]), k, references=references, limit=limit, progress=progress,
                concurrency=concurrency, temperature=temperature, kept=_kept(policy, temperature), **same,
            )  # fmt: skip
        case _:
            found = opinions(
                run, critic or str(agents["critic"]), k, limit=limit, progress=progress, concurrency=concurrency,
                base_url=base_url or agents.get("critic_base_url") or agents.get("base_url"),
                dialect=agents.get("dialect"), temperature=0.7 if temperature is None and k > 1 else temperature,
                kept=_kept(critic, temperature),
            )  # fmt: skip
    return _written(path, method, found)


def _kept(agent: str | Proposer | None, temperature: float | None) -> str:
    """Return what the folder of a job is called by, beside its method and number: nothing, asked as the run was."""
    if agent is None and temperature is None:
        return ""
    name = agent if agent is None or isinstance(agent, str) else agent.name
    return "-" + hashlib.blake2b(f"{name} {temperature}".encode(), digest_size=4).hexdigest()


def started_with(run: Run) -> Mapping[str, str | None]:
    """Return the settings that the first debate of a run was started with.

    Raises:
        ConfigError: if the run holds no debate.

    """
    for trajectory in run.trajectories():
        if trajectory.tree.started is not None:
            return trajectory.tree.started.config
    raise ConfigError(f"{run.path} holds no debates yet: run `longthought generate` into it first")


def _watched(names: Sequence[str], progress: Progress | None) -> Iterator[str]:
    """Yield names of debates, and count those that are done with."""
    shown = progress or Progress()
    shown.expected = shown.total = len(names)
    for name in names:
        yield name
        shown.finished += 1


def _exact(run: Run, names: Iterable[str]) -> Iterator[Label]:
    for name in names:
        yield from exact_labels(run.trajectory(name))


def _trees(run: Run, references: Mapping[str, Task], names: Iterable[str]) -> Iterator[Label]:
    with asyncio.Runner() as runner:
        for name in names:
            trajectory = run.trajectory(name)
            known = references.get(trajectory.problem.id)
            reference = known.reference if known else reference_of(trajectory.problem, None)
            yield from runner.run(tree_labels(trajectory, reference))


def _written(path: Path, method: Method, labels: Iterable[Label]) -> LabelCounts:
    """Write labels as they come, those that are known already left out, and count them."""
    count: Counter[str] = Counter()
    book, debate, newest = LabelBook(path), "", dict[int, Label]()
    with LabelWriter(path) as writer:
        for made in labels:
            count["live" if made.live else "dead"] += made.live is not None
            count["doubtful"] += made.doubtful
            if made.trajectory != debate:
                debate = made.trajectory
                newest = {old.node: old for old in book.all_of(debate) if old.method is method}
            same = made.node in newest and _same(made, newest[made.node])
            count["known" if same else "labels"] += 1
            if not same:
                writer.append([made])
    if not count["labels"] and not count["known"]:
        raise ConfigError(f"{path}: no step could be labelled by the method {method}; {_INSTEAD[method]}")
    return LabelCounts(method=method, **count)


def _same(one: Label, other: Label) -> bool:
    return one.model_copy(update={"at": 0.0}) == other.model_copy(update={"at": 0.0})


_INSTEAD: Final[Mapping[Method, str]] = {
    Method.EXACT: "it knows Countdown alone, so take --method monte-carlo or tree",
    Method.TREE: "no answer in it could be graded, so give --problems, or take --method monte-carlo",
    Method.MONTE_CARLO: "there is none to go on from",
    Method.MODEL: "the critic gave no verdict that can be read; take another with --critic",
}
