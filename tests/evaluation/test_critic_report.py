"""The report on a critic, by hand on a log written by hand, and its words against the tools."""

import random
from collections.abc import AsyncIterator

import pytest

from longthought.evaluation.critic_report import Criticism, counted_share, criticism
from longthought.evaluation.grades import AnswerGrades
from longthought.evaluation.reasons import ReasonCheck, contradictions
from longthought.problems.countdown import game, lookahead
from longthought.problems.countdown.lookahead import holds
from longthought.problems.problem import AnswerReference, CountdownReference, Task
from longthought.tools.algebra import Algebra
from longthought.trajectories.events import (
    Action,
    Cause,
    Checked,
    Evidence,
    EvidenceStatus,
    Failed,
    Failure,
    Finished,
    Judged,
    Moved,
    Proposed,
    StopReason,
)
from longthought.trajectories.trajectory import Trajectory
from tests.fakes.logs import CRITIC, POLICY, STRATEGY, TOOL, Log, call

BACK, ON, END = Action.BACKTRACK, Action.CONTINUE, Action.TERMINATE
RIGHT, WRONG = "(20 - 3) * 2", "(20 * 2) - 3"


def erring_debate() -> Log:
    """A debate on 20, 3, 2 → 34: (20 - 3) * 2. It errs once in each way."""
    log = Log("Use 20, 3 and 2, each once, to make 34.", id="g")

    def step(node: int, parent: int, text: str, answer: str | None = None) -> None:
        log.add(Proposed, POLICY, node=node, parent=parent, text=text, answer=answer, calls=(call(text, 9, 9),))
        log.add(Checked, TOOL, node=node)

    def judge(node: int, action: Action, score: float, target: int | None = None, words: str = "") -> None:
        log.judge(node, action, score, words, target)

    def move(to: int, cause: Cause, **nodes: tuple[int, ...]) -> None:
        log.add(Moved, CRITIC, to=to, cause=cause, **nodes)

    step(1, 0, "20 - 3 = 17 left 17 2")  # sound, and given up
    judge(1, BACK, 0.2, 0, "need 34 have 19 15 34 found")  # its own words say otherwise, but each of them holds
    move(0, Cause.REJECTED, abandoned=(1,))
    log.add(Failed, POLICY, failure=Failure.REPEATED_STEP, detail="again", calls=(call("20 - 3", 9, 9),) * 2)
    step(2, 0, "20 * 2 = 40 left 40 3")  # lost, and gone on from
    judge(2, ON, 0.7, words="need 34 have 43 38 found")  # 38 is wrong
    move(2, Cause.ACCEPTED, accepted=(2,))
    step(3, 2, "40 - 3 = 37 left 37", WRONG)  # lost; back to the right place, the problem
    judge(3, BACK, 0.1, 0, "need 34 have 37 none")
    move(0, Cause.REJECTED, abandoned=(2, 3))
    step(4, 0, "20 + 3 = 23 left 23 2")  # lost
    judge(4, BACK, 0.3)
    move(0, Cause.REJECTED, abandoned=(4,))
    step(5, 0, "3 * 2 = 6 left 20 6")  # lost
    judge(5, BACK, 0.0)
    move(0, Cause.REJECTED, abandoned=(5,))
    step(6, 0, "20 - 3 = 17 left 17 2")
    judge(6, ON, 0.9)
    move(6, Cause.ACCEPTED, accepted=(6,))
    step(7, 6, "17 * 2 = 34 left 34", RIGHT)
    judge(7, END, 1.0)
    move(7, Cause.ACCEPTED, accepted=(7,))
    log.add(Finished, CRITIC, reason=StopReason.ANSWERED, node=7, answer=RIGHT)
    return log


async def report(*logs: Log) -> Criticism:
    async def debates() -> AsyncIterator[tuple[Task, Trajectory]]:
        for log in logs:
            debate = Trajectory(log.name, log)
            puzzle = game.Puzzle.read(debate.problem.statement)
            reference = (
                CountdownReference(numbers=puzzle.numbers, target=puzzle.target)
                if puzzle
                else AnswerReference(answer="4")
            )
            yield Task(problem=debate.problem, reference=reference), debate

    return await criticism(debates(), AnswerGrades(), [Algebra()])


