"""Events that a person writes: what they leave out is filled in, and an edited log is kept up to the first change."""

from typing import Any

import pytest

from longthought.errors import ConfigError
from longthought.graphs.context import started
from longthought.graphs.rules import DebateContext
from longthought.graphs.studio.by_hand import changed_verdict, logged
from longthought.problems.problem import Problem
from longthought.trajectories.events import EVENT, Action, AnyEvent, Author, Cause, Judged, Moved, Proposed, Verdict
from longthought.trajectories.tree import Standing, Tree

PROBLEM = Problem(id="p", statement="What is 3 * 14?")
FIRST = started(PROBLEM, DebateContext()).model_dump(mode="json")
TWO_STEPS: list[dict[str, Any]] = [
    {"text": "3 * 14 = 32", "by": "policy"},
    {"kind": "checked", "by": "tool"},
    {"action": "continue", "by": "critic"},
    {"to": 1, "cause": "accepted", "accepted": [1], "by": "critic"},
    {"text": r"So it is \boxed{32}.", "answer": "32", "by": "policy"},
]


def log_of(*written: dict[str, Any]) -> list[dict[str, Any]]:
    return logged([FIRST], list(written))


def read(log: list[dict[str, Any]]) -> list[AnyEvent]:
    events = [EVENT.validate_python(event) for event in log]
    Tree.fold(events)  # they fit
    return events


def test_what_a_person_does_not_know_is_filled_in() -> None:
    log = read(log_of(*TWO_STEPS))
    assert [event.seq for event in log] == list(range(6))
    assert {event.trajectory for event in log} == {"p#0"}
    assert all(event.at > 0 for event in log)
    assert isinstance(log[5], Proposed)
    assert (log[5].node, log[5].parent) == (2, 1)
    assert isinstance(log[3], Judged)
    assert log[3].node == 1


def test_a_move_back_leaves_everything_below() -> None:
    tree = Tree.fold(read(log_of(*TWO_STEPS, {"to": 0, "reason": "wrong from the start"})))
    assert isinstance(tree.last, Moved)
    assert (tree.last.by, tree.last.cause, tree.last.abandoned) == (Author.HUMAN, Cause.EDITED, (1, 2))
    assert [node.standing for node in tree.nodes[1:]] == [Standing.ABANDONED] * 2


def test_an_edited_log_is_kept_up_to_the_change() -> None:
    log = log_of(*TWO_STEPS)
    edited = [dict(event) for event in log]
    edited[3] = {
        **edited[3],
        "verdict": {"action": "backtrack", "critique": "3 * 14 is 42"},
        "calls": [{"model": "m", "text": "t"}],
    }
    events = read(logged(log, edited))
    assert events[:3] == read(log)[:3]
    (change,) = events[3:]
    assert isinstance(change, Judged)
    assert (change.by, change.verdict.critique, change.calls) == (Author.HUMAN, "3 * 14 is 42", ())


def test_events_may_be_cut_off_replaced_and_added_in_an_edited_log() -> None:
    log = log_of(*TWO_STEPS)
    assert logged(log, log[:2]) == log[:2]
    assert logged(log, log) == log
    events = read(logged(log, [*log[:5], {"text": r"It is \boxed{42}.", "answer": "42"}]))
    assert isinstance(events[5], Proposed)
    assert (events[5].by, events[5].answer) == (Author.HUMAN, "42")


def test_whole_events_are_appended_as_they_are() -> None:
    log = log_of(*TWO_STEPS)
    assert logged(log[:2], log[2:]) == log
    assert logged([], log) == log


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ({"action": "jump"}, "judged: `verdict.action` must be"),
        ({"to": 7}, "there is no node 7"),
        ({"words": "hm"}, "is no event"),
        ({"kind": "reflected"}, "`text` is missing"),
    ],
)
def test_what_makes_no_sense_is_refused(written: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        log_of(*TWO_STEPS, written)
    with pytest.raises(ConfigError, match="must be a list"):
        logged([FIRST], written)  # pyright: ignore


def test_a_person_who_decides_otherwise_does_not_give_the_critics_reason() -> None:
    tree = Tree.fold(read(log_of(*TWO_STEPS)))
    said = Verdict(action=Action.CONTINUE, score=0.9, critique="The sum is right.")
    verdict = changed_verdict(tree, tree.nodes[1], said, {"action": "backtrack"})["verdict"]
    assert (verdict["action"], verdict["critique"], verdict["score"]) == ("backtrack", "", None)
    kept = changed_verdict(tree, tree.nodes[1], said, {"target": 0})["verdict"]
    assert kept["critique"] == "The sum is right."
