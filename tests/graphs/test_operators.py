"""Operators: what each shows the policy, and what it makes."""

from dataclasses import replace

import pytest

from longthought.agents.agent import Policy
from longthought.agents.dialects.dialect import Step, Unreadable
from longthought.agents.dialects.prose import Prose
from longthought.agents.view import View
from longthought.graphs import operators
from longthought.problems.problem import Problem
from longthought.tools.catalogue import verifiers
from longthought.tools.verifier import Interpreter
from longthought.trajectories.events import Proposed, Reflected
from longthought.trajectories.tree import Tree
from tests.fakes import logs
from tests.fakes.scripted import ScriptedChatModel

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


async def test_decompose_asks_for_a_plan_and_takes_nothing_else() -> None:
    asked, model = policy("1. How much is 12 * 10?\n2. And 12 * 3?", "It is 156.", "It is 156, I say.")
    reply = await operators.decompose(asked, SEEN, 4)
    assert isinstance(reply.read, Step)
    assert operators.questions(reply.read.text, 4) == ["How much is 12 * 10?", "And 12 * 3?"]
    assert "at most 4" in model.prompts[0]
    assert (await operators.decompose(asked, SEEN, 4)).read == Unreadable("no line of the plan is a numbered question")


async def test_steps_of_a_kind_are_asked_for_in_the_words_of_the_kind() -> None:
    asked, model = policy("I look at 12 * 10.", "I look at 12 * 3.")
    seen = replace(SEEN, notice=operators.of_kind("look at a special case."))
    replies = await asked.propose_many(seen, 2)
    assert [reply.read for reply in replies] == [Step("I look at 12 * 10."), Step("I look at 12 * 3.")]
    assert all("of this kind: look at a special case. Write" in prompt for prompt in model.prompts)


async def test_an_interpreter_runs_the_code_of_a_step() -> None:
    (tool,) = verifiers(["python"])
    assert isinstance(tool, Interpreter)
    (claim,) = tool.claims(SEEN.problem, (), "I compute it.\n\n```python\nprint(12 * 13)\n```")
    evidence, printed = await tool.observe(claim)
    assert (evidence.tool, printed) == ("python", "156")


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
