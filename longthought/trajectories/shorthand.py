"""The shorthand of the bundled agents, read aloud: `15 / 3 = 5 left 20 13 5` as English.

Logs keep the agents' own words, and small agents speak in numbers. A reader wants sentences. Steps and look-aheads are
recognised by their form alone; whatever has another form is no shorthand. Whether a step is legal or a look-ahead
right, nothing here knows.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

_STEP: Final = re.compile(r"(?P<equation>\d+ [-+*/] \d+ = (?P<result>\d+)) left (?P<left>\d+(?: \d+)*)", re.ASCII)
_VALUES: Final = r"((?:\d+|blank)(?: (?:\d+|blank))*)"
_LOOK: Final = re.compile(rf"(?:(\d+) )?need {_VALUES} have {_VALUES} (found|none)(?: |$)", re.ASCII)


class Step(NamedTuple):
    """A step of Countdown: the equation, and the numbers it leaves."""

    equation: str
    left: tuple[str, ...]


def read_step(text: str) -> Step | None:
    """Read a step; None if it is no shorthand."""
    match = _STEP.fullmatch(text)
    return None if match is None else Step(match["equation"], tuple(match["left"].split()))


def step(text: str) -> str | None:
    """Say a step in words, to stand inside a sentence; None if it is no shorthand."""
    read = read_step(text)
    if read is None:
        return None
    return read.equation if len(read.left) == 1 else f"{read.equation}, which leaves {_listed(read.left, 'and')}"


def place(text: str) -> str | None:
    """Name the place that a step leads to; None if it is no shorthand."""
    read = read_step(text)
    if read is None:
        return None
    return read.equation if len(read.left) == 1 else f"{read.equation}, with {_listed(read.left, 'and')} left"


def look_ahead(text: str) -> str | None:
    """Say a critic's look-ahead in sentences; None if it is no shorthand."""
    if text == "wrong":
        return "The arithmetic is wrong."
    said: dict[str, str] = {}
    """By what was looked at: equal numbers are looked at alike, and once is enough for a listener."""
    at = 0
    while at < len(text):
        match = _LOOK.match(text, at)
        if match is None:
            return None
        held, need, have, outcome = match.groups()
        look = _look(held, _numbers(need), _numbers(have), found=outcome == "found", again=bool(said))
        said.setdefault(match[0].strip(), look)
        at = match.end()
    return " ".join(said.values()) or None


def _look(held: str | None, need: Sequence[str], have: Sequence[str], *, found: bool, again: bool) -> str:
    wanted = _listed(need, "or") or "a number out of reach"
    made = _listed(have, "and") or "nothing of use"
    if held is None:
        if not found:
            return f"I need {wanted}, but I only get {made}."
        return f"I need {wanted}, and {have[-1]} is {'what I get' if len(have) == 1 else f'among {made}'}."
    opening = f"With {held} last, they" if again else f"Keeping {held} for last, the others"
    if not found:
        return f"{opening} would have to make {wanted}, but they make {made}."
    fitting = "" if len(have) == 1 else f", and {have[-1]} fits"
    return f"{opening} have to make {wanted}: they can make {made}{fitting}."


def _numbers(words: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words.split() if word != "blank"))


def _listed(items: Sequence[str], conjunction: str) -> str:
    *rest, last = items or ("",)
    return f"{', '.join(rest)} {conjunction} {last}" if rest else last
