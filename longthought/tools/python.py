"""Runs the Python block of a step in the sandbox. A run by itself proves nothing; an expected value does.

It reads the step, and the blocks of the steps before it where a session is wanted. It doesn't guess from prose what a
program ought to print: only a value that the caller names is held against the output.
"""

import ast
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from longthought.problems.problem import Problem
from longthought.tools.sandbox.pool import Sandbox, shared
from longthought.tools.sandbox.result import RunResult, RunStatus
from longthought.tools.verifier import Claim
from longthought.trajectories.events import Evidence, EvidenceStatus

_BLOCK: Final = re.compile(r"^[ \t]*```[ \t]*(?:python3?|py)[ \t]*\n(.*?)^[ \t]*```[ \t]*$", re.MULTILINE | re.DOTALL)
_NUMBER: Final = re.compile(r"[-+]?[0-9]{1,300}(?:\.[0-9]{1,300})?(?:[eE][-+]?[0-9]{1,3})?")
_CLOSE: Final = Fraction(1, 10**9)
"""Relative difference under which two decimals are the same."""
_SHOWN: Final = 1000
"""Characters of output in the evidence."""


def blocks(step: str) -> list[tuple[str, tuple[int, int]]]:
    """Return the fenced Python blocks of a step, and where they stand in it."""
    return [(block[1], block.span(1)) for block in _BLOCK.finditer(step)]


class Python:
    """Runs code; abstains unless an expected value is given."""

    name = "python"

    def __init__(self, sandbox: Sandbox | None = None, *, session: bool = False) -> None:
        """Use a sandbox, by default the one that this process shares.

        Args:
            sandbox: where to run.
            session: whether the blocks of the steps before are run first, so that their names are known.

        """
        self._sandbox, self._session = sandbox, session

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        """Take the block of a step, if it has exactly one."""
        found = blocks(step)
        return [Claim(text, span, problem, tuple(path)) for text, span in found] if len(found) == 1 else []

    async def check(self, claim: Claim) -> Evidence:
        """Run the code and report the output."""
        return self.evidence(claim, await self.run(claim))

    async def observe(self, claim: Claim) -> tuple[Evidence, str]:
        """Run the code; return what it means, without the output, and the output."""
        result = await self.run(claim)
        return self.evidence(claim, result).model_copy(update={"detail": brief(result)}), printed(result)

    async def run(self, claim: Claim) -> RunResult:
        """Run the code and return what came of it, for whoever wants the output too."""
        cells = [cell for text in claim.path for cell, _ in blocks(text)] if self._session else []
        return await (self._sandbox or shared()).run(claim.text, cells=cells)

    def evidence(self, claim: Claim, result: RunResult, expected: str | None = None) -> Evidence:
        """Say what a run means for a claim.

        Args:
            claim: what was run.
            result: how the run ended.
            expected: what it ought to print, if anyone knows; compared as text, then as Python values, numbers with a
                decimal point to nine digits. What can't be compared so is left open.

        """
        status, detail = EvidenceStatus.ABSTAINED, told(result)
        if result.run is RunStatus.SANDBOX_UNAVAILABLE:
            status = EvidenceStatus.UNAVAILABLE
        elif result.run is RunStatus.OK and expected is not None:
            same = _same(expected, result.stdout)
            if same is not None:
                status = EvidenceStatus.CONFIRMED if same else EvidenceStatus.REFUTED
            detail = f"expected {expected.strip()[:_SHOWN]!r}; {detail}"
        return Evidence(
            tool=self.name, status=status, claim=claim.text, detail=detail, span=claim.span, seconds=result.seconds
        )


def brief(result: RunResult) -> str:
    """Put the end of a run into words."""
    return f"run: {result.run} ({result.detail})" if result.detail else f"run: {result.run}"


def printed(result: RunResult) -> str:
    """Join what a run printed and the errors it ended in; empty if it didn't run."""
    return "\n".join(part.strip("\n") for part in (result.stdout, result.stderr) if part.strip())


def told(result: RunResult) -> str:
    """Put a run into words: its status, the output, and the end of the errors."""
    parts = [brief(result)]
    if result.stdout:
        parts.append(f"it printed:\n{_shortened(result.stdout)}")
    elif result.run is RunStatus.OK:
        parts.append("it printed nothing")
    if result.stderr:
        parts.append(f"on standard error:\n{_shortened(result.stderr)}")
    return "\n".join(filter(None, parts))


def _shortened(text: str) -> str:
    text = text.strip("\n")
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]}\n[…]\n{text[-_SHOWN // 2 :]}"


def _same(expected: str, printed: str) -> bool | None:
    """Compare two texts; None where they differ, but may mean the same."""
    one, other = " ".join(expected.split()), " ".join(printed.split())
    if one == other:
        return True
    if _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other):
        return _close(one, other)
    try:
        values: tuple[Any, Any] = ast.literal_eval(one), ast.literal_eval(other)
        return bool(values[0] == values[1]) if type(values[0]) is type(values[1]) else None
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def _close(one: str, other: str) -> bool:
    a, b = Fraction(one), Fraction(other)
    if not set(".eE") & set(one + other):
        return a == b
    return abs(a - b) <= _CLOSE * max(abs(a), abs(b))
