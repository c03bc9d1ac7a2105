"""Labels by a critic's opinions: what it says of a step when it is asked k times, as if the step were new.

The opinions are a job of `generate` whose debates open with the path to the step and end after one verdict; it has a
run folder of its own inside the labelled one, so it resumes.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from longthought.agents import catalogue
from longthought.api import context_of, generate
from longthought.graphs.seats import EmptyChair
from longthought.jobs.progress import Progress
from longthought.labels.label import Label, Method
from longthought.labels.openings import Openings, by_opening, judgeable_steps
from longthought.trajectories.events import Action, Judged, Parent, Verdict
from longthought.trajectories.run import Run

SURE: Final = (0.2, 0.8)
"""A step whose opinions are all below the first, or all above the second, need not be looked at by a person."""


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
    nobody = EmptyChair()
    given: dict[str, Any] = {"rounds": 1, "reflections": 0, "veto": False}
    source = Openings(run, judgeable_steps, context_of("debate", nobody, judge, [], given), judged=True, limit=limit)
    out = run.path / f"opinions-{k}{kept}"
    job = generate(
        source, out=out, samples=k, policy=nobody, critic=judge, tools=[], begin=source.begin, progress=progress,
        concurrency=concurrency, **given,
    )  # fmt: skip
    for origin, debates in by_opening(job, out, k):
        verdicts = [e.verdict for debate in debates for e in debate.events if isinstance(e, Judged)]
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
