"""Programming problems: the answer is a Python program, and hidden tests grade it in the sandbox.

HumanEval lines hold `prompt`, `entry_point` and `test`; MBPP lines hold `text` (or `prompt`) and `test_list`. Their
solutions are dropped unread. The tests go into the reference; an MBPP statement shows the first of them, as the data
set's authors do, since only the tests name the function. The imports and helpers of a HumanEval prompt stand before the
program and the tests, and so do the imports of MBPP's tests, so that a function that stands alone is graded as in the
data set.

Chen et al., "Evaluating Large Language Models Trained on Code", 2021; Austin et al., "Program Synthesis with Large
Language Models", 2021.
"""

import ast
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from longthought.domains.domain import Domain, Grade
from longthought.errors import ProblemError
from longthought.problems.fields import absent, text
from longthought.problems.final_answer import boxed_answer
from longthought.problems.problem import CodeReference, Problem, Reference
from longthought.tools.completion import completed, whole_program
from longthought.tools.examples import DOMAIN
from longthought.tools.sandbox.pool import shared
from longthought.tools.sandbox.result import Mark, RunStatus


class Code(Domain):
    """The domain of programs in Python."""

    name = DOMAIN
    reference = CodeReference
    answer_form = r"The answer is a whole program in one ```python block, and below it \boxed{program}."
    answer_is_program = True
    computes = False

    def problem_line(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """Read a row of HumanEval or MBPP."""
        match row:
            case {"entry_point": str(entry), "test": str(tests), "prompt": str(prompt)}:
                statement = f"Complete this program:\n\n```python\n{prompt.rstrip()}\n```"
                reference: dict[str, Any] = {
                    "tests": f"{tests}\n\ncheck({entry})\n",
                    "names": [entry],
                    "setup": _without(prompt, entry),
                }
            case {"test_list": [str(first), *_] as asserts}:
                words = row.get("text") or row.get("prompt")
                if not isinstance(words, str):
                    raise ProblemError('"text": expected the problem in words, found none')
                statement = f"{words.strip()}\n\nThe program must pass this test:\n\n```python\n{first.strip()}\n```"
                setup = str(row.get("test_setup_code") or "")
                more = [str(test) for test in (*asserts, *(row.get("challenge_test_list") or ()))]
                imports = "\n".join(str(line) for line in row.get("test_imports") or ())
                reference = {"tests": "\n".join([setup, *more]).strip() + "\n", "names": [], "setup": imports}
            case _:
                return None
        name = next((text(row[name], name) for name in ("task_id", "id") if not absent(row.get(name))), "")
        return {"id": name, "statement": statement, "domain": self.name, "reference": reference}

    def step_answer(self, path: Sequence[str], step: str) -> str | None:
        """Return the last program of a step that marks it as final with a box."""
        if boxed_answer(step) is None:
            return None
        if (program := _program(step)) is None:
            raise ValueError("the final program must stand in a ```python block")
        return program

    def solution_answer(self, text: str) -> str | None:
        """Return the last program."""
        return _program(text)

    def thought_answer(self, text: str) -> str | None:
        """Return the last program."""
        return _program(text)

    def written_answer(self, answer: str) -> str:
        """Write the program, and a box that marks it as final."""
        return f"```python\n{answer}\n```\n\n\\boxed{{program}}"

    def reference_of(self, problem: Problem, answer: str | None) -> Reference | None:
        """Use a typed answer as the tests that a program must pass."""
        return CodeReference(tests=answer) if answer is not None else None

    async def grade(self, problem: Problem, reference: Reference, answer: str) -> Grade:
        """Run a program against the tests, which run in a separate process, and then against the cases.

        An answer that is only the body of the function that the statement begins is graded as that function.
        """
        assert isinstance(reference, CodeReference)
        answer = completed(problem.statement, answer)
        if reference.tests.strip():
            judged = await shared().judge(answer, reference.tests, names=reference.names, setup=reference.setup)
            if judged.mark is not Mark.PASSED:
                return (False if judged.mark is Mark.FAILED else None), judged.detail
        for number, case in enumerate(reference.cases, start=1):
            result = await shared().run(answer, stdin=case.input)
            if result.run is RunStatus.SANDBOX_UNAVAILABLE:
                return None, result.detail
            if result.run is not RunStatus.OK:
                return False, f"case {number} of {len(reference.cases)}: {result.run}"
            if result.stdout.split() != case.output.split():
                return False, f"case {number} of {len(reference.cases)}: it printed something else"
        return True, ""


def _without(prompt: str, entry: str) -> str:
    """Return the imports and helpers of a prompt, without the function that is to be completed."""
    for whole in (prompt, f"{prompt.rstrip()}\n    pass\n"):
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            body = ast.parse(whole).body
            return "\n\n".join(ast.unparse(node) for node in body if getattr(node, "name", "") != entry)
    return ""


def _program(text: str) -> str | None:
    program = whole_program(text)
    return program[0] if program else None


CODE: Final = Code()
