"""Operators on whole solutions: what each shows the policy, and what it makes."""

import pytest

from longthought.agents.agent import Policy
from longthought.agents.dialect import Step
from longthought.agents.prose import Prose
from longthought.agents.view import View
from longthought.graphs import operators
from longthought.problems.problem import Problem
from longthought.trajectories.events import Proposed, Reflected
from longthought.trajectories.tree import Tree
from tests.fakes.scripted import ScriptedChatModel
from tests.trajectories import logs

SEEN = View(Problem(id="p", statement="What is 12 * 13?"), (), (), ())
ANSWER = r"So \boxed{156}."


def policy(*lines: str) -> tuple[Policy, ScriptedChatModel]:
    model = ScriptedChatModel(list(lines))
    return Policy("fake:policy", model, Prose()), model


async def test_generate_shows_the_problem_alone() -> None:
    asked, model = policy(ANSWER, ANSWER)
    replies = await operators.generate(asked, SEEN, 2)
    assert [reply.read for reply in replies] == [Step(ANSWER, "156")] * 2
    assert len(set(model.prompts)) == 1


async def test_refine_shows_one_solution_and_the_critique() -> None:
    asked, model = policy(ANSWER)
    reply = await operators.refine(asked, SEEN, "It is 150.", "six are missing")
    assert reply.read == Step(ANSWER, "156")
    assert "It is 150." in model.prompts[0]
    assert "six are missing" in model.prompts[0]


async def test_aggregate_shows_several_and_refuses_fewer() -> None:
    asked, model = policy(ANSWER)
    reply = await operators.aggregate(asked, SEEN, ["It is 150.", "It is 6."])
    assert reply.read == Step(ANSWER, "156")
    assert "Solution 1:\nIt is 150.\n\nSolution 2:\nIt is 6." in model.prompts[0]
    with pytest.raises(ValueError, match="not 1"):
        await operators.aggregate(asked, SEEN, ["It is 150."])


def test_restructure_keeps_the_path_and_drops_what_was_left_beside_it() -> None:
    log = logs.Log("What is it?")
    log.add(Proposed, logs.POLICY, node=1, parent=0, text="one")
    log.add(Proposed, logs.POLICY, node=2, parent=0, text="other")
    log.add(Reflected, logs.POLICY, node=3, parent=1, text="hm")
    log.add(Proposed, logs.POLICY, node=4, parent=1, text="two")
    tree = Tree.fold(log)
    assert operators.restructure(tree, 4) == "one\n\ntwo"
    assert operators.restructure(tree, 2) == "other"
    assert operators.restructure(tree, 0) == ""
