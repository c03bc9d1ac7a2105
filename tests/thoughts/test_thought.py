"""The compiler of thoughts: walks over debates, made by hand and at random, and where every sentence comes from."""

import json
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longthought.errors import ConfigError
from longthought.thoughts.compiler import course
from longthought.thoughts.moves import SHOWN_FAILURES, STEPS, Factor, Move
from longthought.thoughts.thought import LongThought
from longthought.thoughts.walks import Walk
from longthought.trajectories.events import (
    Action,
    Author,
    Cause,
    Checked,
    Evidence,
    EvidenceStatus,
    Finished,
    Graded,
    Moved,
    Proposed,
    StopReason,
)
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Standing
from tests.fakes import logs
from tests.fakes.logs import CRITIC, POLICY, STRATEGY, TOOL, Log
from tests.fakes.random_logs import debates, searches
from tests.fakes.tags import read_tags


def trajectory(log: Log) -> Trajectory:
    return Trajectory(log.name, log)


def outline(moves: tuple[Move, ...]) -> str:
    """Write a course in short: factors by their first two letters, and nodes."""
    return " ".join(f"{move.factor[:2]}{move.node}" for move in moves)


def solved_by_search() -> Log:
    r"""Return a debate that was solved along 4 and 7, after wrong turns on three levels.

    0 ── 1 (rejected) ; 2 ── 3 (rejected to 0: both left) ; 4 ── 5 (vetoed) ; 6 (no reason) ; 8 (rejected) ; 7 ■
    """
    log = Log("What is n?")
    wrong = Evidence(tool="algebra", status=EvidenceStatus.REFUTED, claim="2 + 2 = 5", detail="2 + 2 is 4, not 5")
    propose(log, 1, 0, "n is odd")
    leave(log, 1, 0, (1,), "n can't be odd")
    propose(log, 2, 0, "n is prime")
    accept(log, 2, "plausible")
    propose(log, 3, 2, "n is 2")
    leave(log, 3, 0, (2, 3), "2 is no square")
    propose(log, 4, 0, "n is a square")
    accept(log, 4, "")
    propose(log, 5, 4, "2 + 2 = 5")
    log.add(Checked, TOOL, node=5, evidence=(wrong,))
    log.add(Moved, TOOL, to=4, cause=Cause.VETOED, abandoned=(5,), reason="algebra: 2 + 2 is 4, not 5")
    propose(log, 6, 4, "n is 9")
    leave(log, 6, 4, (6,), "")
    propose(log, 7, 4, "n is 25", answer="25")
    leave(log, 7, 4, (7,), "25 is too large")
    propose(log, 8, 4, "n is 16", answer="16")
    log.judge(8, Action.TERMINATE, 0.9, "16 it is")
    log.add(Moved, CRITIC, to=8, cause=Cause.ACCEPTED, accepted=(8,), reason="16 it is")
    log.add(Finished, CRITIC, reason=StopReason.ANSWERED, node=8, answer="16")
    log.add(Graded, Author.GRADER, solved=True)
    return log


def propose(log: Log, node: int, parent: int, text: str, answer: str | None = None) -> None:
    log.add(Proposed, POLICY, node=node, parent=parent, text=text, answer=answer)


def accept(log: Log, node: int, critique: str) -> None:
    log.judge(node, Action.CONTINUE, 0.6, critique)
    log.add(Moved, CRITIC, to=node, cause=Cause.ACCEPTED, accepted=(node,), reason=critique)


def leave(log: Log, node: int, to: int, abandoned: tuple[int, ...], critique: str) -> None:
    log.judge(node, Action.BACKTRACK, 0.1, critique, target=to)
    log.add(Moved, CRITIC, to=to, cause=Cause.REJECTED, abandoned=abandoned, reason=critique)


# Walks over a debate made by hand.


