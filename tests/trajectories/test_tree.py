"""The tree: hand-written debates fold as they should, and what does not fit changes nothing."""

import copy
from typing import Any

import pytest

from longthought.trajectories.events import (
    EVENT,
    Action,
    AnyEvent,
    Author,
    Cause,
    Checked,
    Failed,
    Failure,
    Finished,
    Graded,
    Judged,
    Moved,
    Observed,
    Proposed,
    Reflected,
    Started,
    StopReason,
    Usage,
    Verdict,
)
from longthought.trajectories.segment import encode
from longthought.trajectories.tree import NodeKind, Standing, Tree, TreeError
from tests.fakes import logs


def standings(tree: Tree) -> str:
    """Return the standing of each node below the problem by its first letters."""
    return " ".join(f"{n.id}{n.standing[:2]}" for n in tree.nodes[1:])


def path(tree: Tree) -> list[int]:
    return [node.id for node in tree.path()]


@pytest.mark.parametrize("name", logs.ALL)
def test_every_log_folds_and_round_trips_through_json_lines(name: str) -> None:
    log = logs.ALL[name]
    data = b"".join(encode(event) for event in log)
    again = [EVENT.validate_json(line) for line in data.splitlines()]
    assert again == log
    assert vars(Tree.fold(again)) == vars(Tree.fold(log))


@pytest.mark.parametrize("name", logs.ALL)
def test_folding_in_two_halves_is_folding_at_once(name: str) -> None:
    log = logs.ALL[name]
    for cut in range(1, len(log)):
        tree = Tree.fold(log[:cut])
        for event in log[cut:]:
            tree.apply(event)
        assert vars(tree) == vars(Tree.fold(log))


def test_a_plain_debate() -> None:
    tree = Tree.fold(logs.plain())
    assert standings(tree) == "1ab 2ab 3op 4ac 5ac"
    assert path(tree) == [4, 5]
    assert [n.id for n in tree.rejected(0)] == [1, 2]
    assert tree.nodes[1].reason == "algebra: it is 24"
    assert tree.nodes[1].rejected_by is Author.TOOL
    assert tree.nodes[2].rejected_by is Author.CRITIC
    assert tree.nodes[2].observations == ["0"]
    assert [v.action for v in tree.nodes[2].verdicts] == [Action.REFLECT, Action.BACKTRACK]
    assert tree.nodes[3].kind is NodeKind.REFLECTION
    assert (tree.nodes[3].parent, tree.nodes[3].depth) == (2, 1)
    assert tree.nodes[5].depth == 2
    assert tree.nodes[5].answer == "(16 / 16) * 35"
    assert (tree.rounds, tree.backtracks, tree.stop_reason) == (6, 2, StopReason.ANSWERED)
    assert tree.policy_usage == Usage(prompt=40 + 40 + 60 + 80 + 90 + 99, cached=32, completion=8 + 1 + 8 + 6 + 8 + 9)
    assert tree.critic_usage == Usage(prompt=70 + 4 * 50, completion=2 + 4 * 5)
    assert tree.seconds == pytest.approx(11 * 0.5 + 0.25)


def test_two_orders_of_the_same_moves_are_one_state() -> None:
    log = logs.mcts_with_a_merged_state()
    tree = Tree.fold(log)
    assert standings(tree) == "1ac 2op 3ac 4ab 5ac"
    assert path(tree) == [1, 3, 5]
    assert (tree.nodes[3].parent, tree.nodes[3].sources) == (1, (2,))
    assert (tree.nodes[1].children, tree.nodes[2].children) == ([3], [4])
    assert tree.rounds == sum(isinstance(e, Proposed) for e in log)


def test_a_step_made_from_three_paths() -> None:
    tree = Tree.fold(logs.aggregation_of_three_paths())
    assert standings(tree) == "1ac 2ab 3ab 4ac"
    assert path(tree) == [1, 4]
    assert tree.nodes[4].sources == (2, 3)


def test_a_step_that_rests_on_sub_debates() -> None:
    whole, *parts = logs.decomposed_problem()
    tree = Tree.fold(whole)
    assert standings(tree) == "1ac 2ac"
    assert path(tree) == [1, 2]
    first = next(e for e in whole if isinstance(e, Proposed))
    assert first.trajectories == tuple(part.name for part in parts)
    for part in parts:
        sub = Tree.fold(part)
        assert sub.started is not None
        assert sub.started.parent is not None
        assert sub.started.parent.trajectory == whole.name
        assert sub.started.parent.node == first.parent
        assert path(sub) == [1]


def test_a_person_can_take_back_and_propose() -> None:
    tree = Tree.fold(logs.edited_by_a_human())
    assert standings(tree) == "1ab 2ab 3ac 4ac"
    assert path(tree) == [3, 4]
    assert tree.nodes[3].by is Author.HUMAN
    assert tree.nodes[1].rejected_by is Author.HUMAN
    assert tree.backtracks == 0


