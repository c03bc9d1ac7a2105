"""The rules of the debate, row by row; then, over random debates, what must hold whatever anyone says."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longthought.agents.view import view
from longthought.errors import ConfigError
from longthought.graphs import rules
from longthought.graphs.rules import DebateContext, Turn
from longthought.trajectories.events import (
    EVENT,
    Action,
    AnyEvent,
    Author,
    Call,
    Cause,
    Checked,
    Evidence,
    EvidenceStatus,
    Failed,
    Failure,
    Finished,
    Graded,
    Judged,
    Moved,
    Observed,
    Proposed,
    Reflected,
    StopReason,
    Usage,
    Verdict,
)
from longthought.trajectories.tree import BACKWARD, NodeKind, Standing, Tree
from tests.fakes.logs import GrowingLog

RULES = DebateContext()
REFUTED, CONFIRMED = EvidenceStatus.REFUTED, EvidenceStatus.CONFIRMED
ABSTAINED, UNAVAILABLE = EvidenceStatus.ABSTAINED, EvidenceStatus.UNAVAILABLE


class Table:
    """A debate under way: its events, its tree, and short names for what may happen."""

    def __init__(self, limits: DebateContext = RULES) -> None:
        self.rules = limits
        self.events = GrowingLog("What is 2 + 3 + 4?")
        self.tree = self.events.tree
        self.add = self.events.add

    @property
    def turn(self) -> Turn:
        return rules.turn(self.tree, self.rules)

    def propose(self, answer: str | None = None, text: str = "", **fields: Any) -> int:
        node = len(self.tree.nodes)
        text = text or f"step {node}"
        self.add(Proposed, Author.POLICY, node=node, parent=self.tree.cursor, text=text, answer=answer, **fields)
        return node

    def check(self, *statuses: EvidenceStatus, seconds: float = 0.0) -> None:
        found = tuple(
            Evidence(tool="algebra", status=status, claim="2 + 3 = 6", detail="it is 5", seconds=seconds)
            for status in statuses
        )
        self.add(Checked, Author.TOOL, node=self.newest, evidence=found)

    def judge(self, action: Action, target: int | None = None, **fields: Any) -> None:
        verdict = Verdict(action=action, target=target, critique=f"because of {action}")
        self.add(Judged, Author.CRITIC, node=self.newest, verdict=verdict, **fields)

    def fail_to_judge(self, failure: Failure = Failure.UNREADABLE_VERDICT, **fields: Any) -> None:
        self.add(Failed, Author.CRITIC, failure=failure, detail="no verdict in it", node=self.newest, **fields)

    def fail_to_propose(self, failure: Failure = Failure.UNREADABLE_STEP, **fields: Any) -> None:
        self.add(Failed, Author.POLICY, failure=failure, detail="no step in it", **fields)

    def reflect(self, **fields: Any) -> None:
        node = len(self.tree.nodes)
        self.add(Reflected, Author.POLICY, node=node, parent=self.newest, text="on second thoughts", **fields)

    def act(self) -> AnyEvent:
        assert self.turn is Turn.ACT
        event = rules.act(self.tree, self.rules, at=1_000.0 + len(self.events))
        self.events.append(event)
        return event

    def accept_step(self) -> int:
        node = self.propose()
        self.check()
        self.judge(Action.CONTINUE)
        self.act()
        return node

    def reject_step(self) -> int:
        node = self.propose()
        self.check()
        self.judge(Action.BACKTRACK)
        self.act()
        return node

    @property
    def newest(self) -> int:
        return max(n.id for n in self.tree.nodes if n.kind is NodeKind.STEP)

    @property
    def standings(self) -> str:
        return " ".join(f"{n.id}{n.standing[:2]}" for n in self.tree.nodes[1:])


def third_step(limits: DebateContext = RULES, answer: str | None = None) -> Table:
    """Return a debate with steps 1 and 2 accepted and step 3 checked."""
    table = Table(limits)
    table.accept_step()
    table.accept_step()
    table.propose(answer)
    table.check()
    return table


# The table of actions.


@pytest.mark.parametrize(
    ("action", "target", "standings", "cursor", "cause", "following"),
    [
        (Action.CONTINUE, None, "1ac 2ac 3ac", 3, Cause.ACCEPTED, Turn.PROPOSE),
        (Action.BACKTRACK, None, "1ac 2ac 3ab", 2, Cause.REJECTED, Turn.PROPOSE),
        (Action.BACKTRACK, 2, "1ac 2ac 3ab", 2, Cause.REJECTED, Turn.PROPOSE),
        (Action.BACKTRACK, 1, "1ac 2ab 3ab", 1, Cause.REJECTED, Turn.PROPOSE),
        (Action.BACKTRACK, 0, "1ab 2ab 3ab", 0, Cause.REJECTED, Turn.PROPOSE),
        (Action.REFLECT, None, "1ac 2ac 3do", 2, Cause.DOUBTED, Turn.REFLECT),
    ],
)
def test_what_follows_from_a_verdict(
    action: Action, target: int | None, standings: str, cursor: int, cause: Cause, following: Turn
) -> None:
    table = third_step()
    assert table.turn is Turn.JUDGE
    assert rules.illegal(table.tree, table.rules, Verdict(action=action, target=target)) is None
    table.judge(action, target)
    moved = table.act()
    assert isinstance(moved, Moved)
    assert (moved.cause, moved.by) == (cause, Author.CRITIC)
    assert (table.standings, table.tree.cursor, table.turn) == (standings, cursor, following)
    left = [n for n in table.tree.nodes if n.standing is Standing.ABANDONED]
    assert {n.reason for n in left} <= {f"because of {action}"}
    assert {n.rejected_by for n in left} <= {Author.CRITIC}


def test_terminate_accepts_the_answer_and_ends() -> None:
    table = third_step(answer="9")
    table.judge(Action.TERMINATE)
    table.act()
    assert (table.standings, table.tree.cursor) == ("1ac 2ac 3ac", 3)
    end = table.act()
    assert isinstance(end, Finished)
    assert (end.reason, end.node, end.answer, end.by) == (StopReason.ANSWERED, 3, "9", Author.CRITIC)
    assert table.turn is Turn.END


def test_terminate_without_an_answer_gives_up() -> None:
    table = third_step(DebateContext(rounds=3))
    table.judge(Action.TERMINATE)
    end = table.act()
    assert isinstance(end, Finished)
    assert (end.reason, end.node, end.answer) == (StopReason.GAVE_UP, None, None)
    assert table.turn is Turn.END


@pytest.mark.parametrize(
    ("action", "target", "answer", "limits", "fault"),
    [
        (Action.CONTINUE, None, None, RULES, None),
        (Action.CONTINUE, None, "9", RULES, "the step carries a final answer"),
        (Action.TERMINATE, None, "9", RULES, None),
        (Action.TERMINATE, None, None, RULES, "no final answer, and there is something left to try"),
        (Action.TERMINATE, None, None, DebateContext(rounds=3), None),
        (Action.TERMINATE, None, None, DebateContext(rounds=4), "no final answer"),
        (Action.BACKTRACK, None, "9", RULES, None),
        (Action.BACKTRACK, 0, None, RULES, None),
        (Action.BACKTRACK, 1, None, RULES, None),
        (Action.BACKTRACK, 2, None, RULES, None),
        (Action.BACKTRACK, 3, None, RULES, "node 3 is not an accepted step on the path; choose one of 0, 1, 2"),
        (Action.BACKTRACK, 4, None, RULES, "node 4 is not an accepted step"),
        (Action.BACKTRACK, -1, None, RULES, "node -1 is not an accepted step"),
        (Action.REFLECT, None, None, RULES, None),
        (Action.REFLECT, None, "9", RULES, None),
        (Action.REFLECT, None, None, DebateContext(reflections=0), "reflected on 0 times"),
    ],
)
def test_which_verdicts_are_legal(
    action: Action, target: int | None, answer: str | None, limits: DebateContext, fault: str | None
) -> None:
    table = third_step(limits, answer)
    found = rules.illegal(table.tree, table.rules, Verdict(action=action, target=target))
    assert found is None if fault is None else fault in (found or "")


def test_neither_an_abandoned_step_nor_a_reflection_is_a_target() -> None:
    table = Table()
    table.accept_step()
    table.reject_step()
    table.propose()
    table.check()
    table.judge(Action.REFLECT)
    table.act()
    table.reflect()
    table.judge(Action.CONTINUE)
    table.act()
    assert table.standings == "1ac 2ab 3ac 4ac"
    table.propose()
    table.check()
    for target, legal in ((0, True), (1, True), (2, False), (3, True), (4, False), (5, False)):
        fault = rules.illegal(table.tree, table.rules, Verdict(action=Action.BACKTRACK, target=target))
        assert (fault is None) is legal, (target, fault)


def test_nobody_can_judge_when_there_is_no_step() -> None:
    assert rules.illegal(Table().tree, RULES, Verdict(action=Action.CONTINUE)) == "there is no step to judge"


# Vetoes.


@pytest.mark.parametrize(
    ("veto", "statuses", "vetoed"),
    [
        (True, (REFUTED,), True),
        (True, (CONFIRMED, ABSTAINED, REFUTED), True),
        (True, (CONFIRMED, ABSTAINED, UNAVAILABLE), False),
        (True, (), False),
        (False, (REFUTED,), False),
    ],
)
def test_only_refuted_evidence_vetoes(veto: bool, statuses: tuple[EvidenceStatus, ...], vetoed: bool) -> None:
    table = Table(DebateContext(veto=veto))
    table.accept_step()
    table.propose("9")
    table.check(*statuses)
    assert table.turn is (Turn.ACT if vetoed else Turn.JUDGE)
    if vetoed:
        moved = table.act()
        assert isinstance(moved, Moved)
        assert (moved.cause, moved.by, moved.abandoned, moved.to) == (Cause.VETOED, Author.TOOL, (2,), 1)
        assert moved.reason == "algebra: it is 5"
        assert (table.standings, table.turn) == ("1ac 2ab", Turn.PROPOSE)


# Reflections.


def test_a_reflection_is_judged_and_only_so_many_are_allowed() -> None:
    table = third_step(DebateContext(reflections=2))
    again = Verdict(action=Action.REFLECT)
    for node in (4, 5):
        assert rules.illegal(table.tree, table.rules, again) is None
        table.judge(Action.REFLECT)
        table.act()
        assert table.turn is Turn.REFLECT
        table.reflect()
        assert (table.turn, table.tree.nodes[node].kind) == (Turn.JUDGE, NodeKind.REFLECTION)
    assert rules.illegal(table.tree, table.rules, again) == "the step has been reflected on 2 times already"
    assert rules.candidate(table.tree) is table.tree.nodes[3]
    table.judge(Action.CONTINUE)
    table.act()
    assert table.standings == "1ac 2ac 3ac 4ac 5ac"
    assert [n.id for n in table.tree.path()] == [1, 2, 3]


def test_a_step_is_left_together_with_the_reflections_on_it() -> None:
    table = third_step()
    table.judge(Action.REFLECT)
    table.act()
    table.reflect()
    table.judge(Action.CONTINUE)
    table.act()
    table.propose()
    table.check()
    table.judge(Action.BACKTRACK, 1)
    table.act()
    assert table.standings == "1ac 2ab 3ab 4ab 5ab"
    assert [n.id for n in table.tree.rejected(1)] == [2]


def test_an_unreadable_reflection_is_asked_for_again_until_patience_ends() -> None:
    table = third_step()
    table.judge(Action.REFLECT)
    table.act()
    for _ in range(table.rules.patience - 1):
        table.add(Failed, Author.POLICY, failure=Failure.UNREADABLE_STEP, detail="empty", node=3)
        assert table.turn is Turn.REFLECT
    table.add(Failed, Author.POLICY, failure=Failure.UNREADABLE_STEP, detail="empty", node=3)
    moved = table.act()
    assert isinstance(moved, Moved)
    assert (moved.cause, moved.abandoned, moved.to) == (Cause.EXHAUSTED, (3,), 2)


# Patience.


@pytest.mark.parametrize("failure", [Failure.UNREADABLE_STEP, Failure.REPEATED_STEP])
def test_a_node_from_which_nothing_new_comes_is_left(failure: Failure) -> None:
    table = Table(DebateContext(patience=2))
    table.accept_step()
    table.accept_step()
    table.fail_to_propose(failure)
    assert table.turn is Turn.PROPOSE
    table.fail_to_propose(failure)
    moved = table.act()
    assert isinstance(moved, Moved)
    assert (moved.cause, moved.by, moved.abandoned, moved.to) == (Cause.EXHAUSTED, Author.STRATEGY, (2,), 1)
    assert (table.standings, table.turn) == ("1ac 2ab", Turn.PROPOSE)
    assert table.tree.nodes[2].reason


def test_at_the_problem_the_debate_is_stuck() -> None:
    table = Table(DebateContext(patience=2))
    table.fail_to_propose()
    table.fail_to_propose()
    end = table.act()
    assert isinstance(end, Finished)
    assert (end.reason, table.turn) == (StopReason.STUCK, Turn.END)


def test_patience_counts_failures_in_a_row_at_one_node() -> None:
    table = Table(DebateContext(patience=2))
    table.fail_to_propose()
    table.accept_step()  # something new from the problem
    table.fail_to_propose()  # the first at node 1
    assert table.turn is Turn.PROPOSE
    table.fail_to_propose()
    table.act()
    assert table.tree.cursor == 0
    table.fail_to_propose()  # the first at the problem since its new step
    assert table.turn is Turn.PROPOSE
    table.fail_to_propose()
    end = table.act()
    assert isinstance(end, Finished)
    assert end.reason is StopReason.STUCK


@pytest.mark.parametrize("failure", [Failure.UNREADABLE_VERDICT, Failure.ILLEGAL_VERDICT])
def test_unusable_verdicts_cost_rounds_and_then_the_step(failure: Failure) -> None:
    table = third_step()
    for spent in (1, 2):
        table.fail_to_judge(failure)
        assert (table.turn, table.tree.rounds) == (Turn.JUDGE, 3 + spent)
    table.fail_to_judge(failure)
    moved = table.act()
    assert isinstance(moved, Moved)
    assert (moved.cause, moved.by, moved.abandoned, moved.to) == (Cause.EXHAUSTED, Author.STRATEGY, (3,), 2)
    assert moved.reason == "no usable verdict: no verdict in it"
    assert (table.tree.rounds, table.turn) == (6, Turn.PROPOSE)


def test_a_usable_verdict_restores_patience() -> None:
    table = third_step()
    table.fail_to_judge()
    table.fail_to_judge()
    table.judge(Action.REFLECT)
    table.act()
    table.fail_to_propose(node=3)
    table.fail_to_propose(node=3)
    assert table.turn is Turn.REFLECT
    table.reflect()
    table.fail_to_judge()
    table.fail_to_judge()
    assert table.turn is Turn.JUDGE
    table.judge(Action.CONTINUE)
    table.act()
    table.fail_to_propose()  # the verdicts on step 3 don't count against proposals from it
    table.fail_to_propose()
    assert table.turn is Turn.PROPOSE


def test_a_repeated_step_is_one_rejected_from_the_same_node_in_the_same_words() -> None:
    table = Table()
    table.reject_step()
    again = view(table.tree).repeated([" step   1\n"])
    assert again is not None
    assert again.node == 1
    assert view(table.tree).repeated(["step 2"]) is None
    table.accept_step()
    assert view(table.tree).repeated(["step 1"]) is None  # rejected from the problem, not from here


# Budgets. Each case spends one budget exactly; a limit one higher leaves room.


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"rounds": 2}, StopReason.ROUNDS),
        ({"tokens": 200}, StopReason.TOKENS),
        ({"computed": 140}, StopReason.TOKENS),
        ({"seconds": 10.0}, StopReason.SECONDS),
    ],
)
def test_a_spent_budget_ends_the_debate_before_the_next_call(limits: dict[str, Any], reason: StopReason) -> None:
    for extra, ended in ((0, True), (1, False)):
        table = Table(DebateContext(**{name: value + extra for name, value in limits.items()}))
        for _ in range(2):
            table.propose(calls=(spend(40, 10, 2.0, cached=30),))
            table.check(CONFIRMED, seconds=1.0)
            table.judge(Action.CONTINUE, calls=(spend(45, 5, 2.0),))
            table.act()
        assert table.turn is (Turn.ACT if ended else Turn.PROPOSE)
        if ended:
            end = table.act()
            assert isinstance(end, Finished)
            assert (end.reason, end.by, end.answer, table.turn) == (reason, Author.STRATEGY, None, Turn.END)


@pytest.mark.parametrize("limits", [DebateContext(tokens=100), DebateContext(seconds=4)])
def test_tokens_and_seconds_also_end_it_before_a_verdict_or_a_reflection(limits: DebateContext) -> None:
    before_verdict = Table(limits)
    before_verdict.propose(calls=(spend(90, 10, 4.0),))
    assert before_verdict.turn is Turn.CHECK  # tools ask no model
    before_verdict.check()
    before_reflection = Table(limits)
    before_reflection.propose(calls=(spend(40, 10, 2.0),))
    before_reflection.check()
    before_reflection.judge(Action.REFLECT, calls=(spend(40, 10, 2.0),))
    before_reflection.act()
    after_reflection = Table(limits)
    after_reflection.propose()
    after_reflection.check()
    after_reflection.judge(Action.REFLECT)
    after_reflection.act()
    after_reflection.reflect(calls=(spend(90, 10, 4.0),))
    for table in (before_verdict, before_reflection, after_reflection):
        end = table.act()
        assert isinstance(end, Finished)
        assert end.reason in (StopReason.TOKENS, StopReason.SECONDS)


def test_a_verdict_already_paid_for_still_counts() -> None:
    table = Table(DebateContext(tokens=100))
    table.propose("9")
    table.check()
    table.judge(Action.TERMINATE, calls=(spend(90, 10, 0.0),))
    table.act()
    end = table.act()
    assert isinstance(end, Finished)
    assert (end.reason, end.answer) == (StopReason.ANSWERED, "9")


def test_the_last_round_is_still_judged() -> None:
    table = Table(DebateContext(rounds=1))
    table.propose("9")
    assert table.turn is Turn.CHECK
    table.check()
    assert table.turn is Turn.JUDGE
    table.fail_to_judge()
    end = table.act()
    assert isinstance(end, Finished)
    assert end.reason is StopReason.ROUNDS


def test_so_many_backtracks_are_allowed_and_the_next_one_ends_it() -> None:
    table = Table(DebateContext(backtracks=2))
    table.accept_step()
    table.reject_step()
    table.propose()
    table.check(REFUTED)
    table.act()  # a veto leaves a step behind too
    assert (table.tree.backtracks, table.turn) == (2, Turn.PROPOSE)  # what was gone back for can be tried
    table.accept_step()
    table.propose()
    table.check()
    table.judge(Action.BACKTRACK, 0)
    end = table.act()
    assert isinstance(end, Finished)
    assert (end.reason, end.by, table.tree.backtracks) == (StopReason.BACKTRACKS, Author.STRATEGY, 2)


@pytest.mark.parametrize(("target", "over"), [(2, False), (1, False), (0, True)])
def test_a_debate_about_a_step_ends_when_it_is_sent_back_behind_it(target: int, over: bool) -> None:
    table = third_step(DebateContext(within=1))
    table.judge(Action.BACKTRACK, target)
    table.act()
    assert table.turn is (Turn.ACT if over else Turn.PROPOSE)
    if over:
        end = table.act()
        assert isinstance(end, Finished)
        assert (end.reason, end.answer) == (StopReason.GAVE_UP, None)


@pytest.mark.parametrize("cause", sorted(BACKWARD))
def test_no_backtracks_at_all(cause: Cause) -> None:
    table = Table(DebateContext(backtracks=0, patience=1))
    table.accept_step()
    if cause is Cause.EXHAUSTED:
        table.fail_to_propose()
    else:
        table.propose()
        table.check(*([REFUTED] if cause is Cause.VETOED else []))
        if cause is Cause.REJECTED:
            table.judge(Action.BACKTRACK)
    end = table.act()
    assert isinstance(end, Finished)
    assert end.reason is StopReason.BACKTRACKS


@pytest.mark.parametrize(
    "wrong",
    [
        {"rounds": 0},
        {"tokens": 0},
        {"computed": 0},
        {"seconds": 0},
        {"backtracks": -1},
        {"reflections": -1},
        {"patience": 0},
    ],
)
def test_senseless_rules_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=f"`{next(iter(wrong))}` must be "):
        DebateContext(**wrong)  # pyright: ignore[reportArgumentType]


# Whose turn it is, from every last event.


def events_of_every_kind() -> dict[str, tuple[Table, Turn]]:
    found: dict[str, tuple[Table, Turn]] = {"started": (Table(), Turn.PROPOSE)}

    def case(name: str, turn: Turn, kind: type[Any], by: Author, **fields: Any) -> None:
        table = third_step()
        table.add(kind, by, **fields)
        found[name] = (table, turn)

    ok = Verdict(action=Action.CONTINUE)
    case("proposed", Turn.CHECK, Proposed, Author.POLICY, node=4, parent=2, text="another")
    case("observed", Turn.CHECK, Observed, Author.POLICY, node=3, tool="python", output="5")
    case("checked", Turn.JUDGE, Checked, Author.TOOL, node=3)
    case("judged", Turn.ACT, Judged, Author.CRITIC, node=3, verdict=ok)
    case("reflected", Turn.JUDGE, Reflected, Author.POLICY, node=4, parent=3, text="hm")
    case("accepted", Turn.PROPOSE, Moved, Author.CRITIC, to=3, cause=Cause.ACCEPTED, accepted=(3,))
    case("doubted", Turn.REFLECT, Moved, Author.CRITIC, to=2, cause=Cause.DOUBTED, doubted=(3,))
    for cause in (Cause.REJECTED, Cause.VETOED, Cause.EXHAUSTED, Cause.EDITED):
        case(cause, Turn.PROPOSE, Moved, Author.CRITIC, to=2, cause=cause, abandoned=(3,))
    no_step, no_verdict = Failure.UNREADABLE_STEP, Failure.UNREADABLE_VERDICT
    case("no step", Turn.PROPOSE, Failed, Author.POLICY, failure=no_step, detail="d")
    case("no verdict", Turn.JUDGE, Failed, Author.CRITIC, failure=no_verdict, detail="d", node=3)
    case("no reflection", Turn.REFLECT, Failed, Author.POLICY, failure=no_step, detail="d", node=3)
    case("fatal", Turn.ACT, Failed, Author.POLICY, failure=Failure.MODEL, detail="d", fatal=True)
    case("fatal at a step", Turn.ACT, Failed, Author.CRITIC, failure=Failure.MODEL, detail="d", node=3, fatal=True)
    case("finished", Turn.END, Finished, Author.STRATEGY, reason=StopReason.STUCK)
    graded = third_step()
    graded.add(Finished, Author.STRATEGY, reason=StopReason.STUCK)
    graded.add(Graded, Author.GRADER, solved=False)
    found["graded"] = (graded, Turn.END)
    return found


TURNS = events_of_every_kind()


@pytest.mark.parametrize("name", TURNS)
def test_whose_turn_it_is(name: str) -> None:
    table, turn = TURNS[name]
    assert table.turn is turn


def test_a_fatal_failure_ends_the_debate_as_failed() -> None:
    for name in ("fatal", "fatal at a step"):
        table = events_of_every_kind()[name][0]
        end = table.act()
        assert isinstance(end, Finished)
        assert (end.reason, table.turn) == (StopReason.FAILED, Turn.END)


# What a person may do: the rules go on from there.


def test_a_person_can_accept_a_final_answer() -> None:
    table = third_step(answer="9")
    table.add(Moved, Author.HUMAN, to=3, cause=Cause.EDITED, accepted=(3,))
    end = table.act()
    assert isinstance(end, Finished)
    assert (end.reason, end.answer, end.by) == (StopReason.ANSWERED, "9", Author.HUMAN)


def test_a_person_can_doubt_an_accepted_step() -> None:
    table = third_step()
    table.add(Moved, Author.HUMAN, to=0, cause=Cause.DOUBTED, doubted=(1,), abandoned=(2, 3), reason="really?")
    assert table.turn is Turn.REFLECT
    assert rules.candidate(table.tree) is table.tree.nodes[1]
    table.add(Reflected, Author.POLICY, node=4, parent=1, text="yes")
    assert table.turn is Turn.JUDGE
    table.add(Judged, Author.CRITIC, node=1, verdict=Verdict(action=Action.CONTINUE))
    table.act()
    assert (table.standings, table.tree.cursor) == ("1ac 2ab 3ab 4ac", 1)


def test_a_person_can_judge_any_step_on_the_path() -> None:
    table = third_step()
    table.judge(Action.CONTINUE)
    table.act()
    table.add(Judged, Author.HUMAN, node=2, verdict=Verdict(action=Action.BACKTRACK, target=1, critique="no"))
    moved = table.act()
    assert isinstance(moved, Moved)
    assert (moved.to, moved.by, moved.abandoned) == (1, Author.HUMAN, (2,))


def test_an_illegal_target_of_a_person_is_recorded_and_the_critic_asked() -> None:
    table = third_step()
    table.add(Judged, Author.HUMAN, node=3, verdict=Verdict(action=Action.BACKTRACK, target=7))
    failed = table.act()
    assert isinstance(failed, Failed)
    assert (failed.failure, failed.by, failed.node) == (Failure.ILLEGAL_VERDICT, Author.HUMAN, 3)
    assert table.turn is Turn.JUDGE


def test_what_a_person_only_steps_back_from_may_be_proposed_again() -> None:
    table = Table()
    table.accept_step()
    table.add(Moved, Author.HUMAN, to=0, cause=Cause.EDITED)
    assert view(table.tree).repeated(["step 1"]) is None


# Whatever anyone says.


def spend(prompt: int, completion: int, latency: float, cached: int = 0) -> Call:
    usage = Usage(prompt=prompt, cached=cached, completion=completion)
    return Call(model="fake:model", text="", usage=usage, latency=latency)


limits = st.builds(
    DebateContext,
    rounds=st.integers(1, 12),
    backtracks=st.none() | st.integers(0, 4),
    tokens=st.none() | st.integers(1, 1000),
    computed=st.none() | st.integers(1, 1000),
    seconds=st.none() | st.integers(1, 40).map(float),
    reflections=st.integers(0, 2),
    veto=st.booleans(),
    patience=st.integers(1, 3),
)
bills = st.builds(spend, st.integers(0, 20), st.integers(0, 20), st.integers(0, 2).map(float)).map(lambda call: (call,))
verdicts = st.builds(Verdict, action=st.sampled_from(Action), target=st.none() | st.integers(-1, 12))
often = st.sampled_from([True, True, True, False])


def play_one_turn(table: Table, turn: Turn, data: st.DataObject) -> None:
    """Let agents and tools do anything they might."""
    if turn is Turn.ACT:
        table.act()
        return
    if turn is Turn.CHECK:
        table.check(*data.draw(st.lists(st.sampled_from(EvidenceStatus), max_size=2)), seconds=1.0)
        return
    calls = data.draw(bills)
    if data.draw(st.integers(0, 60)) == 60:
        by, node = (Author.CRITIC, table.newest) if turn is Turn.JUDGE else (Author.POLICY, None)
        table.add(Failed, by, failure=Failure.MODEL, detail="gone", node=node, fatal=True)
    elif turn is Turn.PROPOSE and data.draw(often):
        table.propose(data.draw(st.sampled_from([None, None, "9"])), calls=calls)
    elif turn is Turn.PROPOSE:
        table.fail_to_propose(calls=calls)
    elif turn is Turn.REFLECT and data.draw(often):
        table.reflect(calls=calls)
    elif turn is Turn.REFLECT:
        table.fail_to_propose(node=table.newest, calls=calls)
    elif not data.draw(often):
        table.fail_to_judge(calls=calls)
    else:
        verdict = data.draw(verdicts)
        if rules.illegal(table.tree, table.rules, verdict):
            table.fail_to_judge(Failure.ILLEGAL_VERDICT, calls=calls)
        else:
            table.add(Judged, Author.CRITIC, node=table.newest, verdict=verdict, calls=calls)


def step_in(table: Table, data: st.DataObject) -> None:
    """Let a person go back to any place on the path."""
    path = [0, *(n.id for n in table.tree.path())]
    to = data.draw(st.sampled_from(path))
    left = path[path.index(to) + 1 :]
    reflections = [n.id for n in table.tree.nodes if n.kind is NodeKind.REFLECTION and n.parent in left]
    table.add(Moved, Author.HUMAN, to=to, cause=Cause.EDITED, abandoned=(*left, *reflections), reason="no")


def expect_a_valid_tree(tree: Tree) -> None:
    assert tree.nodes[tree.cursor].standing is Standing.ACCEPTED
    assert all(node.standing is Standing.ACCEPTED for node in tree.path())
    for node in tree.nodes[1:]:
        assert node.parent is not None
        assert node.parent < node.id
        assert tree.nodes[node.parent].children.count(node.id) == 1
        if node.standing is Standing.ACCEPTED:
            assert tree.nodes[node.parent].standing is Standing.ACCEPTED, f"{node.id} outlived its parent"


def expect_budgets_kept(table: Table) -> None:
    tree, limit = table.tree, table.rules
    kinds = Counter(type(event) for event in table.events)
    unread = sum(isinstance(e, Failed) and e.by is Author.POLICY and not e.fatal for e in table.events)
    assert kinds[Proposed] <= limit.rounds
    assert kinds[Proposed] + unread <= limit.rounds + 1  # a reflection on the last step may be unreadable
    assert tree.rounds <= limit.rounds + 1  # as may be a verdict on it
    assert limit.backtracks is None or tree.backtracks <= limit.backtracks
    for node in tree.nodes:
        assert sum(v.action is Action.REFLECT for v in node.verdicts) <= limit.reflections
        reflections = sum(tree.nodes[child].kind is NodeKind.REFLECTION for child in node.children)
        assert reflections <= limit.reflections
    assert all(count <= limit.patience for count in tree.repeats.values())


def expect_money_left(table: Table) -> None:
    tree, limit = table.tree, table.rules
    assert limit.tokens is None or tree.policy_usage.total + tree.critic_usage.total < limit.tokens
    assert limit.computed is None or tree.policy_usage.computed + tree.critic_usage.computed < limit.computed
    assert limit.seconds is None or tree.seconds < limit.seconds


@settings(max_examples=400)
@given(limits=limits, people=st.booleans(), data=st.data())
def test_any_debate_keeps_its_tree_and_its_budgets_and_ends(
    limits: DebateContext, people: bool, data: st.DataObject
) -> None:
    table = Table(limits)
    turns = [table.turn]
    while turns[-1] is not Turn.END:
        known = [(n.id, n.parent, n.kind, n.text, n.answer) for n in table.tree.nodes]
        if turns[-1] in (Turn.PROPOSE, Turn.JUDGE, Turn.REFLECT):
            expect_money_left(table)
        if people and data.draw(st.integers(0, 20)) == 20:
            step_in(table, data)
        else:
            play_one_turn(table, turns[-1], data)
        expect_a_valid_tree(table.tree)
        expect_budgets_kept(table)
        assert known == [(n.id, n.parent, n.kind, n.text, n.answer) for n in table.tree.nodes][: len(known)]
        turns.append(table.turn)
        assert people or len(turns) < 20 * limits.rounds + 20, "it never ends"

    end = table.events[-1]
    assert isinstance(end, Finished)
    if end.reason is StopReason.ANSWERED:
        assert end.node == table.tree.cursor
        assert end.answer == table.tree.nodes[table.tree.cursor].answer == "9"
    else:
        assert end.answer is None

    again = Tree()  # from the log as it is stored
    for event, turn in zip(table.events, turns, strict=True):
        again.apply(EVENT.validate_json(EVENT.dump_json(event)))
        assert rules.turn(again, limits) is turn
        assert rules.turn(again, limits) is turn, "asking changed it"
    assert vars(again) == vars(table.tree)
