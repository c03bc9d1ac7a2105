"""What a critic's verdicts are worth, compared with labels of the steps that don't come from it.

The report tells whether scores rank steps and are probabilities, whether steps back are due and go to the right node,
how answers change in a debate, whether the policy obeys, and whether the tools contradict the critic's words.
"""

from collections import Counter
from collections.abc import AsyncIterable, Mapping, Sequence
from dataclasses import dataclass, field

from longthought.evaluation.grades import AnswerGrades
from longthought.evaluation.reasons import ReasonCheck, contradictions
from longthought.labels.evidence import StepFacts, graded_facts, solver_facts
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


class CountedShare(Record):
    """A share with its 95 % Wilson interval; all fields are zero if there was nothing to count."""

    hits: int
    of: int
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Write it as percentages."""
        return str(Share(self.hits, self.of, self.value, self.low, self.high)) if self.of else "none"


def counted_share(hits: int, of: int) -> CountedShare:
    """Return the share of hits; zero with no interval if there was nothing to count."""
    if not of:
        return CountedShare(hits=0, of=0, value=0.0, low=0.0, high=0.0)
    return CountedShare(**share(hits, of)._asdict())


class Criticism(Record):
    """The report on one critic."""

    labels: dict[str, int]
    """Number of verdicts on labelled steps, by the source of the label: the solver, or grades and refutations."""
    judged: int
    """Number of all verdicts."""
    auroc: float | None
    """AUROC of the score, on whether the path can still succeed; None without scores on both sides."""
    calibration: Calibration | None
    first_errors: FirstErrors
    """Whether verdicts that ended a path named the first step after which it could no longer succeed, if known."""
    precision: CountedShare
    """Share of lost steps among those that it went back from."""
    recall: CountedShare
    """Share of the lost steps judged that it went back from."""
    given_up: CountedShare
    """Share of the sound steps judged that it went back from."""
    right_target: CountedShare
    """Share of its steps back from a lost step that went to the deepest node that could still succeed."""
    wrong_to_right: CountedShare
    """Share of debates with a right final answer, among those whose first judged answer was wrong."""
    right_to_wrong: CountedShare
    """Share of debates without a right final answer, among those whose first judged answer was right."""
    obeyed: CountedShare
    """Share of new steps among the proposals made at a node where a step had been rejected."""
    asked_again: CountedShare
    """Share of the policy's replies that were unreadable or repeated a rejected step."""
    repeated: CountedShare
    """Share of all proposals that had already been rejected at the same node."""
    refuted: CountedShare
    """Share of all proposals that the tools refuted before the critic saw them."""
    words: ReasonCheck
    """Whether the tools contradict its words."""
    tokens: dict[str, float]
    """Mean tokens per debate without cached prompts, by use: steps, replies of no use, each kind of verdict."""


@dataclass(slots=True)
class Counts:
    """Counts over the events of all debates."""

    verdicts: int = 0
    labels: dict[str, int] = field(default_factory=dict[str, int])
    scores: list[tuple[float, bool]] = field(default_factory=list[tuple[float, bool]])
    actions: list[tuple[bool, bool]] = field(default_factory=list[tuple[bool, bool]])
    """(sound, accepted) of each verdict on a labelled step, except those that ask for a reflection."""
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
    words: ReasonCheck = field(default_factory=ReasonCheck)
    debates: int = 0
    tokens: Counter[str] = field(default_factory=Counter[str])

    def pay(self, event: AnyEvent) -> None:
        """Add the tokens of an event, without cached ones, to their use."""
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
        """Compare a verdict with the label of its step, if there is one."""
        self.verdicts += 1
        node, verdict = tree.node(event.node), event.verdict
        truth = sound.get(node.id)
        if truth is None:
            return
        if verdict.score is not None:
            self.scores.append((verdict.score, truth))
        if verdict.action is Action.REFLECT:
            return
        self.actions.append((truth, verdict.action.accepts))
        if verdict.action is Action.BACKTRACK:
            target = verdict.target if verdict.target is not None else node.parent or 0
            above = [step.id for step in _steps(tree, node)[:-1]]
            if not truth and all(step in sound for step in above):
                self.back.append(target == next((step for step in reversed(above) if sound[step]), 0))
            self._first_error(tree, node, sound, _named(tree, node, target))
        elif node.answer is not None:
            self._first_error(tree, node, sound, None)

    def _first_error(self, tree: Tree, node: Node, sound: Mapping[int, bool], named: int | None) -> None:
        """Compare the index that a verdict named with that of the first lost step of the path, if it is known."""
        for index, step in enumerate(_steps(tree, node)):
            known = sound.get(step.id)
            if known is False:
                self.firsts.append((index, named))
                return
            if known is None and not sound[node.id]:
                return
        self.firsts.append((None, named))


