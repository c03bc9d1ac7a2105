"""The protocol of verifiers: claims out of a step, evidence for each.

A verifier sees the statement and the steps, never a reference. It says nothing about whether a step is wise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from longthought.problems.problem import Problem
from longthought.trajectories.events import Evidence


@dataclass(frozen=True, slots=True)
class Claim:
    """Something a step says that a tool can look into."""

    text: str
    """The words of the step that make the claim."""
    span: tuple[int, int]
    """Where they stand in the step."""
    problem: Problem
    path: tuple[str, ...]
    """The accepted steps before it."""


class Verifier(Protocol):
    """One tool."""

    name: str

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        """Find what this tool can check in a step; nothing if it can't help."""
        ...

    async def check(self, claim: Claim) -> Evidence:
        """Look into one claim. Never raises for what a claim says."""
        ...


@runtime_checkable
class Interpreter(Verifier, Protocol):
    """A tool that runs what a step holds; what it prints is shown to the policy."""

    async def observe(self, claim: Claim) -> tuple[Evidence, str]:
        """Look into one claim, and return what was printed beside the evidence."""
        ...
