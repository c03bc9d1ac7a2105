"""Debates that begin in the middle of another one: Monte-Carlo labels, and a critic's opinion of every step.

Both are jobs of `generate` whose debates open with the path to a node. For a Monte-Carlo label the policy goes on from
there alone, k times, and every answer is graded (Wang et al., "Math-Shepherd", 2024). For a pre-label a critic looks
at the step, as if it were new. The jobs have run folders of their own inside the labelled one, so they resume.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from longthought.agents import catalogue
from longthought.agents.agent import Proposer, Reply
from longthought.agents.dialect import Step
from longthought.agents.view import View
from longthought.api import context_of, generate
from longthought.errors import ConfigError
from longthought.graphs.context import Context, started
from longthought.jobs.progress import Progress
from longthought.problems.problem import Problem, Task
from longthought.tools.grade import reference_of
from longthought.training.data.labels import Label, Method
from longthought.training.data.outcomes import estimated, refuted
from longthought.trajectories.events import (
    Action,
    AnyEvent,
    Author,
    Cause,
    Checked,
    Judged,
    Moved,
    Observed,
    Parent,
    Proposed,
    Verdict,
)
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Kind, Node

ROUNDS: Final = 64
"""Proposals in a continuation at most, those of its opening included."""
SURE: Final = (0.2, 0.8)
"""A step whose opinions are all below the first, or all above the second, need not be looked at by a person."""


class Nodding:
    """A critic that accepts every step without a look, so that a policy goes on alone."""

    name = "nodding"

    def unsuitable(self, view: View) -> str | None:
        """Take any problem."""
        return None

    async def judge(self, view: View) -> Reply[Verdict]:
        """Accept."""
        done = view.candidate is not None and view.candidate.answer is not None
        return Reply(Verdict(action=Action.TERMINATE if done else Action.CONTINUE), ())

    async def aclose(self) -> None:
        """Hold nothing."""


class Nobody:
    """An empty policy's chair, for jobs in which only the critic is asked."""

    name = "nobody"

    def unsuitable(self, view: View) -> str | None:
        """Take any problem."""
        return None

    async def propose(self, view: View) -> Reply[Step]:
        """Never be asked."""
        raise AssertionError("nobody was asked for a step")

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Never be asked."""
        raise AssertionError("nobody was asked for steps")

    async def reflect(self, view: View) -> Reply[str]:
        """Never be asked: the job's rules allow no reflection."""
        raise AssertionError("nobody was asked for a reflection")

    async def aclose(self) -> None:
        """Hold nothing."""


@dataclass(frozen=True)
class Openings:
    """Tasks that go on from the nodes of a run's debates; iterate as often as you like."""

    run: Run
    wanted: Callable[[Trajectory], Iterable[int]]
    """Which nodes of a debate."""
    context: Context
    references: Mapping[str, Task] = field(default_factory=dict[str, Task])
    """Tasks by the id of their problem, for the references that no statement holds."""
    judged: bool = False
    """Whether the node's step waits for a verdict; otherwise it is accepted, and the policy goes on."""
    limit: int | None = None
    """Debates at most."""

    def __iter__(self) -> Iterator[Task]:
        """Yield a task for every wanted node."""
        for name in self.run.ids()[: self.limit]:
            trajectory = self.run.trajectory(name)
            reference = None
            for node in self.wanted(trajectory):
                if not self.judged:
                    reference = reference or expect_reference(trajectory.problem, self.references)
                problem = trajectory.problem.model_copy(update={"id": f"{name}@{node}"})
                yield Task(problem=problem, reference=reference)

    def begin(self, task: Task, sample: int) -> Sequence[AnyEvent]:
        """Return what a debate on one of the tasks begins with."""
        name, _, node = task.problem.id.rpartition("@")
        return opening(
            self.run.trajectory(name), int(node), task.problem, self.context, sample=sample, judged=self.judged
        )


def expect_reference(problem: Problem, references: Mapping[str, Task]) -> Any:
    """Return what answers to a problem are graded by.

    Raises:
        ConfigError: if nobody knows.

    """
    known = references.get(problem.id)
    reference = known.reference if known and known.reference else reference_of(problem, None)
    if reference is None:
        raise ConfigError(
            f"the log keeps no references, and the answers to {problem.id!r} can't be graded without: give "
            "--problems FILE, the problems that the run was made of"
        )
    return reference


def opening(
    trajectory: Trajectory, node: int, problem: Problem, context: Context, *, sample: int, judged: bool = False
) -> list[AnyEvent]:
    """Return the events by which a new debate stands at a node of another, with nothing rejected on the way.

    The path is proposed and accepted again, with what programs printed and tools found; it costs nothing. With
    `judged`, the last step is left to the critic.
    """
    first = started(problem, context, sample=sample)
    first = first.model_copy(update={"parent": Parent(trajectory=trajectory.id, node=node)})
    events: list[AnyEvent] = [first]
    path = [step for step in trajectory.tree.path(node) if step.kind is Kind.STEP]
    for number, step in enumerate(path, 1):
        for event in _retold(trajectory, step, number):
            events.append(event.model_copy(update={"trajectory": first.trajectory, "seq": len(events)}))
        if number < len(path) or not judged:
            events.append(
                Moved(
                    trajectory=first.trajectory, seq=len(events), by=Author.STRATEGY, at=first.at, to=number,
                    cause=Cause.SELECTED, accepted=(number,),
                )
            )  # fmt: skip
    return events


def _retold(trajectory: Trajectory, step: Node, number: int) -> Iterator[AnyEvent]:
    """Yield what was said of a step before it was judged, under its new number; nothing is paid for twice."""
    proposed = False
    for event in trajectory.events:
        if isinstance(event, Proposed) and event.node == step.id and not proposed:
            proposed = True
            yield event.model_copy(
                update={"node": number, "parent": number - 1, "sources": (), "trajectories": (), "calls": ()}
            )
        elif isinstance(event, Observed | Checked) and event.node == step.id:
            yield event.model_copy(update={"node": number, "calls": ()})


# The two jobs.


def monte_carlo(
    run: Run,
    policy: str | Proposer,
    k: int,
    *,
    references: Mapping[str, Task] | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
    concurrency: int = 64,
    **settings: Any,
) -> Iterator[Label]:
    """Label every step without an answer by k continuations of the policy alone; the label comes as the last one ends.

    Raises:
        UserError: if the policy can't be had, or answers can't be graded.

    """
    given: dict[str, Any] = {"rounds": ROUNDS, "veto": False, **settings}
    context = context_of("debate", policy, Nodding(), [], given)
    source = Openings(run, open_steps, context, references or {}, limit=limit)
    out = run.path / f"continuations-{k}"
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
) -> Iterator[Label]:
    """Pre-label every step by k opinions of a critic; those that it isn't sure of are doubtful.

    Raises:
        UserError: if the critic can't be had.

    """
    judge = catalogue.critic(critic, base_url=base_url, dialect=dialect, temperature=temperature)
    nobody, given = Nobody(), {"rounds": 1, "reflections": 0, "veto": False}
    source = Openings(run, all_steps, context_of("debate", nobody, judge, [], given), judged=True, limit=limit)
    out = run.path / f"opinions-{k}"
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


def open_steps(trajectory: Trajectory) -> Iterator[int]:
    """Yield the steps that a debate can go on from; not those that a tool refuted."""
    return (node.id for node in trajectory.steps if node.answer is None and not refuted(node))


def all_steps(trajectory: Trajectory) -> Iterator[int]:
    """Yield every step."""
    return (node.id for node in trajectory.steps)


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
