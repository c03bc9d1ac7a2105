"""Run the Python block of a step in the sandbox. A run alone proves nothing; an expected value decides.

It reads the step and, in a session, the blocks of the steps before it. It doesn't guess from prose what a program
should print: only a value from the caller is compared with the output.
"""

import ast
import re
import textwrap
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from longthought.problems.problem import Problem
from longthought.tools.sandbox.pool import Sandbox, shared
from longthought.tools.sandbox.result import RunResult, RunStatus
from longthought.tools.verifier import Claim
from longthought.trajectories.events import Evidence, EvidenceStatus

_BLOCK: Final = re.compile(
    r"^[ \t]*```[ \t]*(?:python3?|py)[ \t]*\n(.*?)^[ \t]*```[ \t]*$", re.MULTILINE | re.DOTALL | re.IGNORECASE
)
_NUMBER: Final = re.compile(r"[-+]?[0-9]{1,300}(?:\.[0-9]{1,300})?(?:[eE][-+]?[0-9]{1,3})?")
_TOLERANCE: Final = Fraction(1, 10**9)
"""Maximum relative difference between two decimals that count as equal."""
_MAX_SHOWN: Final = 1000
"""Maximum number of characters of output in the evidence."""


def blocks(step: str) -> list[tuple[str, tuple[int, int]]]:
    """Return the fenced Python blocks of a step, each with its span; one in a list loses the list's indentation."""
    return [(textwrap.dedent(block[1]), block.span(1)) for block in _BLOCK.finditer(step)]


class Python:
    """Runs code; abstains unless an expected value is given."""

    name = "python"

    def __init__(self, sandbox: Sandbox | None = None, *, session: bool = False) -> None:
        """Use this sandbox; by default the one that this process shares.

        Args:
            sandbox: the sandbox to run in.
            session: whether the blocks of earlier steps are run first, so that their names are defined.

        """
        self._sandbox, self._session = sandbox, session

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        """Take the block of a step, if it has exactly one."""
        programs = blocks(step)
        return [Claim(text, span, problem, tuple(path)) for text, span in programs] if len(programs) == 1 else []

    async def check(self, claim: Claim) -> Evidence:
        """Run the code and report the output."""
        return self.evidence(claim, await self.run(claim))

    async def observe(self, claim: Claim) -> tuple[Evidence, str]:
        """Run the code; return the evidence without the output, and the output."""
        result = await self.run(claim)
        return self.evidence(claim, result).model_copy(update={"detail": brief(result)}), printed(result)

    async def run(self, claim: Claim) -> RunResult:
        """Run the code and return the result with its output."""
        cells = [cell for text in claim.path for cell, _ in blocks(text)] if self._session else []
        return await (self._sandbox or shared()).run(claim.text, cells=cells)

    def evidence(self, claim: Claim, result: RunResult, expected: str | None = None) -> Evidence:
        """Turn the result of a run into evidence for a claim.

        Args:
            claim: the claim whose code was run.
            result: how the run ended.
            expected: the expected output, if known; compared as text, then as Python values, numbers with a decimal
                point to nine digits. Outputs that can't be compared in this way are left open.

        """
        status, detail = EvidenceStatus.ABSTAINED, described(result)
        if result.run is RunStatus.SANDBOX_UNAVAILABLE:
            status = EvidenceStatus.UNAVAILABLE
        elif result.run is RunStatus.OK and expected is not None:
            same = _same(expected, result.stdout)
            if same is not None:
                status = EvidenceStatus.CONFIRMED if same else EvidenceStatus.REFUTED
            detail = f"expected {expected.strip()[:_MAX_SHOWN]!r}; {detail}"
        return Evidence(
            tool=self.name, status=status, claim=claim.text, detail=detail, span=claim.span, seconds=result.seconds
        )


def brief(result: RunResult) -> str:
    """Describe how a run ended."""
    return f"run: {result.run} ({result.detail})" if result.detail else f"run: {result.run}"


def printed(result: RunResult) -> str:
    """Join the output and the errors of a run; empty if it didn't run."""
    return "\n".join(part.strip("\n") for part in (result.stdout, result.stderr) if part.strip())


def described(result: RunResult) -> str:
    """Describe a run: its status, its output, and the end of its errors."""
    lines = [brief(result)]
    if result.stdout:
        lines.append(f"it printed:\n{_shortened(result.stdout)}")
    elif result.run is RunStatus.OK:
        lines.append("it printed nothing")
    if result.stderr:
        lines.append(f"on standard error:\n{_shortened(result.stderr)}")
    return "\n".join(filter(None, lines))


def _shortened(text: str) -> str:
    text = text.strip("\n")
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN // 2]}\n[…]\n{text[-_MAX_SHOWN // 2 :]}"


def _same(expected: str, printed: str) -> bool | None:
    """Compare two texts; None if they differ but may mean the same."""
    expected_text, printed_text = " ".join(expected.split()), " ".join(printed.split())
    if expected_text == printed_text:
        return True
    if _NUMBER.fullmatch(expected_text) and _NUMBER.fullmatch(printed_text):
        return _close(expected_text, printed_text)
    try:
        values: tuple[Any, Any] = ast.literal_eval(expected_text), ast.literal_eval(printed_text)
        return bool(values[0] == values[1]) if type(values[0]) is type(values[1]) else None
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def _close(one: str, other: str) -> bool:
    a, b = Fraction(one), Fraction(other)
    if not set(".eE") & set(one + other):
        return a == b
    return abs(a - b) <= _TOLERANCE * max(abs(a), abs(b))
