"""The rules of Countdown as a verifier: it checks whether moves are allowed and final expressions make the target.

It reads the statement and the steps, nothing else, since a puzzle holds everything that its check needs. It doesn't say
whether a move is wise.
"""

import re
from collections.abc import Sequence
from typing import Final

from longthought.problems.countdown import game
from longthought.problems.countdown.game import CountdownMove
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.final_answer import boxed_span
from longthought.problems.problem import Problem
from longthought.tools.verifier import Claim
from longthought.trajectories.events import Evidence, EvidenceStatus

_MOVE: Final = re.compile(
    r"^(?P<left>\d{1,9}) (?P<operator>[-+*/]) (?P<right>\d{1,9}) = (?P<result>\d{1,12})"
    r" left (?P<remaining>\d{1,12}(?: \d{1,12})*)$"
)


_PLAIN_SIGNS: Final = (
    (re.compile(r"\\(?:times|cdot|ast)(?![a-zA-Z])"), "*"),
    (re.compile(r"\\div(?![a-zA-Z])"), "/"),
    (re.compile(r"\\(?:left|right)(?![a-zA-Z])|\\[,;:! ()]|[$`]"), ""),
)
_FRACTION: Final = re.compile(r"\\[dt]?frac\s*\{([^{}]{1,200})\}\s*\{([^{}]{1,200})\}")
_MAX_EXPRESSION: Final = 1_000
_EQUATION: Final = re.compile(r"(?:(\d{1,12})\s*=)?([^=]*?)(?:=\s*(\d{1,12}))?\.?")


def fault(numbers: Sequence[int], target: int, answer: str) -> str | None:
    r"""Check a final expression, in plain signs or in LaTeX; return None if it is right, else the reason it is not.

    It may be written as an equation with the target, such as `(20 - 16) \times 3 = 12`.
    """
    if len(answer) > _MAX_EXPRESSION:
        return f"the expression is longer than {_MAX_EXPRESSION} characters"
    text = _in_plain_signs(answer)
    if match := _EQUATION.fullmatch(text):
        for stated in (match[1], match[3]):
            if stated and int(stated) != target:
                return f"it says that it makes {stated}, not {target}"
        text = match[2]
    return game.check(numbers, target, text)


def normal_form(answer: str) -> str:
    """Write an expression so that any order and bracketing of the same sum or the same product reads the same.

    Differences, quotients and texts that are no expression stay as they are; nothing is computed.
    """
    if len(answer) > _MAX_EXPRESSION:
        return answer
    text = _in_plain_signs(answer)
    match = _EQUATION.fullmatch(text)
    return game.sorted_terms(match[2] if match else text) or " ".join(text.split())


def _in_plain_signs(answer: str) -> str:
    text = answer.strip()
    for pattern, sign in _PLAIN_SIGNS:
        text = pattern.sub(sign, text)
    before = ""
    while before != text:
        before, text = text, _FRACTION.sub(r"((\1)/(\2))", text)
    return text.strip()


class Legality:
    """Checks a move against the table, and a boxed expression against the puzzle."""

    name = "countdown"

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        r"""Take a step in compact notation as one claim, and of a step in prose the content of its last `\boxed{}`."""
        if Puzzle.read(problem.statement) is None:
            return []
        if all(_MOVE.match(text) for text in (*path, step)):
            return [Claim(step, (0, len(step)), problem, tuple(path))]
        try:
            span = boxed_span(step)
        except ValueError:
            return []
        if span is None or not re.search(r"[0-9]", step[slice(*span)]):
            return []
        return [Claim(step[slice(*span)], span, problem, tuple(path))]

    async def check(self, claim: Claim) -> Evidence:
        """Play the path and try the move, or evaluate the final expression."""
        detail = _objection(claim) if _MOVE.match(claim.text) else _mistake(claim)
        status = EvidenceStatus.REFUTED if detail else EvidenceStatus.CONFIRMED
        return Evidence(tool=self.name, status=status, claim=claim.text, detail=detail or "", span=claim.span)


def _mistake(claim: Claim) -> str | None:
    puzzle = Puzzle.read(claim.problem.statement)
    return fault(puzzle.numbers, puzzle.target, claim.text) if puzzle else "the statement is no Countdown puzzle"


def _objection(claim: Claim) -> str | None:
    puzzle = Puzzle.read(claim.problem.statement)
    table: tuple[int, ...] | None = puzzle.numbers if puzzle else None
    for text in claim.path:
        table = game.after(table, _read_move(text)[0]) if table else None
    if table is None:
        return "the path before it is not legal"
    move, remaining = _read_move(claim.text)
    following = game.after(table, move)
    if following is None:
        return f"{move} is not a legal move with {', '.join(map(str, table))}"
    if sorted(remaining, reverse=True) != list(following):
        return f"it leaves {', '.join(map(str, following))}, not {', '.join(map(str, remaining))}"
    return None


def _read_move(text: str) -> tuple[CountdownMove, list[int]]:
    match = _MOVE.match(text)
    assert match is not None
    move = CountdownMove(int(match["left"]), match["operator"], int(match["right"]), int(match["result"]))
    return move, [int(n) for n in match["remaining"].split()]