def event(kind: type[Any], log: list[AnyEvent], **fields: Any) -> AnyEvent:
    at = {"trajectory": log[0].trajectory, "seq": len(log), "by": Author.POLICY, "at": 0.0}
    return kind(**{**at, **fields})


VERDICT = Verdict(action=Action.CONTINUE)
ILLEGAL = {
    "the start again": (Started, {"problem": logs.plain()[0].problem}),  # pyright: ignore[reportAttributeAccessIssue]
    "a gap in the sequence": (Proposed, {"seq": 99, "node": 5, "parent": 0, "text": "s"}),
    "an event seen before": (Proposed, {"seq": 3, "node": 5, "parent": 0, "text": "s"}),
    "another debate's event": (Proposed, {"trajectory": "other#0", "node": 5, "parent": 0, "text": "s"}),
    "a node too far": (Proposed, {"node": 6, "parent": 0, "text": "s"}),
    "an unknown parent": (Proposed, {"node": 5, "parent": 5, "text": "s"}),
    "an unknown source": (Proposed, {"node": 5, "parent": 0, "sources": (1, 5), "text": "s"}),
    "a negative source": (Proposed, {"node": 5, "parent": 0, "sources": (-1,), "text": "s"}),
    "a step from itself": (Proposed, {"node": 1, "parent": 1, "text": "s"}),
    "a step from below itself": (Proposed, {"node": 1, "parent": 3, "text": "s"}),
    "a step with itself as source": (Proposed, {"node": 2, "parent": 0, "sources": (2,), "text": "s"}),
    "a step with a source below itself": (Proposed, {"node": 1, "parent": 0, "sources": (3,), "text": "s"}),
    "a circle by way of a source": (Proposed, {"node": 2, "parent": 3, "text": "s"}),
    "a reflection on nothing": (Reflected, {"node": 5, "parent": 5, "text": "s"}),
    "a reflection in a known place": (Reflected, {"node": 2, "parent": 1, "text": "s"}),
    "an observation of nothing": (Observed, {"node": 5, "tool": "python", "output": "s"}),
    "a negative observation": (Observed, {"node": -1, "tool": "python", "output": "s"}),
    "a check of nothing": (Checked, {"node": 5}),
    "a verdict on nothing": (Judged, {"node": 5, "verdict": VERDICT}),
    "a move to nothing": (Moved, {"to": 5, "cause": Cause.ACCEPTED, "accepted": (1,)}),
    "a move of nothing": (Moved, {"to": 1, "cause": Cause.REJECTED, "accepted": (1,), "abandoned": (2, 5)}),
    "a failure at nothing": (Failed, {"failure": Failure.ILLEGAL_VERDICT, "detail": "d", "node": 5}),
    "an end at nothing": (Finished, {"reason": StopReason.ANSWERED, "node": 5}),
    "a grade before the end": (Graded, {"solved": True}),
}


@pytest.mark.parametrize("name", ILLEGAL)
def test_what_does_not_fit_changes_nothing(name: str) -> None:
    log = logs.mcts_with_a_merged_state()[:10]
    assert len(Tree.fold(log).nodes) == 5
    assert Tree.fold(log).nodes[3].sources == (2,)
    kind, fields = ILLEGAL[name]
    tree = Tree.fold(log)
    before = copy.deepcopy(vars(tree))
    with pytest.raises(TreeError):
        tree.apply(event(kind, log, **fields))
    assert vars(tree) == before
    tree.apply(event(Proposed, log, node=5, parent=0, text="goes on"))
    assert tree.events == 11


def test_after_its_end_a_debate_is_only_graded() -> None:
    log: list[AnyEvent] = logs.edited_by_a_human()
    tree = Tree.fold(log)
    before = copy.deepcopy(vars(tree))
    for kind, fields in (
        (Proposed, {"node": 5, "parent": 0, "text": "s"}),
        (Finished, {"reason": StopReason.GAVE_UP}),
        (Failed, {"failure": Failure.INTERNAL, "detail": "d"}),
    ):
        with pytest.raises(TreeError, match="after its end"):
            tree.apply(event(kind, log, **fields))
    assert vars(tree) == before
    tree.apply(event(Graded, log, by=Author.GRADER, solved=True))
    assert tree.events == len(log) + 1


def test_nothing_comes_before_the_start() -> None:
    log = logs.plain()
    tree = Tree()
    with pytest.raises(TreeError, match="starts once"):
        tree.apply(log[1])
    with pytest.raises(TreeError, match="has not started"):
        _ = tree.problem
    with pytest.raises(TreeError, match="where 0 was due"):
        tree.apply(log[0].model_copy(update={"seq": 1}))
    assert vars(tree) == vars(Tree())
    tree.apply(log[0])
    assert tree.problem.id == "countdown-8-11-16-16-35"


def test_unknown_nodes_are_named() -> None:
    tree = Tree.fold(logs.plain())
    for number in (6, -1):
        with pytest.raises(TreeError, match=f"no node {number}; the last one is 5"):
            tree.node(number)
    assert tree.path(3) == [tree.nodes[2], tree.nodes[3]]
    assert tree.nodes[0].standing is Standing.ACCEPTED
