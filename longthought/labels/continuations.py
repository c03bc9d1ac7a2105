"""Monte-Carlo labels: the policy continues alone from a step, k times, and every answer is graded.

Wang et al., "Math-Shepherd", 2024. The continuations are a job of `generate` whose debates open with the path to the
step. The job has a run folder of its own inside the labelled one, so it can be resumed.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from longthought.agents.accepting import AcceptingCritic
from longthought.agents.agent import Proposer
from longthought.agents.model import Model
from longthought.api import context_of, generate
from longthought.jobs.progress import Progress
from longthought.labels.estimates import estimated
from longthought.labels.label import Label, Method
from longthought.labels.openings import Openings, by_opening, open_steps
from longthought.problems.problem import Task
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory

ROUNDS: Final = 64
"""Maximum number of proposals in a continuation, its opening included."""
CRITIC: Final = "nodding"
"""Name of the accepting critic in run folders of continuations; a job can be resumed only under the same name."""


def monte_carlo(
    run: Run,
    policy: str | Model | Proposer,
    trials: int,
    *,
    references: Mapping[str, Task] | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
    concurrency: int = 64,
    suffix: str = "",
    **settings: Any,
) -> Iterator[Label]:
    """Label every step without an answer by continuations of the policy alone; yield a label as its last one ends.

    A continuation that failed, or whose answer the grader can't decide on, is no trial; the next call tries the failed
    ones again.

    Args:
        run: The run to label.
        policy: The agent that continues, or the model that it is made of.
        trials: Number of continuations per step.
        references: Tasks by the id of their problem, to grade problems whose reference the log doesn't hold.
        limit: Maximum number of debates (default: all).
        progress: Counts to watch while it runs.
        concurrency: Maximum number of continuations in flight.
        suffix: End of the name of the job's folder, which keeps jobs of several agents apart.
        settings: Settings of the continuations' debates.

    Raises:
        UserError: if the policy can't be loaded, or answers can't be graded.

    """
    critic = AcceptingCritic(CRITIC)
    given: dict[str, Any] = {"rounds": ROUNDS, "veto": False, **settings}
    context = context_of("debate", policy, critic, [], given)
    source = Openings(run, open_steps, context, references or {}, limit=limit)
    out = run.path / f"continuations-{trials}{suffix}"
    job = generate(
        source, out=out, samples=trials, policy=policy, critic=critic, tools=[], begin=source.begin,
        progress=progress, concurrency=concurrency, retry_failed=True, **given,
    )  # fmt: skip
    name = policy if isinstance(policy, str) else policy.name
    for origin, debates in by_opening(job, out, trials):
        told = [debate.solved is True for debate in debates if _tells(debate)]
        if told:
            yield estimated(
                origin.trajectory, origin.node, Method.MONTE_CARLO, sum(told), len(told), by=name, at=time.time()
            )


def _tells(debate: Trajectory) -> bool:
    """Say whether a continuation ended by itself, with a grade or without an answer."""
    return debate.failure is None and (debate.solved is not None or debate.answer is None)
