"""Debates that begin in the middle of another one: what they open with, and who sits in an empty chair.

An opening is an ordinary log; the rules of the debate go on from it as from any. What for is not said here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from longthought.agents.agent import Reply
from longthought.agents.dialects.dialect import Step
from longthought.agents.view import View
from longthought.errors import ConfigError
from longthought.graphs.context import Context, started
from longthought.graphs.subdebates import retold
from longthought.labels.outcomes import refuted
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import CountdownReference, Problem, Task
from longthought.trajectories.events import (
    Action,
    AnyEvent,
    Checked,
    Observed,
    Parent,
    Proposed,
    Verdict,
)
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Node, NodeKind


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
            task = Task(problem=trajectory.problem)
            if not self.judged:
                task = gradable(trajectory.problem, self.references)
            for node in self.wanted(trajectory):
                problem = trajectory.problem.model_copy(update={"id": f"{name}@{node}"})
                yield task.model_copy(update={"problem": problem})

    def begin(self, task: Task, sample: int) -> Sequence[AnyEvent]:
        """Return what a debate on one of the tasks begins with."""
        name, _, node = task.problem.id.rpartition("@")
        return opening(
            self.run.trajectory(name), int(node), task.problem, self.context, sample=sample, judged=self.judged
        )


def gradable(problem: Problem, references: Mapping[str, Task]) -> Task:
    """Return a problem with what its answers are graded by.

    Raises:
        ConfigError: if nobody knows.

    """
    known = references.get(problem.id)
    if known is not None and known.reference is not None:
        return Task(problem=problem, reference=known.reference)
    puzzle = Puzzle.read(problem.statement)
    if puzzle is None or puzzle.target < 1:
        raise ConfigError(
            f"the log keeps no references, and the answers to {problem.id!r} can't be graded without: give "
            "`problems`, the file that the run was made of"
        )
    return Task(problem=problem, reference=CountdownReference(numbers=puzzle.numbers, target=puzzle.target))


def opening(
    trajectory: Trajectory, node: int, problem: Problem, context: Context, *, sample: int, judged: bool = False
) -> list[AnyEvent]:
    """Return the events by which a new debate stands at a node of another, with nothing rejected on the way.

    The path is proposed and accepted again, with what programs printed and tools found; it costs nothing. With
    `judged`, the last step is left to the critic.
    """
    first = started(problem, context, sample=sample)
    first = first.model_copy(update={"parent": Parent(trajectory=trajectory.id, node=node)})
    path = [step for step in trajectory.tree.path(node) if step.kind is NodeKind.STEP]
    events = retold(first, [_said(trajectory, step) for step in path])
    return events[:-1] if judged and path else events


def _said(trajectory: Trajectory, step: Node) -> Iterator[Proposed | Observed | Checked]:
    """Yield a step as it was first proposed, and what was said of it before it was judged."""
    proposed = False
    for event in trajectory.events:
        if isinstance(event, Proposed) and event.node == step.id and not proposed:
            proposed = True
            yield event
        elif isinstance(event, Observed | Checked) and event.node == step.id:
            yield event


def open_steps(trajectory: Trajectory) -> Iterator[int]:
    """Yield the steps that a debate can go on from; not those that a tool refuted, nor any below."""
    return (number for number in judgeable_steps(trajectory) if trajectory.tree.nodes[number].answer is None)


def judgeable_steps(trajectory: Trajectory) -> Iterator[int]:
    """Yield the steps that are worth an opinion: not those that a tool refuted, nor any below."""
    wrong = refuted(trajectory.tree)
    return (node.id for node in trajectory.steps if node.id not in wrong)
