"""Run the examples in a programming problem's statement against the program of a step.

Only the statement and the step are read; the hidden tests are left to the grader.
"""

import ast
import doctest
import re
from collections.abc import Sequence
from typing import Final, Literal

from longthought.problems.problem import Problem
from longthought.tools.completion import completed, parsed, whole_program
from longthought.tools.sandbox.pool import Sandbox, shared
from longthought.tools.sandbox.result import Mark
from longthought.tools.verifier import Claim
from longthought.trajectories.events import Evidence, EvidenceStatus

_STATUS: Final = {
    Mark.PASSED: EvidenceStatus.CONFIRMED,
    Mark.FAILED: EvidenceStatus.REFUTED,
    Mark.UNSUPPORTED: EvidenceStatus.ABSTAINED,
    Mark.UNAVAILABLE: EvidenceStatus.UNAVAILABLE,
}
DOMAIN: Final = "code"
"""The only domain whose statements hold examples."""
_FENCE: Final = re.compile(r"^[ \t]*(?:```[^\n]*|\"\"\"|''')[ \t]*$", re.MULTILINE)
_ASSERT: Final = re.compile(r"^[ \t]*(assert\b.*)$", re.MULTILINE)
_NAMES: Final = re.compile(r"[A-Za-z_]\w*")


class Examples:
    """Runs each example of the statement against the program."""

    name = "examples"

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        """Use this sandbox; by default the one that this process shares."""
        self._sandbox = sandbox

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        """Take the last program of a step, if the statement has examples that it could pass."""
        if problem.domain != DOMAIN or not (program := whole_program(step)) or not examples(problem.statement):
            return []
        text, span = program
        return [Claim(text, span, problem, tuple(path))]

    async def check(self, claim: Claim) -> Evidence:
        """Run the examples that call something the program defines; all of them must pass."""
        program = completed(claim.problem.statement, claim.text)
        defined = _defined(program)
        relevant = [line for line in examples(claim.problem.statement) if defined & set(_NAMES.findall(line))]
        if not relevant:
            return self._evidence(claim, EvidenceStatus.ABSTAINED, "the program defines nothing that the examples call")
        for number, line in enumerate(relevant, start=1):
            judgement = await (self._sandbox or shared()).judge(program, line)
            if judgement.mark is not Mark.PASSED:
                detail = f"example {number} of {len(relevant)}, `{line}`: {judgement.detail or judgement.mark}"
                return self._evidence(claim, _STATUS[judgement.mark], detail)
        plural = "example" if len(relevant) == 1 else "examples"
        return self._evidence(claim, EvidenceStatus.CONFIRMED, f"{len(relevant)} {plural} of the statement passed")

    def _evidence(self, claim: Claim, status: EvidenceStatus, detail: str) -> Evidence:
        return Evidence(tool=self.name, status=status, claim=claim.text, detail=detail, span=claim.span)


def _defined(program: str) -> set[str]:
    """Return the names of functions and classes at the top level of a program."""
    return {n.name for n in parsed(program) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}


def examples(statement: str) -> list[str]:
    """Return the tests that a statement shows, as `assert` lines: its own, and what stands behind `>>>`."""
    found = [line for line in _ASSERT.findall(statement) if _parses(line, "exec")]
    try:
        shown = doctest.DocTestParser().get_examples(_FENCE.sub("", statement))
    except ValueError:
        return found
    for example in shown:
        source, want = example.source.strip(), example.want.strip()
        if _parses(source, "eval") and _parses(want, "eval") and not _prints(source):
            found.append(f"assert ({ast.unparse(ast.parse(source, mode='eval'))}) == ({want})")
    return found


def _prints(source: str) -> bool:
    """Say whether an expression is a call of `print`, whose value isn't what is shown below it."""
    called = ast.parse(source, mode="eval").body
    return isinstance(called, ast.Call) and isinstance(called.func, ast.Name) and called.func.id == "print"


def _parses(text: str, mode: Literal["exec", "eval"]) -> bool:
    """Say whether a text is a program, or an expression with the mode `eval`."""
    try:
        ast.parse(text, mode=mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
