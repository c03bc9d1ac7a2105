"""Exact arithmetic: equalities between numbers in a step, recomputed with rationals.

High precision first: what is not plainly an equality of numbers is left alone, for a false alarm costs a good path. So
an equality counts only where it stands for itself: not inside a longer expression or a chain, not beside a unit, a
percent sign or a mixed number, not in a text that rounds, counts modulo something, or says that it is wrong.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from longthought.problems.problem import Problem
from longthought.tools.verifier import Claim
from longthought.trajectories.events import Evidence, EvidenceStatus

_NUMBER: Final = r"[0-9]{1,15}(?:\.[0-9]{1,15})?"
_OPERATOR: Final = r"[-+*/×÷−]"
_EQUALITY: Final = re.compile(
    rf"(?<![0-9.,])({_NUMBER}(?:[ \t]*{_OPERATOR}[ \t]*{_NUMBER}){{1,20}})[ \t]*=[ \t]*({_NUMBER})(?![0-9]|[.,][0-9])"
)
_TOKEN: Final = re.compile(rf"{_NUMBER}|{_OPERATOR}")
_MARKS: Final = r"(?:\*\*|[$`]|\\\(|\\\[|\\\)|\\\])*"
"""How an equality may be set: bold, as code, or as LaTeX."""
_BEFORE: Final = re.compile(
    r"(?:^\s*|[A-Za-z0-9.:;!?)\]}$`*]\s*\n\s*|[A-Za-z)]\s*[.:;,!?]\s+|[0-9]\s*[.:;!]\s+"
    r"|\b(?i:so|then|now|first|next|finally|also|have|has|get|gets|gives|giving|compute|computing|calculate|use|using"
    r"|is|since|because|as|thus|hence|therefore|step|via)\s+)"
    rf"{_MARKS}$"
)
_AFTER: Final = re.compile(
    rf"{_MARKS}(?:\s*$|[ \t]*\n\s*(?![-+*/×÷−·^%=<>!(\\&.,\s])|[.,;]\s*$|[.;]\s+(?![-+*/×÷−·^%=<>])"
    r"|,\s+(?![-+*/×÷−·^%=<>0-9])"
    r"|\s+(?:left(?!\s*over)|leaving|leaves|which|so|then|but|because|since)\b)"
)
_ELSEWHERE: Final = re.compile(
    r"[≡≈≠]|\b(?:mod|modulo|base|binary|octal|hexadecimal|remainders?|left ?over|quotient|integer division|floor|ceil"
    r"|round(?:s|ed|ing)?|truncat\w*|approx\w*|about|roughly|nearly|almost"
    r"|not|never|wrong|false|incorrect\w*|mistake\w*|error\w*|if|suppose|assum\w*|would|unless|contradict\w*|instead)\b"
    r"|n't\b",
    re.IGNORECASE,
)
"""Words under which an equality may be right, or said, although it is not true of plain numbers."""
_SEEN: Final = 80
"""Characters before an equality that are looked at."""
_RANGE: Final = re.compile(r"[0-9]+(?:[-−/][0-9]+)+")


class Algebra:
    """Recomputes `A op B … = C` exactly."""

    name = "algebra"

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        """Find the equalities between plain numbers."""
        if _ELSEWHERE.search(step) or _ELSEWHERE.search(problem.statement):
            return []
        return [
            Claim(m.group(), m.span(), problem, tuple(path))
            for m in _EQUALITY.finditer(step)
            if _stands_alone(step, *m.span())
        ]

    async def check(self, claim: Claim) -> Evidence:
        """Recompute one equality."""
        match = _EQUALITY.fullmatch(claim.text)
        if match is None:
            return self._evidence(claim, EvidenceStatus.ABSTAINED, "not plain arithmetic")
        left, right = match.groups()
        try:
            found, said = _value(left), Fraction(right)
        except ZeroDivisionError:
            return self._evidence(claim, EvidenceStatus.ABSTAINED, "it divides by zero")
        if found == said:
            return self._evidence(claim, EvidenceStatus.CONFIRMED, "")
        if _RANGE.fullmatch(left):
            return self._evidence(claim, EvidenceStatus.ABSTAINED, f"{left} may be a range, a date or a ratio")
        if re.fullmatch(r"[0-9]+ ?[/÷] ?[0-9]+", left) and said == found // 1:
            return self._evidence(claim, EvidenceStatus.ABSTAINED, f"{left} is {found}; {said} is its whole part")
        if "." in right and abs(found - said) < Fraction(1, 10 ** len(right.partition(".")[2])):
            return self._evidence(claim, EvidenceStatus.ABSTAINED, f"{left} is {found}, which rounds to {said}")
        return self._evidence(claim, EvidenceStatus.REFUTED, f"{left} is {found}, not {said}")

    def _evidence(self, claim: Claim, status: EvidenceStatus, detail: str) -> Evidence:
        return Evidence(tool=self.name, status=status, claim=claim.text, detail=detail, span=claim.span)


def _stands_alone(step: str, start: int, end: int) -> bool:
    """Say whether nothing around an equality can change what it means."""
    before = step[max(0, start - _SEEN) : start]
    if start > _SEEN and not before.strip():
        return False
    return _BEFORE.search(before) is not None and _AFTER.match(step, end) is not None


def _value(text: str) -> Fraction:
    """Compute numbers and operators, multiplication and division first, each from left to right."""
    tokens = _TOKEN.findall(text)
    total, term = Fraction(0), Fraction(tokens[0])
    for operator, token in zip(tokens[1::2], tokens[2::2], strict=True):
        number = Fraction(token)
        if operator in "*×":
            term *= number
        elif operator in "/÷":
            term /= number
        else:
            total, term = total + term, number if operator == "+" else -number
    return total + term
