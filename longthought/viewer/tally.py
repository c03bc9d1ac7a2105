"""The summary of a debate, added up line by line.

Of a line, only the few fields that a summary needs are decoded, whatever their order; the rest is skipped at the speed
of a search, however long the texts and however many log-probabilities stand there.
"""

import re
from array import array
from typing import Final

from msgspec import Struct
from msgspec.json import Decoder


class _Usage(Struct, gc=False, frozen=True):
    prompt: int = 0
    completion: int = 0


class _Call(Struct, gc=False, frozen=True):
    usage: _Usage = _Usage()
    latency: float = 0.0


class _Delegated(Struct, gc=False, frozen=True):
    policy: _Usage = _Usage()
    critic: _Usage = _Usage()
    seconds: float = 0.0


class _Problem(Struct, gc=False, frozen=True):
    id: str
    statement: str
    domain: str


class _Evidence(Struct, gc=False, frozen=True):
    status: str
    seconds: float = 0.0


class _Verdict(Struct, gc=False, frozen=True):
    action: str
    score: float | None = None


class Line(Struct, gc=False, frozen=True):
    """What a summary needs of an event of any kind; see `longthought.trajectories.events`."""

    trajectory: str
    seq: int
    kind: str
    by: str
    at: float
    calls: list[_Call] = []
    problem: _Problem | None = None
    sample: int = 0
    node: int | None = None
    drafted: bool = False
    delegated: _Delegated | None = None
    evidence: list[_Evidence] = []
    verdict: _Verdict | None = None
    cause: str = ""
    accepted: list[int] = []
    abandoned: list[int] = []
    fatal: bool = False
    reason: str = ""
    answer: str | None = None
    solved: bool | None = None
    schema_version: int | None = None
    """Only the first event of a debate tells it."""


decode: Final = Decoder(Line).decode
"""Decodes a line; raises `msgspec.DecodeError`, `UnicodeDecodeError` or `RecursionError` if it is no event."""
_BACKWARD: Final = frozenset(("rejected", "vetoed", "exhausted"))
_REJECTING: Final = frozenset(("rejected", "vetoed"))

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

    def add(self, line: Line) -> None:
        """Take the next line."""
        if line.seq != self.events:
            self.regular = False
        self.events += 1
        if line.calls:
            self._call(line)
        match line.kind:
            case "proposed":
                self._propose(line)
            case "checked":
                for evidence in line.evidence:
                    self.refutations += evidence.status == "refuted"
                    self.seconds += evidence.seconds
            case "judged":
                self._judge(line)
            case "moved":
                self._move(line)
            case "reflected":
                self.reflections += 1
                self.nodes += 1
            case "started" if line.problem is not None:
                problem = line.problem
                self.problem, self.domain, self.sample = problem.id, problem.domain, line.sample
                self.statement, self.started, self.nodes = problem.statement[:HEADLINE], line.at, 1
            case "failed":
                self.rounds += not line.fatal
            case "finished":
                self.stop, self.answer = line.reason, None if line.answer is None else line.answer[:HEADLINE]
            case "reopened":
                self.stop = self.answer = self.solved = None
            case "graded":
                self.solved = None if line.solved is None else int(line.solved)
            case _:
                pass

    def _call(self, line: Line) -> None:
        tokens = 0
        for call in line.calls:
            tokens += call.usage.prompt + call.usage.completion
            self.seconds += call.latency
        if line.by == "critic":
            self.critic_tokens += tokens
        else:
            self.policy_tokens += tokens

    def _propose(self, line: Line) -> None:
        new = line.node is not None and line.node >= self.nodes
        self.nodes += new
        self.rounds += not (new and line.drafted)
        self._delegate(line.delegated)

    def _delegate(self, cost: _Delegated | None) -> None:
        if cost is not None:
            self.policy_tokens += cost.policy.prompt + cost.policy.completion
            self.critic_tokens += cost.critic.prompt + cost.critic.completion
            self.seconds += cost.seconds

    def _judge(self, line: Line) -> None:
        if line.verdict is None:
            return
        match line.verdict.action:
            case "continue":
                self.continues += 1
            case "backtrack":
                self.returns += 1
            case "reflect":
                self.doubts += 1
            case _:
                self.terminates += 1
        if line.by == "critic" and line.verdict.score is not None:
            self.score = line.verdict.score
        self._delegate(line.delegated)

    def _move(self, line: Line) -> None:
        if line.cause == "accepted":
            self.moves += b"+" + _numbers(line.accepted)
        elif line.cause in _BACKWARD:
            self.backtracks += 1
            if line.cause in _REJECTING:
                self.moves += b"-" + _numbers(line.abandoned)

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


def _numbers(nodes: list[int]) -> bytes:
    return ",".join(map(str, nodes)).encode()


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
