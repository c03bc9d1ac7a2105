"""Critics of one word, whose probability is the score."""

import math
from typing import Any

import pytest
from langchain_core.messages import AIMessage

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.dialect import Unreadable
from longthought.agents.dialects.prose import Prose
from longthought.agents.dialects.yes_no import YesNo
from longthought.agents.view import Candidate, View
from longthought.errors import ConfigError
from longthought.problems.problem import Problem
from longthought.trajectories.events import Action, Verdict
from tests.fakes.scripted import ScriptedChatModel


def seen(answer: str | None) -> View:
    new = Candidate(1, "It is 4.", answer, (), (), ())
    return View(Problem(id="p", statement="2 + 2?", domain="math"), (), (), (), candidate=new)


@pytest.mark.parametrize(
    ("reply", "answer", "probability", "action", "score"),
    [
        ("Yes", "4", 0.9, Action.TERMINATE, 0.9),
        ("yes.", None, 0.6, Action.CONTINUE, 0.6),
        ("**No**", "4", (0.05, 0.8), Action.BACKTRACK, 0.2),  # the first token is the mark
        ("\n\nYes", "4", (0.7, 0.9), Action.TERMINATE, 0.9),
        ("<think>hm</think>No, because", None, 1.0, Action.BACKTRACK, 0.0),
        ("No", "4", 0.4, Action.BACKTRACK, 0.5),  # the rest need not be Yes
    ],
)
def test_the_probability_of_yes_is_the_score(
    reply: str, answer: str | None, probability: float | tuple[float, ...], action: Action, score: float
) -> None:
    of_tokens = probability if isinstance(probability, tuple) else (probability, 0.05)
    read = YesNo().read_verdict(reply, seen(answer), [math.log(one) for one in of_tokens])
    assert isinstance(read, Verdict)
    assert (read.action, read.score, read.target, read.critique) == (action, pytest.approx(score), None, "")


@pytest.mark.parametrize(
    ("reply", "probability", "sure", "action"),
    [
        ("Yes", 0.8, 0.9, Action.BACKTRACK),
        ("Yes", 0.9, 0.9, Action.TERMINATE),
        ("No", 0.6, 0.3, Action.TERMINATE),
        ("Yes", 0.4, None, Action.TERMINATE),
    ],
)
def test_a_critic_may_have_to_be_surer(reply: str, probability: float, sure: float | None, action: Action) -> None:
    read = YesNo(sure).read_verdict(reply, seen("4"), [math.log(probability)])
    assert isinstance(read, Verdict)
    assert read.action is action


def test_how_sure_it_must_be_is_a_setting() -> None:
    url = "http://localhost:8000/v1"
    critic = lt.critic("openai:m", base_url=url, dialect="yes-no", sure=0.9)
    assert isinstance(critic, Critic)
    assert isinstance(critic.dialect, YesNo)
    assert critic.dialect.sure == 0.9
    with pytest.raises(ConfigError, match="`sure`: openai:m speaks prose; only a critic in yes-no"):
        lt.critic("openai:m", base_url=url, sure=0.9)


@pytest.mark.parametrize("reply", ["", "Maybe", "The answer is yes", "{}"])
def test_another_word_is_unreadable(reply: str) -> None:
    assert isinstance(YesNo().read_verdict(reply, seen("4")), Unreadable)


def test_what_it_writes_it_reads_back() -> None:
    for action, answer in ((Action.TERMINATE, "4"), (Action.CONTINUE, None), (Action.BACKTRACK, "4")):
        written = YesNo().write_verdict(Verdict(action=action), seen(answer))
        assert written is not None
        read = YesNo().read_verdict(written, seen(answer))
        assert isinstance(read, Verdict)
        assert read.action is action
    assert YesNo().write_verdict(Verdict(action=Action.BACKTRACK, critique="so"), seen("4")) is None


async def test_one_token_is_asked_for_and_a_word_that_was_cut_is_read() -> None:
    metadata: dict[str, Any] = {"finish_reason": "length", "logprobs": [math.log(0.75)]}
    model = ScriptedChatModel([AIMessage("Yes", response_metadata=metadata)])
    reply = await Critic("fake:critic", model, YesNo()).judge(seen("4"))
    assert reply.read == Verdict(action=Action.TERMINATE, score=0.75)
    assert model.options == [{"logprobs": True, "max_tokens": 2}]
    assert model.prompts[0].endswith("Is the final answer 4 right? Answer with one word, Yes or No.")


def test_of_a_draft_the_critic_is_shown_the_steps_that_are_there() -> None:
    """The policy may write more than it was asked for; that is dropped, and not judged."""
    wrote = "2 + 2 = 4 are there.\n\n4 + 3 = 7 with those of Bob.\n\n7 * 9 = 64, as I guess.\n\nSo it is \\boxed{64}."
    writes, judges = ScriptedChatModel([wrote]), ScriptedChatModel(["No"])
    agents: dict[str, Any] = {"policy": Policy("f:p", writes, Prose()), "critic": Critic("f:c", judges, YesNo())}
    lt.solve("How many are there?", domain="math", draft=2, rounds=1, tools=[], critic_dialect="yes-no", **agents)
    *_, said, question = judges.seen[0]
    assert said.content == "2 + 2 = 4 are there.\n\n4 + 3 = 7 with those of Bob."
    assert "Is everything right so far?" in question.text


@pytest.mark.parametrize("graph", ["tree_search", "debate"])
def test_below_a_step_the_critic_is_shown_the_steps_before_it(graph: str) -> None:
    """In a search no step is accepted, yet each was a reply of its own."""
    steps = iter(["First, 2 + 2 = 4.", "Then 4 + 4 = 8.", "So it is \\boxed{8}."])
    writes, judges = ScriptedChatModel(lambda _: next(steps)), ScriptedChatModel(lambda _: "Yes")
    agents: dict[str, Any] = {"policy": Policy("f:p", writes, Prose()), "critic": Critic("f:c", judges, YesNo())}
    more = {"strategy": "best_first", "width": 1} if graph == "tree_search" else {}
    lt.solve("What is 2 + 2 + 4?", graph=graph, tools=[], **agents, **more)
    assert [asked[:-2] for asked in judges.seen] == writes.seen
    assert "Then 4 + 4 = 8." in judges.prompts[-1]
