"""Operators on whole solutions, in the terms of the reasoning blueprint: each makes new thoughts out of earlier ones.

`generate` makes solutions from the problem alone, `refine` one from an earlier solution and what was said against it,
`aggregate` one from several; `restructure` turns the path to a node of a tree into the chain that the others take. They
ask a policy and return what was read; what becomes of it is for the graph. Stepping, pruning, selecting and
backtracking are the rules' and the strategies', not this file's.

After Besta et al., "Reasoning Language Models: A Blueprint", 2025; refine is Madaan et al., "Self-Refine", 2023;
aggregate is Besta et al., "Graph of Thoughts", 2023, and Chen et al., "Universal Self-Consistency", 2023.
"""

from collections.abc import Sequence
from dataclasses import replace

from longthought.agents.agent import Reply, Solver
from longthought.agents.dialect import Step
from longthought.agents.view import Attempt, View
from longthought.problems.worked import Worked
from longthought.trajectories.events import Author
from longthought.trajectories.tree import Kind, Tree


async def generate(policy: Solver, seen: View, count: int, examples: Sequence[Worked] = ()) -> Sequence[Reply[Step]]:
    """Write several solutions, each from the problem alone, in one request."""
    return await policy.solve(replace(seen, attempts=()), count, examples)


async def refine(
    policy: Solver, seen: View, earlier: str, critique: str = "", examples: Sequence[Worked] = ()
) -> Reply[Step]:
    """Rewrite a solution, in the light of what was said against it, if anything was."""
    tried = (Attempt(earlier, critique, Author.CRITIC),)
    return (await policy.solve(replace(seen, attempts=tried), 1, examples))[0]


async def aggregate(policy: Solver, seen: View, earlier: Sequence[str], examples: Sequence[Worked] = ()) -> Reply[Step]:
    """Merge several solutions into a new one.

    Raises:
        ValueError: if there are fewer than two, for then there is nothing to merge.

    """
    if len(earlier) < 2:
        raise ValueError(f"aggregate takes two solutions or more, not {len(earlier)}")
    tried = tuple(Attempt(text, "", Author.STRATEGY) for text in earlier)
    return (await policy.solve(replace(seen, attempts=tried), 1, examples))[0]


def restructure(tree: Tree, tip: int) -> str:
    """Write the path from the problem to a node as one chain, without what was tried and left beside it."""
    return "\n\n".join(node.text for node in tree.path(tip) if node.kind is Kind.STEP)
