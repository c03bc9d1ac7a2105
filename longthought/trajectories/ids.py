"""The names of debates: `problem#sample`, and `problem#sample/1` for the first sub-debate of it."""

import re
from typing import Final

from longthought.problems.problem import Problem

_SUBDEBATE: Final = re.compile(r"(.*#\d+)(?:/\d+)+", re.DOTALL)


def trajectory_id(problem: Problem, sample: int = 0) -> str:
    """Return the name of a debate: its problem and which of several samples it is."""
    return f"{problem.id}#{sample}"


def subdebate_id(name: str, number: int) -> str:
    """Return the name of a sub-debate: the debate that it serves and a number."""
    return f"{name}/{number}"


def root_debate(name: str) -> str | None:
    """Return the debate on a problem that a sub-debate, at any depth, belongs to; None for other names."""
    match = _SUBDEBATE.fullmatch(name)
    return match[1] if match else None
