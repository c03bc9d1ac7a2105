"""Logs of debates, written by hand: what the data model must be able to hold."""

from collections.abc import Sequence
from typing import Any

from longthought.problems.problem import Problem
from longthought.trajectories.events import (
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
    Parent,
    Proposed,
    Reflected,
    Started,
    StopReason,
    Usage,
    Verdict,
)
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Tree

POLICY, CRITIC, TOOL, STRATEGY = Author.POLICY, Author.CRITIC, Author.TOOL, Author.STRATEGY


class Log(list[AnyEvent]):
    """Events in order, numbered and stamped as they are added."""

    def __init__(self, problem: Problem | str, id: str = "p", sample: int = 0, parent: Parent | None = None) -> None:
        """Start a debate on a problem, or on one that has this statement and id."""
        super().__init__()
        if isinstance(problem, str):
            problem = Problem(id=id, statement=problem)
        self.name = f"{problem.id}#{sample}"
        self.add(Started, STRATEGY, problem=problem, sample=sample, parent=parent, config={"graph": "by hand"})

    def add(self, kind: type[Any], by: Author, **fields: Any) -> None:
        """Add one event."""
        self.append(kind(trajectory=self.name, seq=len(self), by=by, at=1_000.0 + len(self), **fields))

    def judge(self, node: int, action: Action, score: float, critique: str = "", target: int | None = None) -> None:
        """Add the critic's verdict."""
        verdict = Verdict(action=action, score=score, critique=critique, target=target)
        self.add(Judged, CRITIC, node=node, verdict=verdict, calls=(call(f"{action} {score}", 50, 5),))


class GrowingLog(Log):
    """A log with the tree that its events fold to, for debates that go on from where they stand."""

    def __init__(self, problem: Problem | str) -> None:
        self.tree = Tree()
        super().__init__(problem)

    def append(self, event: AnyEvent) -> None:
        """Add an event made elsewhere."""
        self.tree.apply(event)
        super().append(event)

    def trajectory(self) -> Trajectory:
        return Trajectory(self.name, self)


def call(text: str, prompt: int, completion: int, cached: int = 0) -> Call:
    usage = Usage(prompt=prompt, cached=cached, completion=completion)
    return Call(model="fake:model", text=text, usage=usage, latency=0.5)


def plain() -> Log:
    """Return a debate with a reflection, a veto, a backtrack, an unreadable reply and an unreadable verdict."""
    log = Log("Use 16, 16, 8 and 11, each once, to make 35.", id="countdown-8-11-16-16-35", sample=2)
    refuted = Evidence(
        tool="algebra", status=EvidenceStatus.REFUTED, claim="16 + 8 = 25", detail="it is 24", seconds=0.25
    )
    confirmed = Evidence(tool="algebra", status=EvidenceStatus.CONFIRMED, claim="16 - 16 = 0")
    log.add(Proposed, POLICY, node=1, parent=0, text="16 + 8 = 25", calls=(call("16 + 8 = 25", 40, 8),))
    log.add(Checked, TOOL, node=1, evidence=(refuted,))
    log.add(Moved, TOOL, to=0, cause=Cause.VETOED, abandoned=(1,), reason="algebra: it is 24")
    log.add(Failed, POLICY, failure=Failure.UNREADABLE_STEP, detail="empty", calls=(call("", 40, 1, cached=32),))
    log.add(Proposed, POLICY, node=2, parent=0, text="16 - 16 = 0", calls=(call("16 - 16 = 0", 60, 8),))
    log.add(Observed, POLICY, node=2, tool="python", output="0")
    log.add(Checked, TOOL, node=2, evidence=(confirmed,))
    log.add(Failed, CRITIC, failure=Failure.UNREADABLE_VERDICT, detail="no verdict", node=2, calls=(call("hm", 70, 2),))
    log.judge(2, Action.REFLECT, 0.3, "is zero allowed?")
    log.add(Moved, CRITIC, to=0, cause=Cause.DOUBTED, doubted=(2,), reason="is zero allowed?")
    log.add(Reflected, POLICY, node=3, parent=2, text="No: not positive.", calls=(call("No: not positive.", 80, 6),))
    log.judge(2, Action.BACKTRACK, 0.05, "zero is not positive", target=0)
    log.add(Moved, CRITIC, to=0, cause=Cause.REJECTED, abandoned=(2,), reason="zero is not positive")
    log.add(Proposed, POLICY, node=4, parent=0, text="16 / 16 = 1", calls=(call("16 / 16 = 1", 90, 8),))
    log.add(Checked, TOOL, node=4)
    log.judge(4, Action.CONTINUE, 0.6, "fine")
    log.add(Moved, CRITIC, to=4, cause=Cause.ACCEPTED, accepted=(4,), reason="fine")
    log.add(Proposed, POLICY, node=5, parent=4, text="so it is", answer="(16 / 16) * 35", calls=(call("so", 99, 9),))
    log.add(Checked, TOOL, node=5)
    log.judge(5, Action.TERMINATE, 0.9, "done")
    log.add(Moved, CRITIC, to=5, cause=Cause.ACCEPTED, accepted=(5,), reason="done")
    log.add(Finished, CRITIC, reason=StopReason.ANSWERED, node=5, answer="(16 / 16) * 35")
    log.add(Graded, Author.GRADER, solved=False, detail="uses 16, 16, 35 instead of 8, 11, 16, 16, each once")
    return log


