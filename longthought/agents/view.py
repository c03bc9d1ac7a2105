"""What the agents may see of a debate, as plain data that a dialect turns into messages.

A view holds the problem, the accepted path, and then, as a suffix, what was tried from here and why it was rejected;
so two views that share a path can share its bytes. There is no reference anywhere in reach.
"""

from dataclasses import dataclass

from longthought.problems.problem import Problem
from longthought.trajectories.events import Author, Evidence
from longthought.trajectories.tree import Node, NodeKind, Standing, Tree


@dataclass(frozen=True, slots=True)
class TriedStep:
    """A step tried from here before, and why it was rejected."""

    text: str
    reason: str
    by: Author


@dataclass(frozen=True, slots=True)
class Remark:
    """What was said of the step in question: a doubt, a reflection on it, or why a verdict was unusable."""

    by: Author
    text: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """The newest step, which the critic judges or the policy re-examines."""

    node: int
    text: str
    answer: str | None
    evidence: tuple[Evidence, ...]
    observations: tuple[str, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A debate as seen from the cursor."""

    problem: Problem
    path: tuple[str, ...]
    """Accepted steps, first to last; reflections on them are not repeated."""
    path_nodes: tuple[int, ...]
    """The node of each step on the path."""
    attempts: tuple[TriedStep, ...]
    """What was tried from the end of the path, oldest first."""
    observations: tuple[str, ...] = ()
    """What tools printed at the last accepted step."""
    candidate: Candidate | None = None
    trajectory: str = ""
    """The debate's name: no agent is shown it, but servers keep a debate's prefix by it."""
    notice: str = ""
    """What whoever is asked should know of the debate itself, such as a budget that runs low."""

    def rejects(self, step: str) -> bool:
        """Say whether a step was tried from here before, in the same words."""
        words = step.split()
        return any(attempt.text.split() == words for attempt in self.attempts)


def view(tree: Tree, candidate: int | None = None, *, at: int | None = None, notice: str = "") -> View:
    """Return the view from a node, by default the cursor; with a candidate from its parent, the candidate apart."""
    here = tree.cursor if at is None else at
    shown = None
    if candidate is not None:
        node = tree.node(candidate)
        here = node.parent if node.parent is not None else 0
        shown = _candidate(tree, node)
    steps = [n for n in tree.path(here) if n.kind is NodeKind.STEP]
    return View(
        problem=tree.problem,
        path=tuple(n.text for n in steps),
        path_nodes=tuple(n.id for n in steps),
        attempts=tuple(
            TriedStep(n.text, n.reason, n.rejected_by or Author.CRITIC)
            for n in tree.rejected(here)
            if n.id != candidate
        ),
        observations=tuple(steps[-1].observations) if steps else (),
        candidate=shown,
        trajectory=tree.started.trajectory if tree.started else "",
        notice=notice,
    )


def _candidate(tree: Tree, node: Node) -> Candidate:
    remarks: list[Remark] = []
    reflections = [tree.nodes[c] for c in node.children if tree.nodes[c].kind is NodeKind.REFLECTION]
    for index, verdict in enumerate(node.verdicts):
        if node.standing is Standing.DOUBTED or index < len(reflections):
            remarks.append(Remark(Author.CRITIC, verdict.critique))
        if index < len(reflections):
            remarks.append(Remark(Author.POLICY, reflections[index].text))
    remarks += [Remark(Author.STRATEGY, failure) for failure in node.failures]
    return Candidate(node.id, node.text, node.answer, node.evidence, tuple(node.observations), tuple(remarks))
