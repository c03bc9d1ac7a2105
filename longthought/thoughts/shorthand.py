"""The shorthand of the bundled agents, read aloud: `15 / 3 = 5 left 20 13 5` as English.

Logs keep the agents' own words, and small agents write numbers where a reader wants sentences. Steps and look-aheads
are recognised by their form alone; any other text is no shorthand. Nothing here checks whether a step is legal or a
look-ahead right.
"""

from collections.abc import Sequence

from longthought.problems.countdown import lookahead
from longthought.problems.countdown.lookahead import LookAheadLine
from longthought.problems.countdown.notation import ParsedStep, read_step


def step(text: str) -> str | None:
    """Say a step in words, to stand inside a sentence; None if it is no shorthand."""
    read = read_step(text)
    if read is None:
        return None
    left = read.remaining
    return equation(read) if len(left) == 1 else f"{equation(read)}, which leaves {_listed(left, 'and')}"


def step_name(text: str) -> str | None:
    """Name a step by its sum and the numbers it leaves; None if it is no shorthand."""
    read = read_step(text)
    if read is None:
        return None
    left = read.remaining
    return equation(read) if len(left) == 1 else f"{equation(read)}, with {_listed(left, 'and')} left"


def equation(step: ParsedStep) -> str:
    """Write the sum of a step, without the numbers it leaves."""
    return f"{step.left} {step.operator} {step.right} = {step.result}"


def look_ahead(text: str) -> str | None:
    """Say a critic's look-ahead in sentences; None if it is no shorthand."""
    if text == lookahead.WRONG:
        return "The arithmetic is wrong."
    sentences: list[str] = []
    looked_at: list[LookAheadLine] = []
    for look in lookahead.read(text) or ():
        if look not in looked_at:  # equal numbers give equal looks, of which one is told
            sentences.append(_look(look, again=bool(sentences)))
            looked_at.append(look)
    return " ".join(sentences) or None


def _look(look: LookAheadLine, *, again: bool) -> str:
    need, have = _numbers(look.need), _numbers(look.have)
    needed = _listed(need, "or") or "a number out of reach"
    reached = _listed(have, "and") or "nothing of use"
    if look.held is None:
        if not look.found:
            return f"I need {needed}, but I only get {reached}."
        return f"I need {needed}, and {have[-1]} is {'what I get' if len(have) == 1 else f'among {reached}'}."
    opening = f"With {look.held} last, they" if again else f"Keeping {look.held} for last, the others"
    if not look.found:
        return f"{opening} would have to make {needed}, but they make {reached}."
    fitting = "" if len(have) == 1 else f", and {have[-1]} fits"
    return f"{opening} have to make {needed}: they can make {reached}{fitting}."


def _numbers(values: Sequence[int | None]) -> list[int]:
    return list(dict.fromkeys(value for value in values if value is not None))


def _listed(items: Sequence[int], conjunction: str) -> str:
    *rest, last = map(str, items) if items else ("",)
    return f"{', '.join(rest)} {conjunction} {last}" if rest else last
