"""Whole solutions: how they are asked for and read, and who can't write them."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from longthought.agents.agent import Policy, Solver
from longthought.agents.dialects import prompts
from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.dialect import Step, Unreadable, WholeDialect
from longthought.agents.dialects.prose import Prose
from longthought.agents.view import TriedStep, View
from longthought.domains.math import MATH
from longthought.errors import ModelError
from longthought.problems.problem import Problem
from longthought.problems.worked import Worked
from longthought.trajectories.events import Author
from tests.fakes.scripted import ScriptedChatModel


def seen(statement: str = "What is 12 * 13?", domain: str = "math", attempts: tuple[TriedStep, ...] = ()) -> View:
    return View(Problem(id="p", statement=statement, domain=domain), (), (), attempts)


def test_a_solution_is_asked_for_with_its_examples_as_turns_of_the_same_talk() -> None:
    asked = Prose().ask_solution(seen(), [Worked(statement="What is 1 + 1?", solution=r"\boxed{2}")])
    assert asked == [
        SystemMessage(prompts.SOLVE),
        HumanMessage(f"Problem:\nWhat is 1 + 1?\n\n{MATH.answer_form}\n\n{prompts.WRITE_SOLUTION}{prompts.IN_WORDS}"),
        AIMessage(r"\boxed{2}"),
        HumanMessage(f"Problem:\nWhat is 12 * 13?\n\n{MATH.answer_form}\n\n{prompts.WRITE_SOLUTION}{prompts.IN_WORDS}"),
    ]


def test_a_revision_shows_the_attempt_before() -> None:
    [_, asked] = Prose().ask_solution(seen(attempts=(TriedStep("It is 4.", "too small", Author.CRITIC),)))
    assert "It is 4." in asked.text
    assert "too small" in asked.text
    assert asked.text.endswith(prompts.WRITE_REVISION)
    [_, asked] = Prose().ask_solution(seen(attempts=(TriedStep("It is 4.", "", Author.CRITIC),)))
    assert "critic" not in asked.text
    assert asked.text.startswith(
        Prose().ask_solution(seen())[1].text.removesuffix(prompts.WRITE_SOLUTION + prompts.IN_WORDS)
    )


@pytest.mark.parametrize(
    ("domain", "reply", "answer"),
    [
        ("math", r"<think>12?</think>So \boxed{156}.", "156"),
        ("math", "12 * 13 = 156.\nThe answer is 156.", "156"),
        ("math", "12 * 13 = 156", None),  # nothing says that the last line is the answer
        ("math", r"So \boxed{156", None),
        ("code", "Here:\n```python\ndef f():\n    return 1\n```", "def f():\n    return 1\n"),
        ("code", "I can't.", None),
        ("lean", "```lean\nsimp\ndone\n```", "simp\ndone"),
        ("lean", "```lean\nsimp\n```", None),
    ],
)
def test_the_final_answer_is_read_where_the_domain_has_it(domain: str, reply: str, answer: str | None) -> None:
    step = Prose().read_solution(reply, seen(domain=domain))
    assert isinstance(step, Step)
    assert (step.answer or "").strip() == (answer or "").strip()


def test_an_empty_reply_is_no_solution() -> None:
    assert isinstance(Prose().read_solution("<think>hm</think>", seen()), Unreadable)


async def test_a_model_without_words_for_it_says_so() -> None:
    assert isinstance(Prose(), WholeDialect)
    assert not isinstance(Compact(), WholeDialect)
    steps = Policy("fake:policy", ScriptedChatModel([]), Compact())
    assert isinstance(steps, Solver)
    assert not steps.solves
    with pytest.raises(ModelError, match="the compact dialect knows only steps"):
        await steps.solve(seen(), 1)


async def test_each_reply_is_one_sample_and_none_is_asked_for_again() -> None:
    policy = Policy("fake:policy", ScriptedChatModel(["", r"\boxed{1}"]), Prose())
    replies = await policy.solve(seen(), 2)
    assert [len(reply.calls) for reply in replies] == [1, 1]
    assert isinstance(replies[0].read, Unreadable)
    assert replies[1].read == Step(r"\boxed{1}", "1")
