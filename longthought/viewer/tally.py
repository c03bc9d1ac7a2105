"""The summary of a debate, added up line by line without parsing the lines.

A line is written by `longthought.trajectories.segment.encode`, with its fields in the order of the event's class, and a
quote inside a string is escaped. So a few patterns find what a summary needs at the speed of a search, however long the
texts and however many log-probabilities stand between. `started`, `failed`, `finished` and `graded`, of which a debate
has few, are parsed.
"""

import re
from array import array
from typing import Any, Final

import orjson

HEAD: Final = re.compile(
    rb'\{"trajectory":("[^"\\]*(?:\\.[^"\\]*)*"),"seq":(\d+),"kind":"([a-z_]+)","by":"([a-z]+)","at":([^,]+),'
)
"""The start of every line: name, sequence number, kind, author, time."""
_NO_EVIDENCE: Final = b'"evidence":[]}'
_NO_CALLS: Final = b'"calls":[]'
_USAGE: Final = re.compile(rb'"usage":\{"prompt":(\d+),"cached":\d+,"completion":(\d+)[^}]*\},"latency":([^,}]+)')
_DELEGATED: Final = re.compile(
    rb'"delegated":\{"policy":\{"prompt":(\d+),"cached":\d+,"completion":(\d+)[^}]*\},'
    rb'"critic":\{"prompt":(\d+),"cached":\d+,"completion":(\d+)[^}]*\},"requests":\d+,"seconds":([^}]+)\}'
)
_USAGE_STARTS: Final = b'"usage":{"prompt":'
_DELEGATED_STARTS: Final = b'"delegated":{"policy":'
_NODE_STARTS: Final = b'],"node":'
_VERDICT_STARTS: Final = b'"verdict":{"action":'
_DRAFTED: Final = b'"drafted":true}'
_VERDICT: Final = re.compile(rb'"verdict":\{"action":"([a-z]+)","target":[^,]+,"score":([^,]+),')
_MOVE: Final = re.compile(
    rb'"cause":"([a-z]+)","path":\[[^\]]*\],"accepted":\[([^\]]*)\],"doubted":\[[^\]]*\],"abandoned":\[([^\]]*)\]'
)
_MOVE_STARTS: Final = b'"cause":"'
_SECONDS: Final = re.compile(rb'"seconds":([^,}]+)')
_BACKWARD: Final = frozenset((b"rejected", b"vetoed", b"exhausted"))
_REJECTING: Final = frozenset((b"rejected", b"vetoed"))

HEADLINE: Final = 200
"""Number of characters that are kept of a statement and of an answer."""
COLUMNS: Final = (
    "problem", "sample", "statement", "domain", "started", "events", "nodes", "rounds", "backtracks", "reflections",
    "refutations", "continues", "returns", "doubts", "terminates", "policy_tokens", "critic_tokens", "seconds", "score",
    "stop", "answer", "solved", "moves",
)  # fmt: skip
"""What is kept of a debate, in the order in which the index stores it."""


