"""Writing of requests in prose: the parts of a message that a view fills in.

What a request asks for, and of whom, is the dialect's; this module doesn't know the roles.
"""

from collections.abc import Sequence
from typing import Final

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from longthought.agents.dialects import prompts
from longthought.agents.dialects.reading import cut, strip_number
from longthought.agents.dialects.steps import cut_into_steps
from longthought.agents.view import Candidate, View
from longthought.domains.conventions import conventions
from longthought.problems.problem import Problem
from longthought.problems.worked import Worked
from longthought.trajectories.events import Evidence

MAX_PRINTED: Final = 4_000
"""Maximum number of characters of a tool's output in a prompt."""


def messages(system: str, user: str) -> list[BaseMessage]:
    """Return a request of one system message and one user message."""
    return [SystemMessage(system), HumanMessage(user)]


def prefix(view: View) -> str:
    """Write examples, the problem and the path; a longer path only appends to a shorter one."""
    return f"{opening(view)}{path(view)}"


def opening(view: View) -> str:
    """Write examples and the problem."""
    if not view.examples:
        return statement(view.problem)
    solved = map(_solved, view.examples)
    shown = [prompts.EXAMPLE.format(number=number, solved=text) for number, text in enumerate(solved, start=1)]
    return f"{''.join(shown)}{prompts.AFTER_EXAMPLES}{statement(view.problem)}"


def _solved(example: Worked) -> str:
    """Write a worked solution as a problem and its steps."""
    steps = map(strip_number, cut_into_steps(example.solution))
    numbered = [prompts.STEP.format(number=number, text=step) for number, step in enumerate(steps, start=1)]
    return f"{prompts.PROBLEM.format(statement=example.statement)}{''.join(numbered)}"


def path(view: View) -> str:
    """Write the accepted steps under their numbers."""
    steps = zip(view.path_nodes, view.path, strict=True)
    return "".join(prompts.STEP.format(number=number, text=text) for number, text in steps)


def posed(view: View) -> str:
    """Write the problem and the path, without examples."""
    return f"{statement(view.problem)}{path(view)}"


def statement(problem: Problem) -> str:
    """Write a problem, what is given with it, and the form of an answer."""
    given = prompts.CONTEXT.format(context=problem.context) if problem.context else ""
    return f"{prompts.PROBLEM.format(statement=problem.statement)}{given}{answer_form(problem)}"


def answer_form(problem: Problem) -> str:
    """Write what the problem's domain says of the form of an answer."""
    form = conventions(problem).answer_form
    return prompts.ANSWER_FORM.format(form=form) if form else ""


def evidence(new: Candidate) -> str:
    """Write what tools found of a candidate; empty if they found nothing."""
    if not new.evidence:
        return ""
    return prompts.EVIDENCE.format(findings="\n".join(map(_finding, new.evidence)))


def _finding(found: Evidence) -> str:
    line = prompts.FINDING.format(status=prompts.STATUSES[found.status], claim=found.claim)
    if found.detail:
        line += prompts.DETAIL.format(detail=found.detail)
    return line


def printed(outputs: Sequence[str]) -> str:
    """Join outputs of tools, each cut in its middle if it is long."""
    return "\n".join(cut(output, MAX_PRINTED) for output in outputs)
