"""An independent computation as a tool: a model that has not seen the solution writes a program for the problem.

The sandbox runs the program, and what it prints is compared with the answer of a step. Agreement of two ways to an
answer is worth more than any opinion about one of them. A difference refutes neither: the program may be wrong too.
A policy that writes such programs alone is the baseline of both.
"""

import ast
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from langchain_core.language_models import BaseChatModel

from longthought.agents.accepting import INDEPENDENT
from longthought.agents.agent import Policy, Reply
from longthought.agents.dialects.dialect import Step, Unreadable
from longthought.agents.dialects.programs import request
from longthought.agents.dialects.thinking import without_thinking
from longthought.agents.editor import ask
from longthought.agents.endings import unusable
from longthought.agents.view import View
from longthought.domains.conventions import conventions
from longthought.problems.problem import Problem
from longthought.problems.worked import Worked
from longthought.tools.answer.compare import compare
from longthought.tools.completion import parsed
from longthought.tools.python import blocks
from longthought.tools.sandbox.pool import shared
from longthought.tools.verifier import Claim
from longthought.trajectories.events import Call, Evidence, EvidenceStatus


class Program:
    """A verifier of final answers by programs; see `longthought.tools.verifier.Verifier`."""

    name = INDEPENDENT

    def __init__(self, model_name: str, model: BaseChatModel) -> None:
        """Take the model that writes the programs; it belongs to whoever made it."""
        self._model_name, self._model = model_name, model

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        """Return the final answer of a step; nothing if it gives none, or one that no program can print."""
        try:
            answer = conventions(problem).step_answer(path, step)
        except ValueError:
            return []
        if answer is None or "\n" in answer or not any(character.isdigit() for character in answer):
            return []
        start = max(step.rfind(answer), 0)
        return [Claim(answer, (start, start + len(answer)), problem, tuple(path))]

    async def check(self, claim: Claim) -> Evidence:
        """Check one claim."""
        return (await self.compute(claim))[0]

    async def compute(self, claim: Claim) -> tuple[Evidence, tuple[Call, ...]]:
        """Have a program written and run, and compare; return the evidence and the model call.

        Raises:
            EndpointError: if the request fails; an OutageError if every request to the model would.

        """
        call = await ask(self._model, request(claim.problem), self._model_name)
        result = unusable(call, "max_tokens") or await printed(call.text)
        if isinstance(result, Unreadable):
            found, status, detail = None, EvidenceStatus.ABSTAINED, result.reason
        else:
            found, (status, detail) = result, await _compared(result, claim.text)
        evidence = Evidence(
            tool=self.name, status=status, claim=claim.text, detail=detail, span=claim.span, found=found
        )
        return evidence, (call,)


class Programmer(Policy):
    """A policy whose solutions are programs: the answer is what one prints in the sandbox.

    After Chen et al., "Program of Thoughts Prompting", and Gao et al., "PAL: Program-aided Language Models", 2022.
    """

    async def solve(self, view: View, count: int, examples: Sequence[Worked] = ()) -> Sequence[Reply[Step]]:
        """Ask for several programs at once, and run each; one that prints nothing gives no answer."""
        replies = await super().solve(view, count, examples)
        return [
            replace(reply, read=reply.read if isinstance(reply.read, Unreadable) else await _run(reply.read))
            for reply in replies
        ]


async def _run(step: Step) -> Step:
    """Return a solution that is a program with what it prints as its answer."""
    result = await printed(step.text)
    return Step(step.text) if isinstance(result, Unreadable) else Step(f"{step.text}\n\nIt prints {result}.", result)


async def printed(reply: str) -> str | Unreadable:
    """Run the program in a reply, and return the last line that it prints."""
    program = _program(without_thinking(reply))
    if program is None:
        return Unreadable("the reply held no program")
    result = await shared().run(program)
    lines = result.stdout.strip().splitlines()
    return _value(lines[-1].strip()) if lines else Unreadable(f"the program printed nothing ({result.run})")


def _program(reply: str) -> str | None:
    """Return the last program of a reply, or the reply if it is nothing else; a value that it ends with is printed."""
    found = blocks(reply)
    program = found[-1][0] if found else reply
    body = parsed(program.strip())
    computes = any(isinstance(node, ast.Call | ast.BinOp) for statement in body for node in ast.walk(statement))
    if not found and not computes:  # words may parse too, such as `It is 12.`
        return None
    if body and isinstance(last := body[-1], ast.Expr):
        shown = f"if (_ := {ast.unparse(last.value)}) is not None: print(_)"
        return "\n".join([*map(ast.unparse, body[:-1]), shown])
    return program


def _value(line: str) -> str:
    """Return the last number of a line that is a sentence, as in `Total: $180.00`; any other line as it is."""
    numbers = _NUMBER.findall(line)
    return numbers[-1] if numbers and _WORD.search(line) else line[:100]


_NUMBER: Final = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?")
_WORD: Final = re.compile(r"[^\W\d_]{2}")


async def _compared(found: str, answer: str) -> tuple[EvidenceStatus, str]:
    """Compare what a program printed with an answer."""
    match (await compare(answer, found)).equal:
        case True:
            return EvidenceStatus.CONFIRMED, "a program that was written for the problem alone prints the same"
        case False:
            return EvidenceStatus.DISPUTED, f"a program that was written for the problem alone prints {found}"
        case None:
            return EvidenceStatus.ABSTAINED, f"the program printed {found}"
