"""Debates that begin in the middle of another one: the events they open with, and how a job of them is read.

An opening is an ordinary log, and a debate continues from it as from any other. Other modules decide which nodes
debates begin at.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from longthought.domains.grade import reference_of
from longthought.errors import ConfigError
from longthought.graphs.context import Context, started
from longthought.graphs.subdebates import retold
from longthought.labels.evidence import refuted
from longthought.problems.problem import Problem, Task
from longthought.trajectories.events import AnyEvent, Checked, Observed, Parent, Proposed
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Node, NodeKind


@dataclass(frozen=True)
class Openings:
    """Tasks that begin at nodes of a run's debates; they can be iterated over any number of times."""

    run: Run
    wanted: Callable[[Trajectory], Iterable[int]]
    """Returns the nodes of a debate at which tasks begin."""
    context: Context
    references: Mapping[str, Task] = field(default_factory=dict[str, Task])
    """Tasks by the id of their problem, for references that the statement doesn't hold."""
    judged: bool = False
    """Whether the step of the node awaits a verdict; otherwise it is accepted, and the policy continues."""
    limit: int | None = None
    """Maximum number of debates; None for all."""

    def __iter__(self) -> Iterator[Task]:
        """Yield a task for every wanted node."""
        for name in self.run.ids()[: self.limit]:
            trajectory = self.run.trajectory(name)
            problem = trajectory.problem
            task = Task(problem=problem) if self.judged else gradable(problem, self.references)
            for node in self.wanted(trajectory):
                yield task.model_copy(update={"problem": problem.model_copy(update={"id": f"{name}@{node}"})})

    def begin(self, task: Task, sample: int) -> Sequence[AnyEvent]:
        """Return the events that a debate on one of the tasks begins with."""
        name, _, node = task.problem.id.rpartition("@")
        return opening(
            self.run.trajectory(name), int(node), task.problem, self.context, sample=sample, judged=self.judged
        )


def gradable(problem: Problem, references: Mapping[str, Task]) -> Task:
    """Return the task of a problem with its reference.

    Raises:
        ConfigError: if the problem has no reference.
        ProblemError: if the problem's domain can't be imported.

    """
    task = references.get(problem.id)
    if task is not None and task.reference is not None:
        return Task(problem=problem, reference=task.reference)
    reference = reference_of(problem, None)
    if reference is None:
        raise ConfigError(
            f"the log keeps no references, and the answers to {problem.id!r} can't be graded without them; "
            "give `problems`, the file that the run was made of"
        )
    return Task(problem=problem, reference=reference)


def opening(
    trajectory: Trajectory, node: int, problem: Problem, context: Context, *, sample: int, judged: bool = False
) -> list[AnyEvent]:
    """Return the events that place a new debate at a node of another one, without the steps rejected on the way.

    The steps of the path are proposed and accepted again, with the output of programs and the evidence of tools, at no
    cost. With `judged`, the verdict on the last step is left to the critic.
    """
    first = started(problem, context, sample=sample)
    first = first.model_copy(update={"parent": Parent(trajectory=trajectory.id, node=node)})
    path = [step for step in trajectory.tree.path(node) if step.kind is NodeKind.STEP]
    events = retold(first, [_events_of(trajectory, step) for step in path])
    return events[:-1] if judged and path else events


def _events_of(trajectory: Trajectory, step: Node) -> Iterator[Proposed | Observed | Checked]:
    """Yield the first proposal of a step, and the outputs and evidence about it."""
    proposed = False
    for event in trajectory.events:
        if isinstance(event, Proposed) and event.node == step.id and not proposed:
            proposed = True
            yield event
        elif isinstance(event, Observed | Checked) and event.node == step.id:
            yield event


def open_steps(trajectory: Trajectory) -> Iterator[int]:
    """Yield the steps that a debate can continue from: judgeable ones without an answer."""
    return (number for number in judgeable_steps(trajectory) if trajectory.tree.nodes[number].answer is None)


def judgeable_steps(trajectory: Trajectory) -> Iterator[int]:
    """Yield the steps that are worth an opinion: not refuted by a tool, and not below a refuted one."""
    wrong = refuted(trajectory.tree)
    return (node.id for node in trajectory.steps if node.id not in wrong)


def by_opening(
    job: Generator[Trajectory, None, None], out: Path, samples: int
) -> Iterator[tuple[Parent, Sequence[Trajectory]]]:
    """Yield the debates that a job plays from each node, with that node, when the last of them has ended.

    Nodes whose debates all ended in an earlier run of the job come at the end.
    """
    waiting: defaultdict[str, list[Trajectory]] = defaultdict(list)
    yielded = set[str]()
    for trajectory in job:
        waiting[trajectory.problem.id].append(trajectory)
        if len(ended := waiting[trajectory.problem.id]) == samples:
            yielded.add(trajectory.problem.id)
            del waiting[trajectory.problem.id]
            yield _origin(ended[0]), ended
    folder = Run(out)
    ends = Counter(name.rpartition("#")[0] for name in folder.finished_ids())
    for name, count in ends.items():
        if name not in yielded and count == samples:
            ended = [folder.trajectory(f"{name}#{sample}") for sample in range(samples)]
            yield _origin(ended[0]), ended


def _origin(trajectory: Trajectory) -> Parent:
    first = trajectory.tree.started
    assert first is not None
    assert first.parent is not None
    return first.parent
