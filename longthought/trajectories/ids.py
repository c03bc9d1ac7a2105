"""The names of debates: `problem#sample`, and `problem#sample/1` for a sub-debate of one."""

import re
from typing import Final

from longthought.problems.problem import Problem

_SUBDEBATE: Final = re.compile(r"(.*#\d+)(?:/\d+)+", re.DOTALL)


def trajectory_id(problem: Problem, sample: int = 0) -> str:
    """Name a debate after its problem and which of several samples it is."""
    return f"{problem.id}#{sample}"


def subdebate_id(name: str, number: int) -> str:
    """Name a sub-debate after the debate that it serves."""
    return f"{name}/{number}"


def root_debate(name: str) -> str | None:
    """Return the debate on a problem that a sub-debate serves in the end; None for a debate on a problem."""
    found = _SUBDEBATE.fullmatch(name)
    return found[1] if found else None
