"""Whether a critic's words stand up to the tools: a reason that is false is no reason, even for a right verdict.

Two things are looked for. A claim that the critic makes of its own, such as "12 * 13 = 155", and that a tool refutes:
what it only quotes from the step it judges is not held against it. And words that call a claim false which a tool has
confirmed. Look-aheads in the compact language are claims too. Words that hold nothing that can be checked are counted
apart, and judged by nobody.
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
    """With any words at all."""
    checked: int = 0
    """With something in them that a tool could tell."""
    false_claims: int = 0
    """That make a claim which a tool refutes."""
    denials: int = 0
    """That call a claim false which a tool has confirmed."""
    unsupported: int = 0
    """That do either."""
    ignored: int = 0
    """That accept a step which a tool has refuted."""

    def __add__(self, other: "ReasonCheck") -> "ReasonCheck":
        """Add up."""
        return ReasonCheck(**{name: getattr(self, name) + getattr(other, name) for name in ReasonCheck.model_fields})


async def contradictions(debate: Trajectory, event: Judged, verifiers: Sequence[Verifier]) -> ReasonCheck:
    """Hold the words of one verdict against the tools."""
    node, words = debate.tree.node(event.node), event.verdict.critique
    refuted = any(e.status is EvidenceStatus.REFUTED for e in node.evidence)
    ignored = int(refuted and event.verdict.action in (Action.CONTINUE, Action.TERMINATE))
    if not words.strip():
        return ReasonCheck(ignored=ignored)
    confirmed = [e.claim for e in node.evidence if e.status is EvidenceStatus.CONFIRMED]
    named = [claim for claim in confirmed if _plain(claim) in _plain(words)]
    denied = [claim for claim in named if event.verdict.action is not Action.CONTINUE and _denied(claim, words)]
    found = await _look(debate, node.text, words, node.parent or 0, verifiers)
    if (ahead := _look_ahead(debate, node, words)) is not None:
        found.append(EvidenceStatus.CONFIRMED if ahead else EvidenceStatus.REFUTED)
    false = EvidenceStatus.REFUTED in found
    return ReasonCheck(
        verdicts=1,
        checked=int(bool(found or named)),
        false_claims=int(false),
        denials=int(bool(denied)),
        unsupported=int(false or bool(denied)),
        ignored=ignored,
    )


async def _look(
    debate: Trajectory, step: str, words: str, above: int, verifiers: Sequence[Verifier]
) -> list[EvidenceStatus]:
    """Return what the tools can tell of the critic's own claims."""
    path = [node.text for node in debate.tree.path(above)]
    quoted = _plain(step)
    claims = [
        (verifier, claim)
        for verifier in verifiers
        for claim in verifier.claims(debate.problem, path, words)
        if _plain(claim.text) not in quoted
    ]
    found = await asyncio.gather(*(verifier.check(claim) for verifier, claim in claims))
    return [e.status for e in found if e.status in (EvidenceStatus.CONFIRMED, EvidenceStatus.REFUTED)]


def _look_ahead(debate: Trajectory, node: Node, words: str) -> bool | None:
    puzzle, step = Puzzle.read(debate.problem.statement), notation.read_step(node.text)
    return holds(words, step.remaining, puzzle.target) if puzzle and step else None


def _denied(claim: str, words: str) -> bool:
    """Say whether a sentence that holds a claim speaks of a fault; the claim's own words don't count."""
    wanted = _plain(claim)
    return any(wanted in _plain(sentence) and _FAULT.search(sentence) for sentence in _SENTENCE.split(words))


def _plain(text: str) -> str:
    return "".join(text.split()).rstrip(".")