class Tally:
    """The summary of one debate so far."""

    __slots__ = (*COLUMNS, "broken", "key", "positions", "regular", "stored")

    def __init__(self) -> None:
        """Start before the first event."""
        self.key: int | None = None
        """Its row in the index; None for a new one."""
        self.positions = array("Q")
        """Where its lines stand, in the order of the files; see `store.position`."""
        self.regular = True
        """Whether every line so far came in its order."""
        self.stored = 0
        """Number of lines that the index has."""
        self.broken = False
        """Whether its log has a hole."""
        self.problem = self.statement = self.domain = ""
        self.sample = self.events = self.nodes = self.rounds = self.backtracks = self.reflections = 0
        self.refutations = self.continues = self.returns = self.doubts = self.terminates = 0
        self.policy_tokens = self.critic_tokens = 0
        self.started = self.seconds = 0.0
        self.score: float | None = None
        """The last score of the critic."""
        self.stop: str | None = None
        self.answer: str | None = None
        self.solved: int | None = None
        self.moves = b""
        """What verdicts did to nodes, in order, such as `+1+2-3,2`; see `approved_and_rejected`."""

    def add(self, line: bytes, start: int, seq: int, kind: bytes, by: bytes) -> None:
        """Take the next line; the other arguments are the end of its head, and what `HEAD` finds in it."""
        if seq != self.events:
            self.regular = False
        self.events += 1
        if not line.startswith(_NO_CALLS, start):
            self._call(line, start, by)
        if kind == b"moved":
            self._move(line, start)
        elif kind == b"proposed":
            self._propose(line, start)
        elif kind == b"checked":
            if line.endswith(_NO_EVIDENCE):
                return
            self.refutations += line.count(b'"status":"refuted"', start)
            self.seconds += sum(map(float, _SECONDS.findall(line, start)))
        elif kind == b"judged":
            self._judge(line, start, by)
        elif kind == b"reflected":
            self.reflections += 1
            self.nodes += 1
        elif kind != b"observed":
            self._turn(kind, orjson.loads(line))

    def _call(self, line: bytes, start: int, by: bytes) -> None:
        at, tokens = line.find(_USAGE_STARTS, start), 0
        while at >= 0 and (usage := _USAGE.match(line, at)) is not None:
            prompt, completion, latency = usage.groups()
            tokens += int(prompt) + int(completion)
            self.seconds += float(latency)
            at = line.find(_USAGE_STARTS, usage.end())
        if by == b"critic":
            self.critic_tokens += tokens
        else:
            self.policy_tokens += tokens

    def _propose(self, line: bytes, start: int) -> None:
        at = line.find(_NODE_STARTS, start) + len(_NODE_STARTS)
        if int(line[at : line.index(b",", at)]) >= self.nodes:
            self.nodes += 1
            self.rounds += not line.endswith(_DRAFTED)
        else:
            self.rounds += 1
        self._delegate(line, at)

    def _delegate(self, line: bytes, start: int) -> None:
        at = line.find(_DELEGATED_STARTS, start)
        if at >= 0 and (cost := _DELEGATED.match(line, at)) is not None:
            self.policy_tokens += int(cost[1]) + int(cost[2])
            self.critic_tokens += int(cost[3]) + int(cost[4])
            self.seconds += float(cost[5])

    def _judge(self, line: bytes, start: int, by: bytes) -> None:
        verdict = _VERDICT.match(line, line.find(_VERDICT_STARTS, start))
        if verdict is None:
            return
        action, score = verdict.groups()
        if action == b"continue":
            self.continues += 1
        elif action == b"backtrack":
            self.returns += 1
        elif action == b"reflect":
            self.doubts += 1
        else:
            self.terminates += 1
        if by == b"critic" and score != b"null":
            self.score = float(score)
        self._delegate(line, verdict.end())

    def _move(self, line: bytes, start: int) -> None:
        move = _MOVE.match(line, line.find(_MOVE_STARTS, start))
        if move is None:
            return
        cause, accepted, abandoned = move.groups()
        if cause == b"accepted":
            self.moves += b"+" + accepted
        elif cause in _BACKWARD:
            self.backtracks += 1
            if cause in _REJECTING:
                self.moves += b"-" + abandoned

    def _turn(self, kind: bytes, event: dict[str, Any]) -> None:
        """Take one of the events of which a debate has few."""
        match kind:
            case b"started":
                problem = event["problem"]
                self.problem, self.domain, self.sample = problem["id"], problem["domain"], event["sample"]
                self.statement, self.started, self.nodes = problem["statement"][:HEADLINE], event["at"], 1
            case b"failed":
                self.rounds += not event["fatal"]
            case b"finished":
                answer = event["answer"]
                self.stop, self.answer = event["reason"], None if answer is None else answer[:HEADLINE]
            case b"reopened":
                self.stop = self.answer = self.solved = None
            case b"graded":
                self.solved = None if event["solved"] is None else int(event["solved"])
            case _:
                pass

    @property
    def outcome(self) -> str:
        """How the debate came out, see `answers.Outcome`."""
        if self.stop is None:
            return "unfinished"
        if self.solved:
            return "solved"
        if self.stop == "failed":
            return "failed"
        return "ungraded" if self.solved is None else "wrong"


def approved_and_rejected(moves: bytes) -> tuple[set[int], set[int]]:
    """Return the nodes that were ever accepted, and those that were rejected and not accepted later."""
    approved, rejected = set[int](), set[int]()
    for sign, numbers in re.findall(rb"([+-])([\d,]*)", moves):
        nodes = {int(number) for number in numbers.split(b",") if number}
        if sign == b"+":
            approved |= nodes
            rejected -= nodes
        else:
            rejected |= nodes
    return approved, rejected