def test_chronological_tells_everything_that_explains_itself() -> None:
    told = course(trajectory(solved_by_search()))
    assert outline(told.moves) == (
        "op0 st1 fa1 re0 al2 ap2 st3 fa3 re0 al4 st5 re5 re4 al7 fa7 re4 al8 ap8 an8"
    )  # node 6 was left without a reason, so it is left out
    assert told.answer == "16"
    returns = [(m.origin, m.node) for m in told.moves if m.factor is Factor.RETURN]
    assert returns == [(1, 0), (3, 0), (5, 4), (7, 4)]


def test_depth_first_follows_the_path_and_fails_in_bounds() -> None:
    t = trajectory(solved_by_search())
    assert outline(course(t, "depth_first", wrong=None).moves) == (
        "op0 st1 fa1 re0 al2 ap2 st3 fa3 re0 al4 st5 re5 re4 al7 fa7 re4 al8 ap8 an8"
    )
    bare = course(t, "depth_first", wrong=0)
    assert outline(bare.moves) == "op0 st4 st8 ap8 an8"
    for seed in range(20):
        one = course(t, "depth_first", wrong=1, seed=seed)
        assert [m.node for m in one.moves if m.factor is Factor.RETURN] == [0, 4]
        assert one.answer == "16"
    tried = {outline(course(t, "depth_first", wrong=1, seed=seed).moves) for seed in range(20)}
    assert len(tried) == 4  # either wrong child of the problem, and either of node 4


def test_a_shortcut_is_the_path_alone() -> None:
    t = trajectory(solved_by_search())
    assert outline(course(t, "shortcut").moves) == "op0 st4 st8 an8"
    assert t.long_thought("shortcut").wrong_turns == 0


def test_the_twins_end_in_the_same_answer() -> None:
    t = trajectory(solved_by_search())
    assert {t.long_thought(walk).answer for walk in Walk} == {"16"}
    for walk in Walk:
        assert t.long_thought(walk).text.endswith("\\boxed{16}.")


def test_labels_say_what_is_right_and_spare_it() -> None:
    log = solved_by_search()
    t = trajectory(log)
    other = course(t, "depth_first", labels={8: False, 7: True, 4: True}, reasons={8: "16 is too small"})
    assert other.answer == "25"
    assert outline(other.moves) == "op0 st1 fa1 re0 al2 ap2 st3 fa3 re0 al4 st5 re5 re4 al8 fa8 re4 al7 an7"
    assert "16 is too small" in trajectory(log).long_thought(
        "depth_first", labels={8: False, 7: True}, reasons={8: "16 is too small"}
    ).text  # fmt: skip
    spared = course(t, "depth_first", labels={1: True, 5: True}, wrong=None)
    assert not {1, 5} & {m.node for m in spared.moves}


def test_a_miss_without_a_reason_is_no_wrong_turn() -> None:
    log = solved_by_search()
    untold = course(trajectory(log), "depth_first", labels={8: False, 7: True}, wrong=None)
    assert 8 not in {m.node for m in untold.moves}
    graded = [*log[:-1], log[-1].model_copy(update={"solved": False, "detail": "16 is not what was asked"})]
    told = course(Trajectory(log.name, graded), "depth_first", labels={7: True}, wrong=None)
    failure = next(m for m in told.moves if m.node == 8 and m.factor is Factor.FAILURE)
    assert (failure.text, failure.by, failure.events) == ("16 is not what was asked", Author.GRADER, (len(log) - 1,))


def test_without_a_right_answer_there_is_no_path_to_follow() -> None:
    for log in (logs.plain(), Log("What is n?")):
        for walk in ("depth_first", "shortcut"):
            with pytest.raises(ConfigError, match="no answer that is known to be right"):
                trajectory(log).long_thought(walk)
    with pytest.raises(ConfigError, match="unknown walk 'backwards': choose from chronological"):
        trajectory(logs.plain()).long_thought("backwards")
    with pytest.raises(ConfigError, match="wrong=-1"):
        trajectory(solved_by_search()).long_thought("depth_first", wrong=-1)


def test_what_a_person_took_back_is_told_with_the_reason() -> None:
    t = trajectory(logs.edited_by_a_human())
    assert outline(course(t).moves) == "op0 st1 st2 fa2 re0 al3 st4 an4"
    assert "It is 7 * 6, not 8 * 6." in t.long_thought().text


