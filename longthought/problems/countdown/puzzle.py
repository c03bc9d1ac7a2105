"""A Countdown problem: its numbers, target and statement. Its solution is not known here."""

import re
from dataclasses import dataclass
from typing import Final

_STATEMENT: Final = re.compile(
    r"^\s*use\s+(?P<numbers>\d{1,9}(?:\s*(?:,\s*and|,|and)\s*\d{1,9}){1,9})\s*,?\s*(?:each\s+(?:exactly\s+)?once\s*,?)?"
    r"\s*to\s+(?:make|reach|get)\s+(?P<target>\d{1,9})\s*\.?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Puzzle:
    """One Countdown problem: the numbers as dealt, and the target."""

    numbers: tuple[int, ...]
    target: int

    @property
    def id(self) -> str:
        """A canonical name: sorted numbers and target."""
        return f"countdown-{'-'.join(str(n) for n in sorted(self.numbers))}-{self.target}"

    @property
    def statement(self) -> str:
        """The problem in words, as agents see it."""
        *rest, last = (str(n) for n in self.numbers)
        return f"Use {', '.join(rest)} and {last}, each once, to make {self.target}."

    @classmethod
    def read(cls, statement: str) -> "Puzzle | None":
        """Read `Use 16, 16, 8 and 11, each once, to make 35.`; None for any other text."""
        match = _STATEMENT.match(statement)
        if match is None:
            return None
        return cls(tuple(int(n) for n in re.findall(r"\d+", match["numbers"])), int(match["target"]))
