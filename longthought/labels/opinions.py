"""Labels by a critic's opinions: its verdicts on a step when it is asked k times, as if the step were new.

The opinions are a job of `generate` whose debates open with the path to the step and end after one verdict. The job has
a run folder of its own inside the labelled one, so it can be resumed.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from longthought.agents import catalogue
from longthought.agents.model import Model
from longthought.api import context_of, generate
from longthought.graphs.seats import EmptyChair
from longthought.jobs.progress import Progress
from longthought.jobs.thread import awaited
from longthought.labels.label import Label, Method
from longthought.labels.openings import Openings, by_opening, judgeable_steps
from longthought.trajectories.events import Action, Judged, Parent, Verdict
from longthought.trajectories.run import Run

SURE: Final = (0.2, 0.8)
"""A step needs no review by a person if all its opinions are at most the first, or all at least the second."""


def opinions(
    run: Run,
    critic: str | Model,
    trials: int,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
    concurrency: int = 64,
    suffix: str = "",
) -> Iterator[Label]:
    """Label every step that no tool refuted by opinions of a critic; steps that it isn't sure of are doubtful.

    Args:
        run: The run to label.
        critic: The model of the critic.
        trials: Number of opinions per step.
        limit: Maximum number of debates (default: all).
        progress: Counts to watch while it runs.
        concurrency: Maximum number of opinions in flight.
        suffix: End of the name of the job's folder, which keeps jobs of several critics apart.

    Raises:
        UserError: if the critic can't be loaded.

    """
    judge = catalogue.critic(critic)
    no_policy = EmptyChair()
    given: dict[str, Any] = {"rounds": 1, "reflections": 0, "veto": False}
    source = Openings(run, judgeable_steps, context_of("debate", no_policy, judge, [], given), judged=True, limit=limit)
    out = run.path / f"opinions-{trials}{suffix}"
    job = generate(
        source, out=out, samples=trials, policy=no_policy, critic=judge, tools=[], begin=source.begin,
        progress=progress, concurrency=concurrency, **given,
    )  # fmt: skip
    try:
        for origin, debates in by_opening(job, out, trials):
            verdicts = [e.verdict for debate in debates for e in debate.events if isinstance(e, Judged)]
            if verdicts:
                yield _opinion(origin, verdicts, critic if isinstance(critic, str) else critic.name)
    finally:
        job.close()
        awaited(judge.aclose())


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
    """Return the score of a verdict; one without a score counts as sure of its action."""
    if verdict.score is not None:
        return verdict.score
    return {Action.BACKTRACK: 0.0, Action.REFLECT: 0.5}.get(verdict.action, 1.0)