async def test_a_debate_by_hand() -> None:
    found = await report(erring_debate())
    assert found.labels == {"solver": 7}
    assert found.judged == 7
    # sound: 1 (0.2), 6 (0.9), 7 (1.0); lost: 2 (0.7), 3 (0.1), 4 (0.3), 5 (0.0)
    assert found.auroc == pytest.approx((2 + 4 + 4) / 12)
    assert found.calibration is not None
    errors = [(0.2 - 1) ** 2, (0.9 - 1) ** 2, 0.0, 0.7**2, 0.1**2, 0.3**2, 0.0]
    assert found.calibration.brier == pytest.approx(sum(errors) / 7)
    # steps back: 1 (undue), 3, 4, 5
    assert found.precision == counted_share(3, 4)
    assert found.recall == counted_share(3, 4)
    assert found.given_up == counted_share(1, 3)
    assert found.right_target == counted_share(3, 3)
    # paths that ended: 1 named 0 where nothing is wrong; 2-3, 4 and 5 named rightly; 6-7 accepted and right
    assert (found.first_errors.wrong, found.first_errors.found) == (3, 3)
    assert (found.first_errors.right, found.first_errors.spared) == (2, 1)
    assert found.wrong_to_right == counted_share(1, 1)
    assert found.right_to_wrong == counted_share(0, 0)
    assert str(found.right_to_wrong) == "none"
    # asked after a rejection: again (not obeyed), 2, 4, 5, 6; replies: 7 proposals and 2 repeated
    assert found.obeyed == counted_share(4, 5)
    assert found.asked_again == counted_share(1, 9)
    assert found.repeated == counted_share(1, 8)
    assert found.refuted == counted_share(0, 8)
    assert (found.words.verdicts, found.words.checked, found.words.false_claims) == (3, 3, 1)
    # 18 tokens a proposal, 55 a verdict
    verdicts = {"verdicts to backtrack": 4 * 55, "verdicts to continue": 2 * 55, "verdicts to terminate": 55}
    assert found.tokens == {**verdicts, "steps": 7 * 18, "replies of no use": 2 * 18}


async def test_an_answer_given_up_for_nothing_is_a_flip_to_wrong() -> None:
    log = Log("Use 20, 3 and 2, each once, to make 34.", id="h")
    log.add(Proposed, POLICY, node=1, parent=0, text="20 - 3 = 17 left 17 2")
    log.judge(1, ON, 0.9)
    log.add(Moved, CRITIC, to=1, cause=Cause.ACCEPTED, accepted=(1,))
    log.add(Proposed, POLICY, node=2, parent=1, text="17 * 2 = 34 left 34", answer=RIGHT)
    log.judge(2, BACK, 0.1, target=0)
    log.add(Finished, STRATEGY, reason=StopReason.TOKENS)
    unjudged = Log("Use 20, 3 and 2, each once, to make 34.", id="i")
    unjudged.add(Proposed, POLICY, node=1, parent=0, text="20 - 3 = 17 left 17 2", answer=RIGHT)
    unjudged.add(Finished, STRATEGY, reason=StopReason.TOKENS)  # the critic never saw it
    found = await report(log, unjudged)
    assert found.right_to_wrong == counted_share(1, 1)
    assert (found.first_errors.right, found.first_errors.spared, found.first_errors.flagged) == (1, 0, 1)
    assert found.auroc is None  # nothing is lost here
    assert found.first_errors.f1() is None


async def test_in_words_the_grade_of_an_answer_counts_and_not_that_its_sums_hold() -> None:
    log = Log("What is 2 + 2?", id="w")
    for node, (said, answer, action) in enumerate((("2 + 3 = 5", "5", BACK), ("2 + 2 = 4", "4", END)), 1):
        log.add(Proposed, POLICY, node=node, parent=0, text=said, answer=answer)
        log.add(Checked, TOOL, node=node, evidence=(evidence(CONFIRMED, said),))
        log.judge(node, action, 0.1 if action is BACK else 0.9, target=0 if action is BACK else None)
        if action is BACK:
            log.add(Moved, CRITIC, to=0, cause=Cause.REJECTED, abandoned=(node,))
    log.add(Finished, CRITIC, reason=StopReason.ANSWERED, node=2, answer="4")
    found = await report(log)
    assert found.labels == {"grades": 2}
    assert (found.precision, found.recall) == (counted_share(1, 1), counted_share(1, 1))
    assert found.given_up == counted_share(0, 1)
    assert found.right_target == counted_share(1, 1)
    assert found.auroc == 1
    assert (found.first_errors.wrong, found.first_errors.found, found.first_errors.spared) == (1, 1, 1)


