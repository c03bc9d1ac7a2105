"""The dialect of policies that answer with a program, and the request that asks for one."""

from collections.abc import Sequence

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from longthought.agents.dialects import prompts
from longthought.agents.dialects.dialect import SolutionsOnly
from longthought.agents.dialects.prose import Prose
from longthought.agents.view import View
from longthought.errors import ConfigError
from longthought.problems.problem import Problem
from longthought.problems.worked import Worked


class Programs(SolutionsOnly, Prose):
    """The dialect of a policy that answers with a program."""

    name = "program"

    def ask_solution(self, view: View, examples: Sequence[Worked] = ()) -> list[BaseMessage]:
        """Ask for a program that prints the answer.

        Raises:
            ConfigError: if there are examples or earlier attempts, which are solutions in words.

        """
        if examples or view.attempts:
            raise ConfigError("a program is written for the problem alone: leave `few_shot`, `revise` and `merge` out")
        return request(view.problem)


def request(problem: Problem) -> list[BaseMessage]:
    """Ask for a program that prints the answer of a problem."""
    asked = prompts.PROBLEM.format(statement=problem.statement) + prompts.WRITE_PROGRAM
    return [SystemMessage(prompts.PROGRAMMER), HumanMessage(asked)]
