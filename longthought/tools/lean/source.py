"""Write several statements and proofs into one file for Lean, each in its own namespace, and keep their lines.

Starting Lean takes from a second to a minute, so cases share a run. The last line of each case asks Lean for the
theorem by its full name; without an answer, Lean never got that far.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from longthought.tools.lean.statement import Body, Theorem


@dataclass(frozen=True, slots=True)
class ProofCase:
    """A statement and a proof that may be put under it."""

    statement: Theorem
    body: Body

    @property
    def shares(self) -> tuple[object, ...]:
        """What cases in one file must have in common: notation before a theorem would change how the others read."""
        return self.statement.imports, self.statement.preamble


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a case stands in the file; lines count from 1."""

    name: str
    """The theorem's full name."""
    first: int
    opening: int
    """The line of the opening bracket; the lines of the case above it are the statement."""
    closing: int
    """The line of the closing bracket."""
    end: tuple[int, int]
    """Line and column where the candidate's text ends, without trailing spaces."""
    marker: int
    """The line that asks for the theorem."""
    case: ProofCase

    @property
    def last(self) -> int:
        """The last line of the case."""
        return self.marker

    def in_proof(self, line: int, column: int) -> tuple[int, int]:
        """Translate a position in the file into one in the candidate's own text; (0, 0) for the statement."""
        body = self.case.body
        if line < self.opening:
            return 0, 0
        if line == self.opening:
            return body.first, 0
        if line >= self.closing:
            return body.first + len(body.lines) - 1, max(0, len(body.lines[-1]) - body.shift)
        return body.first + line - self.opening - 1, max(0, column - body.shift)


def write(cases: Sequence[ProofCase], *, axioms: bool) -> tuple[str, list[Placed]]:
    """Write the file for cases that share their imports and preamble."""
    lines = [f"import {module}" for module in cases[0].statement.imports]
    nonce = secrets.token_hex(8)
    placed: list[Placed] = []
    for number, case in enumerate(cases):
        space, statement, body = f"Case{number}_{nonce}", case.statement, case.body
        name = f"{space}.{statement.name}"
        first = len(lines) + 1
        lines += [f"namespace {space}", *statement.preamble.split("\n"), *statement.text.split("\n"), ":="]
        opening = len(lines) + 1
        lines += [body.opening, *body.lines, ")", f"end {space}"]
        lines.append(f"#print axioms {name}" if axioms else f"#check @{name}")
        closing = opening + len(body.lines) + 1
        end = (closing - 1, len(body.lines[-1].rstrip()))
        placed.append(Placed(name, first, opening, closing, end, len(lines), case))
    return "\n".join(lines) + "\n", placed