async def criticism(
    debates: AsyncIterable[tuple[Task, Trajectory]], grades: AnswerGrades, verifiers: Sequence[Verifier] = ()
) -> Criticism:
    """Report on the critic of some debates.

    Args:
        debates: Finished debates with their tasks.
        grades: Grades the answers given along the way.
        verifiers: The tools that check the critic's words.

    """
    counts = Counts()
    async for task, debate in debates:
        tree, facts = debate.tree, await _facts(task, debate, grades)
        before = len(counts.actions)
        rejected: set[int] = set()
        """Nodes at which a step has been rejected so far."""
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
        await _flip(counts, task, debate, grades)
    return _report(counts)


async def _facts(task: Task, debate: Trajectory, grades: AnswerGrades) -> StepFacts:
    """Return what is known of the steps of a debate; answers are graded if the solver doesn't know them."""
    if (known := solver_facts(debate)) is not None:
        return known
    if task.reference is None:
        return graded_facts(debate, {})
    graded = {n.id: await grades.of(task, n.answer) for n in debate.tree.nodes if n.answer is not None}
    return graded_facts(debate, {node: right for node, right in graded.items() if right is not None})


async def _flip(counts: Counts, task: Task, debate: Trajectory, grades: AnswerGrades) -> None:
    """Count whether the first judged answer was right, and whether the final one is."""
    judged = (debate.tree.node(e.node).answer for e in debate.events if isinstance(e, Judged))
    first = next((answer for answer in judged if answer is not None), None)
    if first is None or task.reference is None:
        return
    before, after = await grades.of(task, first), await grades.of(task, debate.answer)
    if before is not None and after is not None:
        counts.flips.append((before, after))


def _report(counts: Counts) -> Criticism:
    sound, lost = ([s for s, truth in counts.scores if truth is wanted] for wanted in (True, False))
    back = [truth for truth, accepted in counts.actions if not accepted]
    wrong, right = ([after for before, after in counts.flips if before is wanted] for wanted in (False, True))
    return Criticism(
        labels={source: count for source, count in counts.labels.items() if count},
        judged=counts.verdicts,
        auroc=auroc(sound, lost) if sound and lost else None,
        calibration=calibration([s for s, _ in counts.scores], [truth for _, truth in counts.scores])
        if counts.scores
        else None,
        first_errors=first_errors(counts.firsts),
        precision=counted_share(back.count(False), len(back)),
        recall=counted_share(back.count(False), sum(not truth for truth, _ in counts.actions)),
        given_up=counted_share(back.count(True), sum(truth for truth, _ in counts.actions)),
        right_target=counted_share(sum(counts.back), len(counts.back)),
        wrong_to_right=counted_share(sum(wrong), len(wrong)),
        right_to_wrong=counted_share(right.count(False), len(right)),
        obeyed=counted_share(counts.heeded, counts.warned),
        asked_again=counted_share(counts.again, counts.replies),
        repeated=counted_share(counts.repeated, counts.proposals),
        refuted=counted_share(counts.refuted, counts.proposals),
        words=counts.words,
        tokens={use: spent / counts.debates for use, spent in counts.tokens.most_common() if spent},
    )


def _steps(tree: Tree, node: Node) -> list[Node]:
    """Return the steps on the path to a node, the node's own included."""
    return [above for above in tree.path(node.id) if above.kind is NodeKind.STEP]


def _named(tree: Tree, node: Node, target: int) -> int:
    """Return the index on the path of the first step that going back to the target leaves."""
    numbers = [step.id for step in _steps(tree, node)]
    return numbers.index(target) + 1 if target in numbers else 0
