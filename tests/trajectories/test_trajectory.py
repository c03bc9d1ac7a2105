"""A debate as its readers see it."""

import pytest

from longthought.trajectories.events import Author, Judged, StopReason, Usage
from longthought.trajectories.trajectory import Trajectory, Utterance
from longthought.trajectories.tree import TreeError
from tests.fakes import logs

P, C, T, S = Author.POLICY, Author.CRITIC, Author.TOOL, Author.STRATEGY


def test_everything_is_derived_from_the_events() -> None:
    log = logs.plain()
    t = Trajectory(log.name, log)
    assert t.id == "countdown-8-11-16-16-35#2"
    assert t.events == tuple(log)
    assert (t.problem.id, t.sample) == ("countdown-8-11-16-16-35", 2)
    assert (t.finished, t.stop_reason, t.answer, t.solved) == (True, StopReason.ANSWERED, "(16 / 16) * 35", False)
    assert [n.id for n in t.path] == [4, 5]
    assert [n.id for n in t.steps] == [1, 2, 4, 5]
    assert (t.rounds, t.backtracks, t.requests) == (6, 2, 11)
    assert t.usage.policy == Usage(prompt=409, cached=32, completion=40)
    assert t.usage.critic == Usage(prompt=270, completion=22)
    assert t.usage.total == Usage(prompt=679, cached=32, completion=62)
    assert sum((call.usage for call in t.calls), Usage()) == t.usage.total
    assert t.seconds == pytest.approx(5.75)
    assert repr(t) == f"<Trajectory 'countdown-8-11-16-16-35#2': {len(log)} events, answered>"


def test_a_debate_cut_anywhere_can_be_read() -> None:
    log = logs.plain()
    whole = Trajectory(log.name, log)
    for cut in range(1, len(log)):
        t = Trajectory(log.name, log[:cut])
        assert t.finished == (cut > len(log) - 2)
        assert t.solved is None
        assert (t.answer is None) == (not t.finished)
        assert whole.transcript(P)[: len(t.transcript(P))] == t.transcript(P)
        assert t.requests <= whole.requests
    half = Trajectory(log.name, log[:18])
    assert [n.id for n in half.path] == [4]
    assert "unfinished" in repr(half)


def test_a_trajectory_does_not_change() -> None:
    log = logs.edited_by_a_human()
    t = Trajectory(log.name, log)
    expected = tuple(log)
    log.clear()
    assert t.events == expected
    for name in ("id", "events", "answer"):
        with pytest.raises(AttributeError):
            setattr(t, name, None)


def test_grades_of_all_three_kinds() -> None:
    log = logs.plain()
    for solved in (True, False, None):
        t = Trajectory(log.name, [*log[:-1], log[-1].model_copy(update={"solved": solved})])
        assert t.solved is solved
    regraded = [*log, log[-1].model_copy(update={"seq": len(log), "solved": True})]
    assert Trajectory(log.name, regraded).solved is True


def test_events_that_do_not_fit_are_no_debate() -> None:
    log = logs.plain()
    with pytest.raises(TreeError):
        _ = Trajectory(log.name, [log[0], *log[2:]]).answer


def test_the_policys_transcript() -> None:
    log = logs.plain()
    assert Trajectory(log.name, log).transcript(P) == [
        Utterance(S, "started", "Use 16, 16, 8 and 11, each once, to make 35.", 0),
        Utterance(P, "proposed", "16 + 8 = 25", 1),
        Utterance(T, "moved", "back to 0: algebra: it is 24", 0),
        Utterance(P, "failed", "", None),
        Utterance(S, "failed", "unreadable_step: empty", None),
        Utterance(P, "proposed", "16 - 16 = 0", 2),
        Utterance(T, "observed", "0", 2),
        Utterance(C, "moved", "doubted: is zero allowed?", 0),
        Utterance(P, "reflected", "No: not positive.", 3),
        Utterance(C, "moved", "back to 0: zero is not positive", 0),
        Utterance(P, "proposed", "16 / 16 = 1", 4),
        Utterance(C, "moved", "accepted: fine", 4),
        Utterance(P, "proposed", "so it is", 5),
        Utterance(C, "moved", "accepted: done", 5),
    ]


def test_the_critics_transcript_leaves_out_what_it_was_never_asked() -> None:
    log = logs.plain()
    assert Trajectory(log.name, log).transcript(C) == [
        Utterance(S, "started", "Use 16, 16, 8 and 11, each once, to make 35.", 0),
        Utterance(P, "proposed", "16 - 16 = 0", 2),
        Utterance(T, "observed", "0", 2),
        Utterance(T, "checked", "algebra confirmed: 16 - 16 = 0", 2),
        Utterance(C, "failed", "hm", 2),
        Utterance(S, "failed", "unreadable_verdict: no verdict", 2),
        Utterance(C, "judged", "reflect: is zero allowed?", 2),
        Utterance(P, "reflected", "No: not positive.", 3),
        Utterance(C, "judged", "backtrack to 0: zero is not positive", 2),
        Utterance(P, "proposed", "16 / 16 = 1", 4),
        Utterance(C, "judged", "continue: fine", 4),
        Utterance(P, "proposed", "so it is", 5),
        Utterance(C, "judged", "terminate: done", 5),
    ]


def test_a_persons_edit_is_heard_by_the_policy() -> None:
    log = logs.edited_by_a_human()
    t = Trajectory(log.name, log)
    heard = [r for r in t.transcript(P) if r.by is Author.HUMAN]
    assert [r.text for r in heard] == [
        "moved to 0: it is 7 * 6, not 8 * 6",
        "17 * 6 = 10 * 6 + 7 * 6",
        "moved to 3",
    ]


def test_nobody_else_has_a_transcript() -> None:
    log = logs.plain()
    with pytest.raises(ValueError, match="tool has no transcript"):
        Trajectory(log.name, log).transcript(T)


def test_every_verdict_is_in_the_critics_transcript() -> None:
    for log in logs.ALL.values():
        kinds = [r.kind for r in Trajectory(log[0].trajectory, log).transcript(C)]
        assert kinds.count("judged") == sum(isinstance(e, Judged) for e in log)