def test_a_search_jumps_and_says_so() -> None:
    t = trajectory(logs.mcts_with_a_merged_state())
    assert outline(course(t).moves) == "op0 st1 sw0 al2 sw1 st3 sw2 st4 sw2 me3 st5 an5"
    assert outline(course(t, "shortcut", labels={5: True}).moves) == "op0 st1 st3 st5 an5"


def test_a_step_made_of_three_comes_after_them() -> None:
    t = trajectory(logs.aggregation_of_three_paths())
    assert outline(course(t, "shortcut", labels={4: True}).moves) == "op0 st1 sw0 al2 sw0 al3 sw1 co4 an4"
    assert "Taking all of this together" in str(t.long_thought("shortcut", labels={4: True})) or (
        "Putting these together" in str(t.long_thought("shortcut", labels={4: True}))
    )


def test_a_place_that_was_given_up_says_so_only_if_the_tries_did() -> None:
    log = Log("What is n?")
    propose(log, 1, 0, "n is even")
    accept(log, 1, "")
    propose(log, 2, 1, "n is 4")
    leave(log, 2, 1, (2,), "4 is too small")
    log.add(Moved, STRATEGY, to=0, cause=Cause.EXHAUSTED, abandoned=(1,), reason="nothing new came from here")
    propose(log, 3, 0, "n is odd")
    assert outline(course(trajectory(log)).moves) == "op0 st1 st2 fa2 re1 fa1 re0 al3"
    silent = Log("What is n?")
    propose(silent, 1, 0, "n is even")
    silent.add(Moved, STRATEGY, to=0, cause=Cause.EXHAUSTED, abandoned=(1,), reason="no usable verdict: empty")
    propose(silent, 2, 0, "n is odd")
    assert outline(course(trajectory(silent)).moves) == "op0 st2"


def test_a_debate_cut_anywhere_has_a_thought() -> None:
    log = logs.plain()
    for cut in range(1, len(log)):
        t = Trajectory(log.name, log[:cut])
        assert t.long_thought().text
        assert t.long_thought().answer == t.answer


# Debates at random.


@given(debates(), st.integers(0, 3))
def test_a_debate_by_the_rules_makes_a_thought_that_holds(t: Trajectory, seed: int) -> None:
    thought = t.long_thought(seed=seed)
    expect_coherent(t, thought)
    assert not any(m.factor is Factor.SWITCH for m in thought.course.moves)
    assert thought.answer == t.answer
    expect_open_only_at_the_end(t, thought)


@given(searches(), st.integers(0, 3))
def test_a_search_makes_a_thought_that_holds(t: Trajectory, seed: int) -> None:
    expect_coherent(t, t.long_thought(seed=seed))


@given(st.one_of(debates(), searches()), st.integers(0, 3), st.randoms(use_true_random=False), st.integers(0, 2))
def test_journeys_hold_and_agree_with_their_shortcuts(t: Trajectory, wrong: int, rng: object, seed: int) -> None:
    ends = [n.id for n in t.tree.nodes if n.answer is not None]
    if not ends:
        return
    end = rng.choice(ends)  # type: ignore[attr-defined]
    labels = {**dict.fromkeys(ends, False), end: True}
    journey = t.long_thought("depth_first", wrong=wrong, labels=labels, seed=seed)
    shortcut = t.long_thought("shortcut", labels=labels, seed=seed)
    expect_coherent(t, journey)
    expect_coherent(t, shortcut)
    assert journey.answer == shortcut.answer == t.tree.nodes[end].answer
    path = [n.id for n in t.tree.path(end) if n.kind.value == "step"]
    entered = [m.node for m in shortcut.course.moves if m.factor in STEPS]
    assert [node for node in entered if node in path] == path
    back = [m.node for m in journey.course.moves if m.factor is Factor.RETURN]
    assert set(back) <= {0, *path}
    assert all(back.count(node) <= wrong for node in back)
    again = t.long_thought("depth_first", wrong=wrong, labels=labels, seed=seed)
    assert again.text == journey.text


