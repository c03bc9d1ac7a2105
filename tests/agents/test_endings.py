"""What ended a reply: cut ones are asked again and never used, withheld ones are no fault of the agent."""

from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import AIMessage

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.calls import call_of
from longthought.agents.dialects.dialect import Step, Unreadable
from longthought.agents.dialects.prose import Prose
from longthought.agents.endings import finish_reason
from longthought.agents.view import Candidate, View
from longthought.errors import EndpointError
from longthought.problems.problem import Problem
from longthought.trajectories.events import Call, Failed, Failure
from tests.fakes.scripted import ScriptedChatModel

VIEW = View(problem=Problem(id="p", statement="What is 3 + 4?", domain="math"), path=(), path_nodes=(), attempts=())
JUDGED = replace(VIEW, candidate=Candidate(1, "It is 7.", None, evidence=(), observations=(), remarks=()))
VERDICT = '{"critique": "fine", "action": "continue", "target": null, "score": 0.5}'


def ended(text: str, reason: str | None, **more: Any) -> AIMessage:
    return AIMessage(text, response_metadata={"finish_reason": reason}, **more)


def policy(*script: AIMessage | str, **fields: Any) -> tuple[Policy, ScriptedChatModel]:
    model = ScriptedChatModel(list(script), **fields)
    return Policy("scripted:policy", model, Prose()), model


async def test_a_step_that_was_cut_is_asked_again_and_shorter() -> None:
    agent, model = policy(ended("First, the sum of the squ", "length"), ended("3 + 4 = 7.", "stop"))
    reply = await agent.propose(VIEW)
    assert reply.read == Step("3 + 4 = 7.")
    assert [call.finish_reason for call in reply.calls] == ["length", "stop"]
    assert "much shorter" in model.prompts[1]


@pytest.mark.parametrize("reason", ["length", "max_tokens", "MAX_TOKENS", "model_length"])
async def test_a_box_in_a_reply_that_was_cut_is_no_answer(reason: str) -> None:
    cut = ended("For n = 1 we would get \\boxed{1}, but that is only", reason)
    agent, _ = policy(cut, cut)
    reply = await agent.propose(VIEW)
    assert isinstance(reply.read, Unreadable)
    assert reply.read.reason.startswith("it was cut off after")
    several = await policy(cut, cut)[0].propose_many(VIEW, 2)
    whole = await policy(cut, cut)[0].solve(VIEW, 2)
    assert all(isinstance(reply.read, Unreadable) for reply in (*several, *whole))


async def test_the_reason_says_what_to_raise_and_that_it_was_thinking() -> None:
    cut = ended("<think>hm, hm", "length")
    usage: Any = {"input_tokens": 9, "output_tokens": 1024, "total_tokens": 1033}
    cut.usage_metadata = usage
    limited, _ = policy(cut, cut, max_tokens=1024)
    read = (await limited.propose(VIEW)).read
    assert read == Unreadable(
        "it was still thinking when it was cut off after 1,024 tokens; raise max_tokens",
        told="it was cut off before its end; write a much shorter one",
    )
    judge = Critic("scripted:critic", ScriptedChatModel([cut, cut], max_tokens=1024), Prose())
    verdict = (await judge.judge(JUDGED)).read
    assert isinstance(verdict, Unreadable)
    assert verdict.reason.endswith("raise critic_max_tokens")
    unlimited = (await policy(cut, cut)[0].propose(VIEW)).read
    assert isinstance(unlimited, Unreadable)
    assert unlimited.reason.endswith("that is the server's limit")


async def test_a_verdict_that_was_cut_is_not_read() -> None:
    judge = Critic("scripted:critic", ScriptedChatModel([ended(VERDICT, "length"), ended(VERDICT, "stop")]), Prose())
    reply = await judge.judge(JUDGED)
    assert not isinstance(reply.read, Unreadable)
    assert len(reply.calls) == 2


@pytest.mark.parametrize("reason", ["content_filter", "safety", "refusal"])
async def test_a_withheld_reply_is_not_asked_for_again(reason: str) -> None:
    agent, model = policy(ended("", reason), ended("never", "stop"))
    reply = await agent.propose(VIEW)
    assert isinstance(reply.read, Unreadable)
    assert reply.read.withheld
    assert reason in reply.read.reason
    assert len(model.prompts) == 1


async def test_a_refusal_in_words_is_kept() -> None:
    message = AIMessage("", response_metadata={"finish_reason": "stop", "refusal": "I can't help with that."})
    reply = await policy(message)[0].propose(VIEW)
    assert isinstance(reply.read, Unreadable)
    assert reply.read.reason.endswith("I can't help with that.")


@pytest.mark.parametrize("reason", ["error", "abort"])
async def test_a_reply_that_the_server_broke_off_is_the_servers_failure(reason: str) -> None:
    for asking in (policy(ended("So", reason))[0].propose(VIEW), policy(*[ended("So", reason)] * 2)[0].solve(VIEW, 2)):
        with pytest.raises(EndpointError, match=rf"scripted:policy: .* `{reason}`"):
            await asking


def test_a_withheld_reply_is_a_failure_of_its_own_kind() -> None:
    agent, _ = policy(*[ended("", "content_filter")] * 3)
    critic = Critic("scripted:critic", ScriptedChatModel([VERDICT]), Prose())
    debate = lt.solve(VIEW.problem, policy=agent, critic=critic, patience=3, tools=[])
    failures = [event.failure for event in debate.events if isinstance(event, Failed)]
    assert set(failures) == {Failure.WITHHELD_STEP}
    assert not debate.failure, "it costs rounds, and no debate"


def test_thinking_beside_the_reply_is_kept_in_the_call_alone() -> None:
    message = AIMessage("7", additional_kwargs={"reasoning_content": "hm"}, response_metadata={"finish_reason": "stop"})
    call = call_of("m", message, 1.0)
    assert (call.text, call.thinking, call.finish_reason) == ("7", "hm", "stop")
    assert Call.model_validate_json(call.model_dump_json()) == call


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({}, None),
        ({"stop_reason": "max_tokens"}, "max_tokens"),
        ({"done_reason": "length"}, "length"),
        ({"finish_reason": None, "done_reason": "stop"}, "stop"),
        ({"finish_reason": 5}, None),
    ],
)
def test_the_reason_is_found_under_every_name(metadata: dict[str, Any], reason: str | None) -> None:
    assert finish_reason(metadata) == reason
