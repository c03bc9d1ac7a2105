"""Whether the tools contradict a critic's words: a false reason is no reason, even for a right verdict.

Two faults are counted: a claim of the critic's own, such as "12 * 13 = 155", that a tool refutes; and words that call a
claim false although a tool has confirmed it. What the critic quotes from the step it judges is not a claim of its own.
Look-aheads in the compact language are claims too. Words without a checkable claim are counted apart.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Final

from longthought.problems.countdown import notation
from longthought.problems.countdown.lookahead import holds
from longthought.problems.countdown.puzzle import Puzzle
from longthought.record import Record
from longthought.tools.verifier import Verifier
from longthought.trajectories.events import Action, EvidenceStatus, Judged
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Node

_SENTENCE: Final = re.compile(r"(?<=[.!?;])\s+|\n+")
_FAULT: Final = re.compile(
    r"\b(wrong|incorrect(ly)?|false|mistake[ns]?|mistaken|errors?|miscalculat\w+|not (correct|right|equal|true)|"
    r"should be|does ?n[o']t (hold|equal)|is ?n[o']t (correct|right|true))\b",
    re.IGNORECASE,
)


class ReasonCheck(Record):
    """How often a critic's words could be checked, and how often they failed."""

    verdicts: int = 0
    """Number of verdicts with a critique."""
    checked: int = 0
    """Number of them with a claim that a tool could decide."""
    false_claims: int = 0
    """Number of them with a claim that a tool refutes."""
    denials: int = 0
    """Number of them that call a claim false although a tool has confirmed it."""
    unsupported: int = 0
    """Number of them with either fault."""
    ignored: int = 0
    """Number of verdicts that accept a step although a tool has refuted it."""

    def __add__(self, other: "ReasonCheck") -> "ReasonCheck":
        """Return the sum of two counts."""
        return ReasonCheck(**{name: getattr(self, name) + getattr(other, name) for name in ReasonCheck.model_fields})


async def contradictions(debate: Trajectory, event: Judged, verifiers: Sequence[Verifier]) -> ReasonCheck:
    """Check the words of one verdict with the tools, and count what they contradict."""
    node, words = debate.tree.node(event.node), event.verdict.critique
    refuted = any(e.status is EvidenceStatus.REFUTED for e in node.evidence)
    ignored = int(refuted and event.verdict.action.accepts)
    if not words.strip():
        return ReasonCheck(ignored=ignored)
    confirmed = [e.claim for e in node.evidence if e.status is EvidenceStatus.CONFIRMED]
    quoted = [claim for claim in confirmed if _plain(claim) in _plain(words)]
    denied = [claim for claim in quoted if event.verdict.action is not Action.CONTINUE and _denied(claim, words)]
    statuses = await _check_own_claims(debate, node.text, words, node.parent or 0, verifiers)
    if (holds_true := _look_ahead(debate, node, words)) is not None:
        statuses.append(EvidenceStatus.CONFIRMED if holds_true else EvidenceStatus.REFUTED)
    has_false_claim = EvidenceStatus.REFUTED in statuses
    return ReasonCheck(
        verdicts=1,
        checked=int(bool(statuses or quoted)),
        false_claims=int(has_false_claim),
        denials=int(bool(denied)),
        unsupported=int(has_false_claim or bool(denied)),
        ignored=ignored,
    )


async def _check_own_claims(
    debate: Trajectory, step: str, words: str, parent: int, verifiers: Sequence[Verifier]
) -> list[EvidenceStatus]:
    """Return what the tools decide about the critic's own claims, which are not in the step it judges."""
    path = [node.text for node in debate.tree.path(parent)]
    step_text = _plain(step)
    claims = [
        (verifier, claim)
        for verifier in verifiers
        for claim in verifier.claims(debate.problem, path, words)
        if _plain(claim.text) not in step_text
    ]
    evidence = await asyncio.gather(*(verifier.check(claim) for verifier, claim in claims))
    return [e.status for e in evidence if e.status in (EvidenceStatus.CONFIRMED, EvidenceStatus.REFUTED)]


def _look_ahead(debate: Trajectory, node: Node, words: str) -> bool | None:
    """Return whether a look-ahead in the words is right; None if they hold none."""
    puzzle, step = Puzzle.read(debate.problem.statement), notation.read_step(node.text)
    return holds(words, step.remaining, puzzle.target) if puzzle and step else None


def _denied(claim: str, words: str) -> bool:
    """Return whether a sentence that quotes the claim also speaks of a fault."""
    wanted = _plain(claim)
    return any(wanted in _plain(sentence) and _FAULT.search(sentence) for sentence in _SENTENCE.split(words))


def _plain(text: str) -> str:
    return "".join(text.split()).rstrip(".")
