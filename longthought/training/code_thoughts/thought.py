"""One thought that ends in a program which works.

A program is taken only if it answers its problem when it runs, and a thought only if the program read from its end is
the same one and answers too. The thought is told by rule, or written by a chat model and then checked; one that fails
the check is told by rule. Only the thought is learned, and references never stand in it.

Programs as thoughts: Gao et al., "PAL: Program-aided Language Models", 2023.
"""

import ast
from dataclasses import dataclass
from typing import Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from longthought.agents.dialects.thinkers import VOICES
from longthought.domains.catalogue import domain_of
from longthought.domains.grade import grade
from longthought.errors import RefusedError
from longthought.problems.problem import Problem, Task
from longthought.tools.completion import parsed
from longthought.tools.python import blocks
from longthought.tools.sandbox.pool import shared
from longthought.tools.sandbox.result import RunStatus
from longthought.training.code_thoughts.narration import narrate
from longthought.training.code_thoughts.replies import Replies
from longthought.training.data.rows import RULE

WRITER: Final = """You are shown a problem and a program that solves it. Write the thoughts of somebody who finds this \
program: what is asked, what ideas come up, what could go wrong, why each part of the program is as it is, step by \
step, in the first person, as if the program were not yet known. Do not write the program itself; it will be put after \
your words."""


@dataclass(frozen=True, slots=True)
class CodeThought:
    """A thought that ends in a program which solves its problem."""

    problem: Problem
    text: str
    answer: str
    """The program, or what it prints where the problem asks for a value."""
    by: str
    """`rule`, or the name of the model that wrote it."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """A program that no thought was made of."""

    problem: Problem
    reason: str


async def code_thought(
    task: Task, program: str, writer: BaseChatModel | None = None, *, replies: Replies | None = None
) -> CodeThought | Unfit:
    """Make a thought that ends in a program; the program is run before and after.

    Args:
        task: The problem, and the reference that the program must meet.
        program: Python source; for a problem that asks for a value, it prints the value.
        writer: The chat model that writes the thought; without one, or if it refuses, the thought is told by rule.
        replies: The writer's earlier replies, and the place to keep new ones.

    Raises:
        EndpointError: if the writer can't be reached.

    """
    try:
        narration = narrate(program)
    except (SyntaxError, ValueError, RecursionError) as error:
        return Unfit(task.problem, f"it is no Python: {error}")
    answer, fault = await _answer(task, program)
    if answer is None:
        return Unfit(task.problem, fault)
    if writer is not None:
        prompt = f"Problem:\n{task.problem.statement}\n\nProgram:\n```python\n{program.strip()}\n```"
        name = str(getattr(writer, "model", "a chat model"))
        words = await _written(writer, name, prompt, replies)
        if words and not blocks(words):
            text = _thought(words, program, task.problem, answer)
            if not await _objection(task, text, program):
                return CodeThought(task.problem, text, answer, name)
    text = _thought(f"Let me put a program together, piece by piece.\n\n{narration}", program, task.problem, answer)
    if objection := await _objection(task, text, program):
        return Unfit(task.problem, objection)
    return CodeThought(task.problem, text, answer, RULE)


async def _written(writer: BaseChatModel, name: str, prompt: str, replies: Replies | None) -> str:
    """Return the writer's reply, kept or new; the empty string if the writer refuses."""
    words = replies.find(name, prompt) if replies else None
    if words is None:
        try:
            words = (await writer.ainvoke([SystemMessage(WRITER), HumanMessage(prompt)])).text.strip()
        except RefusedError:
            return ""
        if replies:
            replies.keep(name, prompt, words)
    return words


async def _answer(task: Task, program: str) -> tuple[str | None, str]:
    """Return the answer that a program gives and no fault, or None and why the program gives no right answer."""
    if task.reference is None:
        return None, "the problem has no reference to check it by"
    answer = program.strip()
    if not domain_of(task.problem).answer_is_program:
        result = await shared().run(program)
        if result.run is not RunStatus.OK or not result.stdout.strip():
            return None, f"run: {result.run}, and it printed {result.stdout.strip()[:40]!r}"
        answer = result.stdout.strip().splitlines()[-1].strip()
    right, detail = await grade(task.problem, task.reference, answer)
    return (answer, "") if right else (None, detail or "what it answers is wrong")


def _thought(words: str, program: str, problem: Problem, answer: str) -> str:
    domain = domain_of(problem)
    if domain.answer_is_program:
        return f"{words}\n\nSo the whole program is:\n\n{domain.written_answer(program.strip())}"
    block = f"```python\n{program.strip()}\n```"
    return f"{words}\n\nSo the whole program is:\n\n{block}\n\nIt prints {answer}. {domain.written_answer(answer)}"


async def _objection(task: Task, text: str, program: str) -> str:
    """Read a thought as a grader would, run its program, and say what is wrong; the empty string if nothing is."""
    code = blocks(text)
    found = parsed(code[-1][0]) if code else []  # none if a docstring has a fence, which cuts it in two
    if not found or [*map(ast.dump, found)] != [*map(ast.dump, ast.parse(program).body)]:
        return "the program that stands in the thought is another one"
    read = VOICES["prose"].read_answer(text, task.problem)
    answer, fault = await _answer(task, code[-1][0])
    if fault or read is None or answer is None or read.strip() != answer:
        return fault or f"the thought is read to end in {read!r}"
    return ""
