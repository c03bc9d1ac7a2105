"""An independent computation as a tool: a model that has not seen the solution writes a program for the problem.

The sandbox runs the program, and what it prints is compared with the answer of a step. Agreement of two ways to an
answer is worth more than any opinion about one of them. A difference refutes neither: the program may be wrong too.
"""

from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from longthought.agents.dialects import prompts
from longthought.agents.dialects.thinking import without_thinking
from longthought.agents.editor import ask
from longthought.agents.endings import unusable
from longthought.domains.conventions import conventions
from longthought.problems.problem import Problem
from longthought.tools.answer.compare import compare
from longthought.tools.python import blocks
from longthought.tools.sandbox.pool import shared
from longthought.tools.verifier import Claim
from longthought.trajectories.events import Call, Evidence, EvidenceStatus


class Program:
    """A verifier of final answers by programs; see `longthought.tools.verifier.Verifier`."""

    name = "program"

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
        asked = prompts.PROBLEM.format(statement=claim.problem.statement) + prompts.WRITE_PROGRAM
        call = await ask(self._model, [SystemMessage(prompts.PROGRAMMER), HumanMessage(asked)], self._model_name)
        cut = unusable(call, "max_tokens")
        status, detail = (EvidenceStatus.ABSTAINED, cut.reason) if cut else await _compared(call.text, claim.text)
        found = Evidence(tool=self.name, status=status, claim=claim.text, detail=detail, span=claim.span)
        return found, (call,)


async def _compared(reply: str, answer: str) -> tuple[EvidenceStatus, str]:
    """Run the program in a reply, and compare what it prints with an answer."""
    programs = blocks(without_thinking(reply))
    if not programs:
        return EvidenceStatus.ABSTAINED, "the reply held no program"
    result = await shared().run(programs[-1][0])
    printed = result.stdout.strip().splitlines()
    if not printed:
        return EvidenceStatus.ABSTAINED, f"the program printed nothing ({result.run})"
    said = printed[-1].strip()[:100]
    match (await compare(answer, said)).equal:
        case True:
            return EvidenceStatus.CONFIRMED, "a program that was written for the problem alone prints the same"
        case False:
            return EvidenceStatus.DISPUTED, f"a program that was written for the problem alone prints {said}"
        case None:
            return EvidenceStatus.ABSTAINED, f"the program printed {said}"