def expect_coherent(t: Trajectory, thought: LongThought) -> None:
    """Replay a thought: every step starts where the thinker stands, and every return explains itself."""
    moves, nodes, place = thought.course.moves, t.tree.nodes, 0
    for before, move in zip((None, *moves), moves, strict=False):
        assert move.events
        assert all(0 <= seq < len(t.events) for seq in move.events)
        match move.factor:
            case Factor.STEP | Factor.ALTERNATIVE | Factor.COMBINATION:
                assert nodes[move.node].parent == place
                assert move.text == nodes[move.node].text
                place = move.node
            case Factor.RETURN:
                assert before is not None
                assert before.factor in SHOWN_FAILURES
                assert move.origin == place
                above = {0, *(node.id for node in t.tree.path(place))}
                assert {move.node, before.node} <= above
                place = move.node
            case Factor.SWITCH | Factor.MERGE:
                assert move.origin == place
                place = move.node
            case _:
                pass
    told = [(m.factor, m.node, m.events) for m in moves]
    assert all((s.factor, s.node, s.events) in told for s in thought.sentences)
    said = {(s.factor, s.node, s.events) for s in thought.sentences}
    assert {m for m in told if m[0] is not Factor.CHECK} <= said
    assert [thought.text[start:end] for start, end in thought.spans] == [s.text for s in thought.sentences]
    assert list(read_tags(thought.tagged())) == [(s.factor, s.text) for s in thought.sentences]


def expect_open_only_at_the_end(t: Trajectory, thought: LongThought) -> None:
    """Expect every step that is not on the path at the end to have been left by a return."""
    stack: list[int] = []
    for move in thought.course.moves:
        if move.factor in STEPS:
            stack.append(move.node)
        elif move.factor is Factor.RETURN:
            while stack and stack[-1] != move.node:
                stack.pop()
    assert stack == [n.id for n in t.tree.path(stack[-1] if stack else 0)]
    assert not any(t.tree.nodes[node].standing is Standing.ABANDONED for node in stack)


# Very long ones.


def long_debate(rounds: int) -> Trajectory:
    """Return a debate that goes ever deeper, with a wrong child at every second step, and back to the top once."""
    log = Log("Count.")
    node = cursor = 0
    while node < rounds:
        node += 1
        propose(log, node, cursor, f"{node} comes next")
        if node % 2:
            leave(log, node, cursor, (node,), f"{node} is odd")
        else:
            accept(log, node, "")
            cursor = node
    propose(log, node + 1, cursor, "done", answer="all")
    log.add(Moved, CRITIC, to=node + 1, cause=Cause.ACCEPTED, accepted=(node + 1,))
    log.add(Finished, CRITIC, reason=StopReason.ANSWERED, node=node + 1, answer="all")
    log.add(Graded, Author.GRADER, solved=True)
    return trajectory(log)


def calls_of(work: Callable[[], object]) -> int:
    """Count the calls that work makes, in Python and in C."""
    count = 0

    def called(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("walk", list(Walk))
def test_ten_thousand_rounds(walk: Walk) -> None:
    t = long_debate(10_000)
    thought = t.long_thought(walk)
    assert thought.answer == "all"
    assert thought.wrong_turns == (0 if walk is Walk.SHORTCUT else 5_000)
    some, twice = long_debate(500), long_debate(1_000)
    assert some.tree
    assert twice.tree
    ratio = calls_of(lambda: twice.long_thought(walk).text) / calls_of(lambda: some.long_thought(walk).text)
    assert ratio < 2.1


def test_a_thought_as_json() -> None:
    thought = trajectory(solved_by_search()).long_thought()
    read = json.loads(thought.to_json())
    assert read["text"] == thought.text
    assert (read["walk"], read["answer"], read["wrong_turns"]) == ("chronological", "16", 4)
    first = read["sentences"][1]
    assert (first["factor"], first["node"], first["events"]) == ("step", 1, [1])
    assert thought.text[slice(*first["span"])] == first["text"]