def mcts_with_a_merged_state() -> Log:
    """Return a tree search in which two orders of the same moves lead to one state, {5, 5}."""
    log = Log("Use 9, 4, 3 and 2, each once, to make 25.")
    tried = [(1, 0, "3 + 2 = 5", 0.5), (2, 0, "9 - 4 = 5", 0.6), (3, 1, "9 - 4 = 5", 0.8), (4, 2, "4 + 2 = 6", 0.1)]
    for node, parent, text, score in tried:
        log.add(Proposed, POLICY, node=node, parent=parent, text=text, calls=(call(text, 40, 8),))
        log.judge(node, Action.CONTINUE, score)
    log.add(Proposed, POLICY, node=3, parent=2, text="3 + 2 = 5", calls=(call("3 + 2 = 5", 40, 8),))
    log.add(Proposed, POLICY, node=5, parent=3, text="5 * 5 = 25", answer="(3 + 2) * (9 - 4)")
    log.judge(5, Action.TERMINATE, 0.99)
    log.add(Moved, STRATEGY, to=5, cause=Cause.ACCEPTED, accepted=(1, 3, 5), abandoned=(4,), reason="most visited")
    log.add(Finished, STRATEGY, reason=StopReason.ANSWERED, node=5, answer="(3 + 2) * (9 - 4)")
    return log


def aggregation_of_three_paths() -> Log:
    """Return three paths from the problem, of which a fourth step is made."""
    log = Log("How many primes are below 12?")
    for node, text in ((1, "2, 3, 5, 7, 11: five"), (2, "2, 3, 5, 7: four"), (3, "with 11 it is five")):
        log.add(Proposed, POLICY, node=node, parent=0, text=text, calls=(call(text, 20, 10),))
        log.judge(node, Action.CONTINUE, 0.5)
    log.add(Proposed, POLICY, node=4, parent=1, sources=(2, 3), text="two of three say five", answer="5")
    log.judge(4, Action.TERMINATE, 0.9)
    log.add(Moved, STRATEGY, to=4, cause=Cause.ACCEPTED, accepted=(1, 4), abandoned=(2, 3), reason="aggregated")
    log.add(Finished, STRATEGY, reason=StopReason.ANSWERED, node=4, answer="5")
    return log


def decomposed_problem() -> tuple[Log, Log, Log]:
    """Return a debate and the two sub-debates on whose answers its first step rests."""
    whole = Log("What is 12 * 13 + 7 * 8?", id="whole")
    parts: list[Log] = []
    for number, (statement, answer) in enumerate((("What is 12 * 13?", "156"), ("What is 7 * 8?", "56"))):
        part = Log(statement, id=f"whole/0/{number}", parent=Parent(trajectory="whole#0", node=0))
        part.add(Proposed, POLICY, node=1, parent=0, text=f"It is {answer}.", answer=answer)
        part.judge(1, Action.TERMINATE, 0.9)
        part.add(Moved, CRITIC, to=1, cause=Cause.ACCEPTED, accepted=(1,))
        part.add(Finished, CRITIC, reason=StopReason.ANSWERED, node=1, answer=answer)
        parts.append(part)
    names = tuple(part.name for part in parts)
    whole.add(Proposed, STRATEGY, node=1, parent=0, text="12 * 13 = 156 and 7 * 8 = 56", trajectories=names)
    whole.judge(1, Action.CONTINUE, 0.8)
    whole.add(Moved, CRITIC, to=1, cause=Cause.ACCEPTED, accepted=(1,))
    whole.add(Proposed, POLICY, node=2, parent=1, text="156 + 56 = 212", answer="212")
    whole.judge(2, Action.TERMINATE, 0.9)
    whole.add(Moved, CRITIC, to=2, cause=Cause.ACCEPTED, accepted=(2,))
    whole.add(Finished, CRITIC, reason=StopReason.ANSWERED, node=2, answer="212")
    return whole, parts[0], parts[1]


def edited_by_a_human() -> Log:
    """Return a debate in which a person takes back what the critic accepted and proposes a step instead."""
    log = Log("What is 17 * 6?")
    log.add(Proposed, POLICY, node=1, parent=0, text="17 * 6 = 10 * 6 + 8 * 6")
    log.judge(1, Action.CONTINUE, 0.7)
    log.add(Moved, CRITIC, to=1, cause=Cause.ACCEPTED, accepted=(1,))
    log.add(Proposed, POLICY, node=2, parent=1, text="60 + 48 = 108", answer="108")
    log.add(Moved, Author.HUMAN, to=0, cause=Cause.EDITED, abandoned=(1, 2), reason="it is 7 * 6, not 8 * 6")
    log.add(Proposed, Author.HUMAN, node=3, parent=0, text="17 * 6 = 10 * 6 + 7 * 6")
    log.add(Moved, Author.HUMAN, to=3, cause=Cause.EDITED, accepted=(3,))
    log.add(Proposed, POLICY, node=4, parent=3, text="60 + 42 = 102", answer="102")
    log.judge(4, Action.TERMINATE, 0.95)
    log.add(Moved, CRITIC, to=4, cause=Cause.ACCEPTED, accepted=(4,))
    log.add(Finished, CRITIC, reason=StopReason.ANSWERED, node=4, answer="102")
    return log


ALL = {
    "plain": plain(),
    "mcts": mcts_with_a_merged_state(),
    "aggregation": aggregation_of_three_paths(),
    **{f"decomposed {n}": log for n, log in enumerate(decomposed_problem())},
    "edited": edited_by_a_human(),
}


def timeless(events: Sequence[AnyEvent]) -> list[dict[str, Any]]:
    """Return events without what differs from run to run: times."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if k not in ("at", "latency", "seconds")}
        return [plain(item) for item in value] if isinstance(value, list) else value

    return [plain(event.model_dump(mode="json")) for event in events]
