"""Monte-Carlo labels: the policy goes on alone from a step, k times, and every answer is graded.

Wang et al., "Math-Shepherd", 2024. The continuations are a job of `generate` whose debates open with the path to the
step; it has a run folder of its own inside the labelled one, so it resumes.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from longthought.agents.agent import Proposer
from longthought.api import context_of, generate
from longthought.graphs.seats import AcceptingCritic
from longthought.jobs.progress import Progress
from longthought.labels.estimates import estimated
from longthought.labels.label import Label, Method
from longthought.labels.openings import Openings, by_opening, open_steps
from longthought.problems.problem import Task
from longthought.trajectories.run import Run

ROUNDS: Final = 64
"""Proposals in a continuation at most, those of its opening included."""
CRITIC: Final = "nodding"
"""What run folders of continuations call the critic that accepts everything; a job resumes by it."""


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
    critic = AcceptingCritic(CRITIC)
    given: dict[str, Any] = {"rounds": ROUNDS, "veto": False, **settings}
    context = context_of("debate", policy, critic, [], given)
    source = Openings(run, open_steps, context, references or {}, limit=limit)
    out = run.path / f"continuations-{k}{kept}"
    job = generate(
        source, out=out, samples=k, policy=policy, critic=critic, tools=[], begin=source.begin,
        progress=progress, concurrency=concurrency, **given,
    )  # fmt: skip
    name = policy if isinstance(policy, str) else policy.name
    for origin, debates in by_opening(job, out, k):
        hits = sum(debate.solved is True for debate in debates)
        yield estimated(origin.trajectory, origin.node, Method.MONTE_CARLO, hits, k, by=name, at=time.time())
