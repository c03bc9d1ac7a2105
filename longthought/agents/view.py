"""What agents see of a debate, as plain data that a dialect turns into messages.

A view holds the problem, the accepted path and, as a suffix, the steps tried from there and why they were rejected; so
two views of the same path can share its bytes. A view gives no access to the reference answer.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from longthought.agents.wording import words
from longthought.domains.conventions import conventions
from longthought.problems.problem import Problem
from longthought.problems.worked import Worked, examples_for
from longthought.trajectories.events import Action, Author, Evidence, EvidenceStatus
from longthought.trajectories.tree import Node, NodeKind, Standing, Tree

PYTHON: Final = "python"
"""The name of the tool that runs the Python of a step."""


@dataclass(frozen=True, slots=True)
class TriedStep:
    """A step or a draft that was tried from the end of the path, and why it was rejected."""

    text: str
    reason: str
    by: Author
    node: int | None = None
    """The node of its first step."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark on the candidate: a doubt, a reflection, or why a verdict was unusable."""

    by: Author
    text: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """The newest step, for the critic to judge or the policy to re-examine."""

    node: int
    text: str
    answer: str | None
    evidence: tuple[Evidence, ...]
    observations: tuple[str, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A debate as seen from one node, usually the cursor."""

    problem: Problem
    path: tuple[str, ...]
    """Accepted steps, first to last, without the reflections on them."""
    path_nodes: tuple[int, ...]
    """The node of each step on the path."""
    attempts: tuple[TriedStep, ...]
    """Rejected steps and drafts that were tried from the end of the path, oldest first; none if each is written
    afresh."""
    observations: tuple[str, ...] = ()
    """Output of tools at the last accepted step."""
    candidate: Candidate | None = None
    trajectory: str = ""
    """The debate's name: agents never see it, but requests of one debate go to the same server."""
    actions: tuple[Action, ...] = tuple(Action)
    """The actions that are legal on the candidate."""
    draft: int | None = 1
    """Maximum number of steps that the policy may write in one reply; None for a whole solution."""
    uncut: bool = False
    """Whether the notice asks for something else than steps, so that the reply is one text."""
    runs_code: bool = False
    """Whether a step may compute in Python, because a tool runs it."""
    unjudged: int = 0
    """How many steps at the end of the path are, like the candidate, new and not judged yet."""
    reply: str = ""
    """The reply that ends with the candidate, as the policy wrote it."""
    confirmed: int = 0
    """How many claims in that reply the tools confirmed."""
    before: "View | None" = None
    """What the policy saw when it wrote that reply, if the reply has earlier steps than the candidate."""
    whole: bool = False
    """Whether the policy writes whole solutions, each without a look at the others."""
    program: bool = False
    """Whether those solutions are programs."""
    found: tuple[str, ...] = ()
    """The results that tools came to by themselves in this debate, so far, whatever step they checked."""
    examples: tuple[Worked, ...] = ()
    """Worked solutions of other problems, which are shown before the problem."""
    notice: str = ""
    """A notice to the agent about the debate itself, such as a budget that runs low."""

    @property
    def answers(self) -> bool:
        """Whether the candidate gives a final answer."""
        return self.candidate is not None and self.candidate.answer is not None

    @property
    def targets(self) -> tuple[int, ...]:
        """The nodes that a verdict may return to: the problem and those steps of the path that may stay."""
        stays = len(self.path_nodes) - (self.unjudged if self.whole else 0)
        return (0, *self.path_nodes[:stays])

    @property
    def asked(self) -> "View":
        """What the policy saw when it wrote the reply that ends with the candidate."""
        return self.before or replace(self, candidate=None, unjudged=0, reply="", notice="")

    def repeated(self, steps: Sequence[str]) -> TriedStep | None:
        """Return the rejected attempt that a proposal says again, whole and in the same words; None without one.

        Args:
            steps: The first step of the proposal and those after it, if it is a draft.

        """
        beginnings = set(itertools.accumulate(words(step) for step in steps))
        return next((attempt for attempt in self.attempts if words(attempt.text) in beginnings), None)


def view(
    tree: Tree,
    candidate: int | None = None,
    *,
    at: int | None = None,
    actions: tuple[Action, ...] = tuple(Action),
    notice: str = "",
) -> View:
    """Return the view from node `at`, by default the cursor; with a candidate, from the candidate's parent.

    Raises:
        ProblemError: if the file of worked solutions that the debate was started with can't be read.

    """
    node = tree.node(candidate) if candidate is not None else None
    origin = (node.parent or 0) if node else tree.cursor if at is None else at
    steps = [n for n in tree.path(origin) if n.kind is NodeKind.STEP]
    reply = _reply([*steps, node]) if node else []
    config = tree.started.config if tree.started else {}
    afresh: bool = config.get("afresh", False)
    return View(
        problem=tree.problem,
        path=tuple(n.text for n in steps),
        path_nodes=tuple(n.id for n in steps),
        attempts=tuple(
            TriedStep("\n\n".join(_left_together(tree, n)), n.reason, n.rejected_by or Author.CRITIC, n.id)
            for n in (() if afresh else tree.rejected(origin))
            if n.id != candidate
        ),
        observations=tuple(steps[-1].observations) if steps else (),
        candidate=_candidate(tree, node) if node else None,
        trajectory=tree.started.trajectory if tree.started else "",
        actions=actions,
        draft=config.get("draft", 1),
        runs_code=PYTHON in config.get("tools", ()) and conventions(tree.problem).computes,
        unjudged=sum(n.standing is Standing.OPEN for n in steps) if node else 0,
        reply=_written(reply),
        confirmed=sum(e.status is EvidenceStatus.CONFIRMED for n in reply for e in n.evidence),
        before=view(tree, at=reply[0].parent) if len(reply) > 1 else None,
        whole=afresh or "attempts" in config,  # the setting of sampling
        program=config.get("dialect") == "program",
        found=tuple(tree.found),
        examples=_examples(config, tree.problem) if "draft" in config else (),  # sampling shows them as it likes
        notice=notice,
    )


def _reply(path: list[Node]) -> list[Node]:
    """Return the steps at the end of a path that stood in one reply."""
    first = len(path) - 1
    while path[first].drafted and first:
        first -= 1
    return path[first:]


def _written(steps: Sequence[Node]) -> str:
    """Return what the policy wrote of these steps of one reply, without what was dropped after them."""
    if not steps:
        return ""
    wrote, last = steps[0].reply, steps[-1].text
    at = wrote.rfind(last)
    return wrote[: at + len(last)] if at >= 0 else "\n\n".join(step.text for step in steps)


def _examples(config: Mapping[str, Any], problem: Problem) -> tuple[Worked, ...]:
    file: str | None = config.get("few_shot")
    return examples_for(Path(file), problem.statement) if file else ()


def _left_together(tree: Tree, first: Node) -> Iterator[str]:
    """Yield the text of a rejected step, and of those after it in the same draft that were left with it."""
    node: Node | None = first
    while node is not None:
        yield node.text
        node = tree.left_with(node)


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
