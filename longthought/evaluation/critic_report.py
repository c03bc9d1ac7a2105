"""What a critic's verdicts are worth, held against what is known of the steps without it.

Its scores (are they right, are they probabilities), its steps back (are they due, do they go where they should), what
becomes of answers under its eyes, whether it is obeyed, and whether its words stand up to the tools.
"""

from collections import Counter
from collections.abc import AsyncIterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from longthought.evaluation.grades import Marks
from longthought.evaluation.reasons import ReasonCheck, contradictions
from longthought.labels.evidence import step_facts
from longthought.problems.problem import Task
from longthought.record import Record
from longthought.statistics import Calibration, FirstErrors, Share, auroc, calibration, first_errors, share
from longthought.tools.verifier import Verifier
from longthought.trajectories.events import (
    Action,
    AnyEvent,
    Author,
    Cause,
    Failed,
    Failure,
    Judged,
    Moved,
    Proposed,
)
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Node, NodeKind, Tree

HOPEFUL: Final = (Action.CONTINUE, Action.TERMINATE)


class Part(Record):
    """A share with its 95 % Wilson interval; all zero of nothing."""

    hits: int
    of: int
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Write it as percentages."""
        return str(Share(self.hits, self.of, self.value, self.low, self.high)) if self.of else "none"


def part(hits: int, of: int) -> Part:
    """Return a share."""
    return Part(**share(hits, of)._asdict()) if of else Part(hits=0, of=0, value=0.0, low=0.0, high=0.0)


class Criticism(Record):
    """The report on one critic."""

    labels: dict[str, int]
    """Verdicts whose step is known, by who knows: the exact solver or the tools."""
    judged: int
    """Verdicts in all."""
    auroc: float | None
    """Of the score, on whether the path can still succeed; None without scores on both sides."""
    calibration: Calibration | None
    first_errors: FirstErrors
    """Every path that a verdict ended: did it name the first step after which nothing could succeed any more?"""
    precision: Part
    """Of the steps it went back from, those that were lost."""
    recall: Part
    """Of the lost steps it judged, those it went back from."""
    given_up: Part
    """Of the sound steps it judged, those it went back from."""
    right_target: Part
    """Of its steps back from a lost step, those to the deepest node that could still succeed."""
    wrong_to_right: Part
    """Of the debates in which the first answer judged was wrong, those that ended right."""
    right_to_wrong: Part
    """Of the debates in which the first answer judged was right, those that ended otherwise."""
    obeyed: Part
    """Of the proposals made where something had been rejected, those that were something else."""
    asked_again: Part
    """Of the policy's replies, those of no use: unreadable, or said before."""
    repeated: Part
    """Of all proposals, those already rejected at the same node."""
    refuted: Part
    """Of all proposals, those that the tools refuted before the critic saw them."""
    words: ReasonCheck
    """Whether what it says stands up to the tools."""
    tokens: dict[str, float]
    """Tokens a debate, cached prompts left out, by use: steps, replies of no use, each kind of verdict."""


@dataclass(slots=True)
class Counts:
    """What is counted on the way."""

    verdicts: int = 0
    labels: dict[str, int] = field(default_factory=dict[str, int])
    scores: list[tuple[float, bool]] = field(default_factory=list[tuple[float, bool]])
    actions: list[tuple[bool, bool]] = field(default_factory=list[tuple[bool, bool]])
    """(sound, hopeful) of each labelled verdict that decided something."""
    back: list[bool] = field(default_factory=list[bool])
    firsts: list[tuple[int | None, int | None]] = field(default_factory=list[tuple[int | None, int | None]])
    flips: list[tuple[bool, bool]] = field(default_factory=list[tuple[bool, bool]])
    replies: int = 0
    again: int = 0
    warned: int = 0
    heeded: int = 0
    proposals: int = 0
    repeated: int = 0
    refuted: int = 0
    words: ReasonCheck = field(default_factory=lambda: ReasonCheck())
    debates: int = 0
    tokens: Counter[str] = field(default_factory=Counter[str])

    def pay(self, event: AnyEvent) -> None:
        """Count the tokens of an event."""
        *before, last = [call.usage.computed for call in event.calls] or [0]
        match event:
            case Judged():
                self.tokens[f"verdicts to {event.verdict.action}"] += sum(before) + last
            case Proposed():
                self.tokens["steps"] += last
                self.tokens["replies of no use"] += sum(before)
            case Failed():
                self.tokens["replies of no use"] += sum(before) + last
            case _:
                self.tokens[event.kind] += sum(before) + last

    def verdict(self, tree: Tree, event: Judged, sound: Mapping[int, bool]) -> None:
        """Hold a verdict against what is known of its step."""
        self.verdicts += 1
        node, verdict = tree.node(event.node), event.verdict
        truth = sound.get(node.id)
        if truth is None:
            return
        if verdict.score is not None:
            self.scores.append((verdict.score, truth))
        if verdict.action is Action.REFLECT:
            return
        self.actions.append((truth, verdict.action in HOPEFUL))
        if verdict.action is Action.BACKTRACK:
            to = verdict.target if verdict.target is not None else node.parent or 0
            if not truth:
                self.back.append(to == _deepest_sound(tree, node, sound))
            self.firsts.append((_first_error(tree, node, sound), _named(tree, node, to)))
        elif node.answer is not None:
            self.firsts.append((_first_error(tree, node, sound), None))


