"""The protocol of verifiers, which find the claims of a step and return evidence for each.

A verifier sees the statement and the steps, never a reference. It says nothing about whether a step is wise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from longthought.problems.problem import Problem
from longthought.trajectories.events import Call, Evidence


@dataclass(frozen=True, slots=True)
class Claim:
    """An assertion in a step that a tool can check."""

    text: str
    """The words of the claim."""
    span: tuple[int, int]
    """The start and end of these words in the step."""
    problem: Problem
    path: tuple[str, ...]
    """The accepted steps before it."""


class Verifier(Protocol):
    """A tool that checks claims."""

    name: str

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        """Find the claims in a step that this tool can check."""
        ...

    async def check(self, claim: Claim) -> Evidence:
        """Check one claim; no content of a claim raises."""
        ...


@runtime_checkable
class Asking(Verifier, Protocol):
    """A tool that asks a model: `compute` is called in place of `check`, and what it costs is logged."""

    async def compute(self, claim: Claim) -> tuple[Evidence, tuple[Call, ...]]:
        """Check one claim; return the evidence and the model calls."""
        ...


@runtime_checkable
class Interpreter(Verifier, Protocol):
    """A tool that runs the code of a step; the output is shown to the policy."""

    async def observe(self, claim: Claim) -> tuple[Evidence, str]:
        """Check one claim; return the evidence and the output."""
        ...
