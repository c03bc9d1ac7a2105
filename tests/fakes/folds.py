"""What the tree of each debate is after each of its events, for the page, which folds events by a copy of the rules.

python -m tests.fakes.folds RUN

One line for each debate of the run, and for logs written by hand: its events as they are stored, the state after each
of them, and the nodes at the end.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from longthought.problems.problem import Problem
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Cause,
    DraftStep,
    Failed,
    Failure,
    Finished,
    Graded,
    Moved,
    Proposed,
    Reopened,
    StopReason,
)
from longthought.trajectories.run import Run
from longthought.trajectories.segment import encode
from longthought.trajectories.tree import Node, Tree
from tests.fakes import logs
from tests.fakes.logs import CRITIC, POLICY, STRATEGY, call


def state(tree: Tree, solved: bool | None) -> dict[str, Any]:
    """Return what the page shows of a tree while it replays a debate."""
    policy, critic = tree.policy_usage, tree.critic_usage
    return {
        "cursor": tree.cursor,
        "rounds": tree.rounds,
        "backtracks": tree.backtracks,
        "tokens": [policy.total, critic.total, policy.cached + critic.cached],
        "stop": tree.stop_reason,
        "solved": solved,
        "standings": " ".join(node.standing for node in tree.nodes),
    }


def described(node: Node) -> dict[str, Any]:
    """Return what the page knows of a node."""
    return {
        "id": node.id, "parent": node.parent, "kind": node.kind, "by": node.by, "text": node.text,
        "depth": node.depth, "answer": node.answer, "standing": node.standing, "sources": node.sources,
        "children": node.children, "claims": [evidence.claim for evidence in node.evidence],
        "scores": [verdict.score for verdict in node.verdicts], "failures": node.failures,
        "reason": node.reason, "leftFor": node.left_for,
    }  # fmt: skip


def folded(events: Sequence[AnyEvent]) -> dict[str, Any]:
    """Return the events of a debate, and what they fold into."""
    tree, states, solved = Tree(), list[dict[str, Any]](), None
    for event in events:
        tree.apply(event)
        solved = event.solved if event.kind == "graded" else None
        states.append(state(tree, solved))
    return {
        "name": events[0].trajectory,
        "events": [json.loads(encode(event)) for event in events],
        "states": states,
        "nodes": list(map(described, tree.nodes)),
    }


def taken_up_again() -> logs.GrowingLog:
    """Return a debate in drafts that failed for good at a step, and went on when the failure was lifted."""
    log = logs.GrowingLog(Problem(id="taken-up-again", statement="What is 2 + 3 + 4?"))
    ahead = (DraftStep(text="5 + 4 = 9", answer="9"),)
    log.add(Proposed, POLICY, node=1, parent=0, text="2 + 3 = 6", ahead=ahead, calls=(call("2 + 3 = 6", 9, 4),))
    log.add(Proposed, POLICY, node=2, parent=1, text="5 + 4 = 9", answer="9", drafted=True)
    log.add(Failed, CRITIC, failure=Failure.UNREADABLE_VERDICT, detail="no verdict", node=1, calls=(call("?", 7, 1),))
    log.add(Failed, CRITIC, failure=Failure.MODEL, detail="the server is gone", node=1, fatal=True)
    log.add(Finished, STRATEGY, reason=StopReason.FAILED)
    log.add(Reopened, Author.HUMAN)
    log.add(Moved, CRITIC, to=0, cause=Cause.REJECTED, abandoned=(1, 2), reason="2 + 3 is 5")
    log.add(Finished, STRATEGY, reason=StopReason.GAVE_UP)
    log.add(Graded, Author.GRADER, solved=False, detail="no answer")
    return log


def debates(run: Path) -> Iterator[Sequence[AnyEvent]]:
    """Yield the events of each debate."""
    for trajectory in Run(run).trajectories():
        yield trajectory.events
    yield logs.plain()
    yield logs.mcts_with_a_merged_state()
    yield logs.aggregation_of_three_paths()
    yield from logs.decomposed_problem()
    yield logs.edited_by_a_human()
    yield taken_up_again()


if __name__ == "__main__":
    for found in debates(Path(sys.argv[1])):
        sys.stdout.write(json.dumps(folded(found)) + "\n")
