r"""The 24 game as a domain of your own: each number is used once, to make 24, with fractions on the way.

In the folder above this one: `longthought solve "Make 24 of 3, 3, 8 and 8." --domain examples.game24:GAME24 --policy
openai:NAME --critic openai:NAME --base-url http://localhost:8000/v1`.
"""

import ast
import operator
import re
from fractions import Fraction

import longthought as lt

OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


class Numbers(lt.Reference):
    """What an answer is graded by: the numbers, of which any right use is an answer."""

    numbers: tuple[int, ...]


class Game24(lt.Domain):
    """The game. Numbers are read off the statement, so problems need no reference."""

    name = "game24"
    reference = Numbers
    answer_form = r"The answer is an expression with + - * / and parentheses, in \boxed{}, such as \boxed{(8 - 4) * 6}."

    def problem_id(self, statement: str) -> str | None:
        """Name a problem by its numbers, in order."""
        numbers = re.findall(r"\d+", statement.removeprefix("Make 24 of "))
        return f"game24-{'-'.join(sorted(numbers, key=int))}" if statement.startswith("Make 24 of ") else None

    def reference_of(self, problem: lt.Problem, answer: str | None) -> Numbers:
        """Read the numbers off the statement."""
        return Numbers(numbers=tuple(map(int, re.findall(r"\d+", problem.statement)[1:])))

    async def grade(self, problem: lt.Problem, reference: lt.Reference, answer: str) -> tuple[bool | None, str]:
        """Work an expression out exactly."""
        assert isinstance(reference, Numbers)
        if sorted(map(int, re.findall(r"\d+", answer))) != sorted(reference.numbers):
            return False, "it uses other numbers"
        try:
            made = _value(ast.parse(answer, mode="eval").body)
        except (SyntaxError, ValueError, ZeroDivisionError, RecursionError):
            return False, "it can't be worked out"
        return made == 24, f"it makes {made}"


def _value(node: ast.expr) -> Fraction:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return Fraction(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    raise ValueError(ast.dump(node))


GAME24 = Game24()
