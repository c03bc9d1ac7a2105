"""The rules of Countdown as a verifier: whether a move is allowed with the numbers on the table.

It reads the statement and the steps, nothing else. Whether a move is wise, or an answer right, it does not say.
"""

import re
from collections.abc import Sequence
from typing import Final

from longthought.problems import countdown
from longthought.problems.countdown import Move
from longthought.problems.problem import Problem
from longthought.problems.puzzle import Puzzle
from longthought.tools.verifier import Claim
from longthought.trajectories.events import Evidence, EvidenceStatus

_MOVE: Final = re.compile(
    r"^(?P<left>\d{1,9}) (?P<operator>[-+*/]) (?P<right>\d{1,9}) = (?P<result>\d{1,12})"
    r" left (?P<remaining>\d{1,12}(?: \d{1,12})*)$"
)


class Legality:
    """Checks a move against the table."""

    name = "countdown"

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        """Take a whole step in compact notation as one claim; leave anything else alone."""
        readable = Puzzle.read(problem.statement) and all(_MOVE.match(text) for text in (*path, step))
        return [Claim(step, (0, len(step)), problem, tuple(path))] if readable else []

    async def check(self, claim: Claim) -> Evidence:
        """Play the path, then try the move."""
        detail = _objection(claim)
        status = EvidenceStatus.REFUTED if detail else EvidenceStatus.CONFIRMED
        return Evidence(tool=self.name, status=status, claim=claim.text, detail=detail or "", span=claim.span)


def _objection(claim: Claim) -> str | None:
    puzzle = Puzzle.read(claim.problem.statement)
    table: tuple[int, ...] | None = puzzle.numbers if puzzle else None
    for text in claim.path:
        table = countdown.after(table, _read(text)[0]) if table else None
    if table is None:
        return "the path before it is not legal"
    move, remaining = _read(claim.text)
    following = countdown.after(table, move)
    if following is None:
        return f"{move} is not a legal move with {', '.join(map(str, table))}"
    if sorted(remaining, reverse=True) != list(following):
        return f"it leaves {', '.join(map(str, following))}, not {', '.join(map(str, remaining))}"
    return None


def _read(text: str) -> tuple[Move, list[int]]:
    match = _MOVE.match(text)
    assert match is not None
    move = Move(int(match["left"]), match["operator"], int(match["right"]), int(match["result"]))
    return move, [int(n) for n in match["remaining"].split()]