async def test_where_an_error_began_is_unknown_below_steps_in_words_that_nobody_graded() -> None:
    log = Log("What is 2 + 2?", id="w")
    log.add(Proposed, POLICY, node=1, parent=0, text="I take 2 + 3.")
    log.judge(1, ON, 0.9)
    log.add(Moved, CRITIC, to=1, cause=Cause.ACCEPTED, accepted=(1,))
    log.add(Proposed, POLICY, node=2, parent=1, text="2 + 3 = 5", answer="5")
    log.judge(2, BACK, 0.1, target=0)
    log.add(Moved, CRITIC, to=0, cause=Cause.REJECTED, abandoned=(1, 2))
    log.add(Finished, STRATEGY, reason=StopReason.TOKENS)
    found = await report(log)
    assert found.labels == {"grades": 1}
    assert found.precision == counted_share(1, 1)
    assert found.right_target == counted_share(0, 0)
    assert (found.first_errors.wrong, found.first_errors.right) == (0, 0)


def evidence(status: EvidenceStatus, claim: str) -> Evidence:
    return Evidence(tool="algebra", status=status, claim=claim)


CONFIRMED, REFUTED = EvidenceStatus.CONFIRMED, EvidenceStatus.REFUTED


def sums(*found: Evidence, action: Action = BACK, words: str = "") -> tuple[Log, Judged]:
    log = Log("What is 2 + 2?", id="s")
    log.add(Proposed, POLICY, node=1, parent=0, text="I know that 12 * 13 = 156, and 2 + 2 = 5.", answer="5")
    log.add(Checked, TOOL, node=1, evidence=found)
    log.judge(1, action, 0.5, words)
    event = log[-1]
    assert isinstance(event, Judged)
    return log, event


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "The step says 2 + 2 = 5, which is wrong.",
            ReasonCheck(verdicts=1),
        ),  # a quote, and nothing confirmed about it
        ("No: 2 + 2 = 4.", ReasonCheck(verdicts=1, checked=1)),
        ("I compute 2 + 2 = 3.", ReasonCheck(verdicts=1, checked=1, false_claims=1, unsupported=1)),
        ("12 * 13 = 156 is wrong.", ReasonCheck(verdicts=1, checked=1, denials=1, unsupported=1)),
        ("12 * 13 = 156 is right. The rest is an error.", ReasonCheck(verdicts=1, checked=1)),
        ("I don't like it.", ReasonCheck(verdicts=1)),
        ("", ReasonCheck()),
    ],
)
async def test_words_against_the_tools(words: str, expected: ReasonCheck) -> None:
    log, event = sums(evidence(CONFIRMED, "12 * 13 = 156"), words=words)
    assert await contradictions(Trajectory(log.name, log), event, [Algebra()]) == expected


async def test_accepting_what_a_tool_refuted_is_counted() -> None:
    log, event = sums(evidence(REFUTED, "2 + 2 = 5"), action=END, words="Fine.")
    found = await contradictions(Trajectory(log.name, log), event, [])
    assert (found.ignored, found.unsupported) == (1, 0)


def test_look_aheads_of_a_perfect_critic_hold_and_those_with_one_number_changed_do_not() -> None:
    rng = random.Random(0)
    seen = 0
    for puzzle in game.generate(count=60, numbers=3, split="validation", seed=2):
        for state in (puzzle.numbers, puzzle.numbers[:2], puzzle.numbers[:1]):
            said = lookahead.verdict(tuple(sorted(state, reverse=True)), puzzle.target, 0)
            if said is None:
                continue
            words = said.rpartition(" backtrack")[0] or said.rpartition(" ")[0]
            assert holds(words, state, puzzle.target) is True
            numbers = [i for i, word in enumerate(words.split()) if word.isdecimal()]
            changed = words.split()
            at = rng.choice(numbers)
            changed[at] = str(int(changed[at]) + 1)
            assert holds(" ".join(changed), state, puzzle.target) is False
            seen += 1
    assert seen > 100
    assert holds("wrong", (3, 4), 7) is None
    assert holds("need 7 have 7 1 12 blank none", (3, 4), 7) is False  # 7 is what was needed
    assert holds("need 7 have 7 found and more", (3, 4), 7) is None
