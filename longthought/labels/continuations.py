"""Labels by trying: Monte-Carlo labels, and a critic's opinions of every step.

Both are jobs of `generate` whose debates open with the path to a node. For a Monte-Carlo label the policy goes on from
there alone, k times, and every answer is graded (Wang et al., "Math-Shepherd", 2024). For a pre-label a critic looks
at the step, as if it were new. The jobs have run folders of their own inside the labelled one, so they resume.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from longthought.agents import catalogue
from longthought.agents.agent import Proposer
from longthought.api import context_of, generate
from longthought.jobs.progress import Progress
from longthought.labels.label import Label, Method
from longthought.labels.openings import Nobody, Nodding, Openings, judgeable_steps, open_steps
from longthought.labels.outcomes import estimated
from longthought.problems.problem import Task
from longthought.trajectories.events import (
    Action,
    Judged,
    Parent,
    Verdict,
)
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory

ROUNDS: Final = 64
"""Proposals in a continuation at most, those of its opening included."""
SURE: Final = (0.2, 0.8)
"""A step whose opinions are all below the first, or all above the second, need not be looked at by a person."""


def monte_carlo(
    run: Run,
    policy: str | Proposer,
    k: int,
    *,
    references: Mapping[str, Task] | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
    concurrency: int = 64,
    kept: str = "",
    **settings: Any,
) -> Iterator[Label]:
    """Label every step without an answer by k continuations of the policy alone; the label comes as the last one ends.

    Jobs that are kept apart have names of their own, which end in `kept`.

    Raises:
        UserError: if the policy can't be had, or answers can't be graded.

    """
    given: dict[str, Any] = {"rounds": ROUNDS, "veto": False, **settings}
    context = context_of("debate", policy, Nodding(), [], given)
    source = Openings(run, open_steps, context, references or {}, limit=limit)
    out = run.path / f"continuations-{k}{kept}"
    job = generate(
        source, out=out, samples=k, policy=policy, critic=Nodding(), tools=[], begin=source.begin,
        progress=progress, concurrency=concurrency, **given,
    )  # fmt: skip
    name = policy if isinstance(policy, str) else policy.name
    for origin, found in _together(job, out, k):
        hits = sum(t.solved is True for t in found)
        yield estimated(origin.trajectory, origin.node, Method.MONTE_CARLO, hits, k, by=name, at=time.time())


def opinions(
    run: Run,
    critic: str,
    k: int,
    *,
    base_url: str | None = None,
    dialect: str | None = None,
    temperature: float | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
    concurrency: int = 64,
    kept: str = "",
) -> Iterator[Label]:
    """Pre-label every step that no tool refuted by k opinions of a critic; those that it isn't sure of are doubtful.

    Raises:
        UserError: if the critic can't be had.

    """
    judge = catalogue.critic(critic, base_url=base_url, dialect=dialect, temperature=temperature)
    nobody = Nobody()
    given: dict[str, Any] = {"rounds": 1, "reflections": 0, "veto": False}
    source = Openings(run, judgeable_steps, context_of("debate", nobody, judge, [], given), judged=True, limit=limit)
    out = run.path / f"opinions-{k}{kept}"
    job = generate(
        source, out=out, samples=k, policy=nobody, critic=judge, tools=[], begin=source.begin, progress=progress,
        concurrency=concurrency, **given,
    )  # fmt: skip
    for origin, found in _together(job, out, k):
        verdicts = [e.verdict for t in found for e in t.events if isinstance(e, Judged)]
        if verdicts:
            yield _opinion(origin, verdicts, critic)


def _opinion(origin: Parent, verdicts: Sequence[Verdict], by: str) -> Label:
    scores = [_score(verdict) for verdict in verdicts]
    value = sum(scores) / len(scores)
    sure = max(scores) <= SURE[0] or min(scores) >= SURE[1]
    closest = min(verdicts, key=lambda verdict: abs(_score(verdict) - value))
    return Label(
        trajectory=origin.trajectory, node=origin.node, method=Method.MODEL, live=value >= 0.5, value=round(value, 4),
        low=round(min(scores), 4), high=round(max(scores), 4), trials=len(scores), doubtful=not sure,
        reason=closest.critique, by=by, at=time.time(),
    )  # fmt: skip


def _score(verdict: Verdict) -> float:
    """Return how much a verdict hopes; one without a score is sure of its action."""
    if verdict.score is not None:
        return verdict.score
    return {Action.BACKTRACK: 0.0, Action.REFLECT: 0.5}.get(verdict.action, 1.0)


def _together(
    job: Generator[Trajectory, None, None], out: Path, k: int
) -> Iterator[tuple[Parent, Sequence[Trajectory]]]:
    """Yield the debates from each node when its last one has ended; at the end, those that ended in an earlier run."""
    waiting: defaultdict[str, list[Trajectory]] = defaultdict(list)
    told = set[str]()
    for trajectory in job:
        waiting[trajectory.problem.id].append(trajectory)
        if len(found := waiting[trajectory.problem.id]) == k:
            told.add(trajectory.problem.id)
            del waiting[trajectory.problem.id]
            yield _origin(found[0]), found
    finished = Run(out)
    ends = Counter(name.rpartition("#")[0] for name in finished.finished_ids())
    for name, count in ends.items():
        if name not in told and count == k:
            found = [finished.trajectory(f"{name}#{sample}") for sample in range(k)]
            yield _origin(found[0]), found


def _origin(trajectory: Trajectory) -> Parent:
    first = trajectory.tree.started
    assert first is not None
    assert first.parent is not None
    return first.parent
