"""Operators on thoughts, in the terms of the reasoning blueprint: each makes new thoughts out of earlier ones.

`generate` makes solutions from the problem alone, `refine` one from an earlier solution and what was said against it,
`aggregate` one from several; `restructure` turns the path to a node of a tree into the chain that the others take.
`decompose` asks for the questions that a problem is made of, and `part` poses one of them as a problem; `of_kind` says
what kind of step is wanted before it is thought of; `act` runs what a step asks to be run. They ask a policy or a tool
and return what came back; what becomes of it is for the graph. Stepping, pruning, selecting and backtracking are
the rules' and the strategies', not this file's.

After Besta et al., "Reasoning Language Models: A Blueprint", 2025; refine is Madaan et al., "Self-Refine", 2023;
aggregate is Besta et al., "Graph of Thoughts", 2023, and Chen et al., "Universal Self-Consistency", 2023; decompose
is Zhou et al., "Least-to-Most Prompting", 2022, and Wang et al., "Plan-and-Solve Prompting", 2023; act
is Yao et al., "ReAct", 2022, and Gao et al., "PAL", 2022.
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
from longthought.tools.verifier import Claim, Interpreter
from longthought.trajectories.events import Author, Evidence
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
    """Rewrite a solution, in the light of what was said against it, if anything was."""
    tried = (TriedStep(earlier, critique, Author.CRITIC),)
    return (await policy.solve(replace(seen, attempts=tried), 1, examples))[0]


async def aggregate(policy: Solver, seen: View, earlier: Sequence[str], examples: Sequence[Worked] = ()) -> Reply[Step]:
    """Merge several solutions into a new one.

    Raises:
        ValueError: if there are fewer than two, for then there is nothing to merge.

    """
    if len(earlier) < 2:
        raise ValueError(f"aggregate takes two solutions or more, not {len(earlier)}")
    tried = tuple(TriedStep(text, "", Author.STRATEGY) for text in earlier)
    return (await policy.solve(replace(seen, attempts=tried), 1, examples))[0]


def restructure(tree: Tree, tip: int) -> str:
    """Write the path from the problem to a node as one chain, without what was tried and left beside it."""
    return "\n\n".join(node.text for node in tree.path(tip) if node.kind is NodeKind.STEP)


async def decompose(policy: Proposer, seen: View, most: int) -> Reply[Step]:
    """Ask for the questions that a problem is made of, the simplest first; `questions` reads them."""
    reply = await policy.propose(replace(seen, notice=PLAN.format(most=most)))
    if isinstance(reply.read, Unreadable) or questions(reply.read.text, most):
        return reply
    return Reply(Unreadable("no line of the plan is a numbered question"), reply.calls)


def questions(plan: str, most: int) -> list[str]:
    """Return the questions of a plan, those beyond the most left out."""
    return [found[2].strip() for found in _QUESTION.finditer(plan)][:most]


def part(whole: Problem, number: int, question: str, answered: Sequence[str]) -> Problem:
    """Pose a question of a plan as a problem of its own, with the whole and what was answered before as context."""
    known = [f"The question is part of this problem: {whole.statement}", whole.context, *answered]
    context = "\n\n".join(text for text in known if text)
    return Problem(id=f"{whole.id}/{number}", statement=question, context=context)


def answered(question: str, answer: str | None) -> str:
    """Write down what was found, as a step that others read."""
    return f"{question}\nAnswer: {'none was found' if answer is None else answer}"


def of_kind(kind: str) -> str:
    """Say what kind of step is wanted; whoever proposes is told so, and several are sampled of the kind."""
    return KIND.format(kind=kind.strip().rstrip("."))


async def act(tool: Interpreter, claim: Claim) -> tuple[Evidence, str]:
    """Run what a step asks to be run; what it prints stands in the next view of whoever goes on."""
    return await tool.observe(claim)