async def criticism(
    debates: AsyncIterable[tuple[Task, Trajectory]], marks: Marks, verifiers: Sequence[Verifier] = ()
) -> Criticism:
    """Report on the critic of some debates.

    Args:
        debates: Finished ones, with their problems.
        marks: Who grades the answers given along the way.
        verifiers: The tools that look into the critic's words.

    """
    counts = Counts()
    async for task, debate in debates:
        tree, facts = debate.tree, step_facts(debate)
        before = len(counts.actions)
        rejected: set[int] = set()
        """Nodes from which something was rejected so far."""
        counts.debates += 1
        for event in debate.events:
            counts.pay(event)
            if event.by is Author.POLICY and event.calls:
                counts.replies += len(event.calls)
                counts.again += len(event.calls) - 1
            match event:
                case Judged(by=Author.CRITIC | Author.POLICY):
                    counts.verdict(tree, event, facts.sound)
                    counts.words += await contradictions(debate, event, verifiers)
                case Proposed(by=Author.POLICY, parent=parent):
                    counts.proposals += 1
                    counts.warned += parent in rejected
                    counts.heeded += parent in rejected
                case Failed(failure=Failure.REPEATED_STEP):
                    counts.proposals += 1
                    counts.repeated += 1
                    counts.warned += 1
                case Moved(cause=Cause.VETOED):
                    counts.refuted += 1
                    rejected.add(event.to)
                case Moved(cause=Cause.REJECTED):
                    rejected.add(event.to)
                case _:
                    pass
        counts.labels[facts.source] = counts.labels.get(facts.source, 0) + len(counts.actions) - before
        await _flip(counts, task, debate, marks)
    return _report(counts)


async def _flip(counts: Counts, task: Task, debate: Trajectory, marks: Marks) -> None:
    """Compare the first answer that was judged with how the debate ended."""
    judged = (debate.tree.node(e.node).answer for e in debate.events if isinstance(e, Judged))
    first = next((answer for answer in judged if answer is not None), None)
    if first is None or task.reference is None:
        return
    before, after = await marks.of(task, first), await marks.of(task, debate.answer)
    if before is not None and after is not None:
        counts.flips.append((before, after))


def _report(counts: Counts) -> Criticism:
    sound, lost = ([s for s, truth in counts.scores if truth is wanted] for wanted in (True, False))
    back = [truth for truth, hopeful in counts.actions if not hopeful]
    wrong, right = ([after for before, after in counts.flips if before is wanted] for wanted in (False, True))
    return Criticism(
        labels={who: count for who, count in counts.labels.items() if count},
        judged=counts.verdicts,
        auroc=auroc(sound, lost) if sound and lost else None,
        calibration=calibration([s for s, _ in counts.scores], [truth for _, truth in counts.scores])
        if counts.scores
        else None,
        first_errors=first_errors(counts.firsts),
        precision=part(back.count(False), len(back)),
        recall=part(back.count(False), sum(not truth for truth, _ in counts.actions)),
        given_up=part(back.count(True), sum(truth for truth, _ in counts.actions)),
        right_target=part(sum(counts.back), len(counts.back)),
        wrong_to_right=part(sum(wrong), len(wrong)),
        right_to_wrong=part(right.count(False), len(right)),
        obeyed=part(counts.heeded, counts.warned),
        asked_again=part(counts.again, counts.replies),
        repeated=part(counts.repeated, counts.proposals),
        refuted=part(counts.refuted, counts.proposals),
        words=counts.words,
        tokens={use: spent / counts.debates for use, spent in counts.tokens.most_common() if spent},
    )


def _steps(tree: Tree, node: Node) -> list[Node]:
    """Return the steps from the first down to a node."""
    return [above for above in tree.path(node.id) if above.kind is NodeKind.STEP]


def _deepest_sound(tree: Tree, node: Node, sound: Mapping[int, bool]) -> int:
    above = _steps(tree, node)[:-1]
    return next((step.id for step in reversed(above) if sound.get(step.id)), 0)


def _first_error(tree: Tree, node: Node, sound: Mapping[int, bool]) -> int | None:
    """Return how many steps down the path the first lost one stands; None if there is none."""
    return next((index for index, step in enumerate(_steps(tree, node)) if sound.get(step.id) is False), None)


def _named(tree: Tree, node: Node, to: int) -> int:
    """Return how many steps down the path the first one stands that a step back leaves."""
    numbers = [step.id for step in _steps(tree, node)]
    return numbers.index(to) + 1 if to in numbers else 0
