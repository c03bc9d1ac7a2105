"""Operators on thoughts, in the terms of the reasoning blueprint: each makes new thoughts out of earlier ones.

`generate` writes solutions from the problem alone, `refine` one from an earlier solution and its critique, and
`aggregate` one from several; `restructure` writes the path to a node as one chain, which the others take. `decompose`
asks for the questions that a problem consists of, and `part` poses one of them as a problem; `of_kind` says which kind
of step is wanted before it is proposed. Operators ask a policy and return its reply; the graph decides what follows.
The rules and the strategies, not this file, step, prune, select and backtrack.

After Besta et al., "Reasoning Language Models: A Blueprint", 2025; refine is Madaan et al., "Self-Refine", 2023;
aggregate is Besta et al., "Graph of Thoughts", 2023, and Chen et al., "Universal Self-Consistency", 2023; decompose
is Zhou et al., "Least-to-Most Prompting", 2022, and Wang et al., "Plan-and-Solve Prompting", 2023.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from longthought.agents.agent import Proposer, Reply, Solver
from longthought.agents.dialects.dialect import Step, Unreadable
from longthought.agents.view import TriedStep, View
from longthought.problems.problem import Problem
from longthought.problems.worked import Worked
from longthought.trajectories.events import Author
from longthought.trajectories.tree import NodeKind, Tree

PLAN: Final = (
    "Do not solve the problem yet. Your first step is a plan: the questions that have to be answered on the way, the "
    "simplest first, so that each can be answered from the problem and the answers before it. Write each on a line of "
    "its own, numbered 1., 2., 3. and so on, at most {most} of them, and put no answer in a box."
)
KIND: Final = "The next step is to be of this kind: {kind}. Write such a step, and no other."
_QUESTION: Final = re.compile(
    r"^\W*(?:sub-?)?(?:question\s*)?(\d{1,2})\W*[.:)]\W*\s(\S.*)$", re.IGNORECASE | re.MULTILINE
)


async def generate(policy: Solver, seen: View, count: int, examples: Sequence[Worked] = ()) -> Sequence[Reply[Step]]:
    """Write several solutions, each from the problem alone, in one request."""
    return await policy.solve(replace(seen, attempts=()), count, examples)


async def refine(
    policy: Solver, seen: View, earlier: str, critique: str = "", examples: Sequence[Worked] = ()
) -> Reply[Step]:
    """Rewrite a solution in response to a critique, which may be empty."""
    tried = (TriedStep(earlier, critique, Author.CRITIC),)
    return (await policy.solve(replace(seen, attempts=tried), 1, examples))[0]


async def aggregate(policy: Solver, seen: View, earlier: Sequence[str], examples: Sequence[Worked] = ()) -> Reply[Step]:
    """Merge several solutions into a new one.

    Raises:
        ValueError: if there are fewer than two solutions.

    """
    if len(earlier) < 2:
        raise ValueError(f"aggregate takes two solutions or more, not {len(earlier)}")
    tried = tuple(TriedStep(text, "", Author.STRATEGY) for text in earlier)
    return (await policy.solve(replace(seen, attempts=tried), 1, examples))[0]


def restructure(tree: Tree, tip: int) -> str:
    """Write the path from the problem to a node as one chain, without the branches beside it."""
    return "\n\n".join(node.text for node in tree.path(tip) if node.kind is NodeKind.STEP)


async def decompose(policy: Proposer, seen: View, most: int) -> Reply[Step]:
    """Ask for the questions that a problem consists of, simplest first; `questions` reads them from the reply."""
    reply = await policy.propose(replace(seen, notice=PLAN.format(most=most), uncut=True))
    if isinstance(reply.read, Unreadable) or questions(reply.read.text, most):
        return reply
    return Reply(Unreadable("no line of the plan is a numbered question"), reply.calls)


def questions(plan: str, most: int) -> list[str]:
    """Return the questions of a plan, at most `most` of them."""
    return [match[2].strip() for match in _QUESTION.finditer(plan)][:most]


def part(whole: Problem, number: int, question: str, earlier: Sequence[str]) -> Problem:
    """Pose a question of a plan as its own problem, with the whole problem and the earlier answers as context."""
    texts = [f"The question is part of this problem: {whole.statement}", whole.context, *earlier]
    context = "\n\n".join(text for text in texts if text)
    return Problem(id=f"{whole.id}/{number}", statement=question, context=context)


def answer_step(question: str, answer: str | None) -> str:
    """Write a question and the answer found as a step."""
    return f"{question}\nAnswer: {'none was found' if answer is None else answer}"


def of_kind(kind: str) -> str:
    """Write the notice that tells the policy which kind of step to propose."""
    return KIND.format(kind=kind.strip().rstrip("."))
