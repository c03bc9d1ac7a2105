"""A person before the critic's verdict is applied: approves, overrules, gives reasons, or writes the step."""

from typing import Any

import pytest

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.errors import ConfigError
from longthought.graphs.studio.asking import REPLIES
from longthought.trajectories.events import Action, Author, Cause, Judged, Moved, Proposed
from tests.fakes import sums
from tests.fakes.scripted import ScriptedChatModel

STATEMENT = "What is 7 + 1000?"


async def played(replies: list[Any], **settings: Any) -> tuple[lt.Trajectory, list[dict[str, Any]]]:
    """Play a debate with these replies, then approval; return it with the questions."""
    policy = ScriptedChatModel(lambda messages: sums.policy_says(str(messages[-1].content)))
    critic = ScriptedChatModel(lambda messages: sums.critic_says(str(messages[-1].content)))
    asked: list[dict[str, Any]] = []

    async def ask(question: dict[str, Any]) -> Any:
        asked.append(question)
        return replies[len(asked) - 1] if len(asked) <= len(replies) else "approve"

    agents: dict[str, Any] = {
        "policy": Policy("fake:policy", policy, Prose()),
        "critic": Critic("fake:critic", critic, Prose()),
    }
    return await lt.asolve(STATEMENT, ask=ask, tools=[], **agents, **settings), asked


def by_hand(debate: lt.Trajectory) -> list[Any]:
    return [event for event in debate.events if event.by is Author.HUMAN]


async def test_approval_changes_nothing() -> None:
    for reply in ("approve", "", None, True, {}):
        debate, asked = await played([reply])
        assert debate.answer == "1007"
        assert by_hand(debate) == []
        assert len(asked) == sum(isinstance(event, Judged) for event in debate.events)
        assert asked[0]["question"].startswith("The critic says backtrack")
        assert asked[0]["replies"] == REPLIES


@pytest.mark.parametrize(
    "reply", ["continue 3 is fine", {"action": "continue", "critique": "3 is fine"}], ids=["words", "mapping"]
)
async def test_a_person_overrules_the_critic(reply: Any) -> None:
    debate, _ = await played([reply])
    judged, moved, *_ = by_hand(debate)
    assert isinstance(judged, Judged)
    assert (judged.verdict.action, judged.verdict.critique, judged.verdict.score) == (
        Action.CONTINUE,
        "3 is fine",
        None,
    )
    assert isinstance(moved, Moved)
    assert (moved.cause, moved.accepted) == (Cause.ACCEPTED, (1,))
    assert isinstance(debate.events[judged.seq - 1], Judged), "the critic's own verdict stays in the log"


async def test_a_person_gives_reasons() -> None:
    debate, _ = await played(["because the guess is wild"])
    judged, moved = by_hand(debate)
    assert judged.verdict.action is Action.BACKTRACK
    assert moved.reason == judged.verdict.critique == "the guess is wild"
    assert "the guess is wild" in str(debate.long_thought("chronological")).lower()


async def test_a_person_writes_the_step() -> None:
    debate, _ = await played([r"step So it is \boxed{1007}."])
    moved, step = by_hand(debate)[:2]
    assert isinstance(moved, Moved)
    assert (moved.to, moved.abandoned) == (0, (1,))
    assert isinstance(step, Proposed)
    assert (step.node, step.parent, step.answer) == (2, 0, "1007")
    assert debate.tree.nodes[2].verdicts, "the critic judges it like any other"


async def test_a_reply_that_cannot_be_read_is_asked_again() -> None:
    debate, asked = await played(["hm", {"action": "jump"}, {"step": " "}, "backtrack 7 isn't used", "backtrack 0 no"])
    assert "can't be read" in asked[1]["fault"]
    assert "`action` must be one of" in asked[2]["fault"]
    assert "`step` must be a text" in asked[3]["fault"]
    assert "node 7 is not an accepted step" in asked[4]["fault"]
    judged = by_hand(debate)[0]
    assert (judged.verdict.target, judged.verdict.critique) == (0, "no")


async def test_a_vote_asks_nobody() -> None:
    with pytest.raises(ConfigError, match="`ask` is for graphs"):
        await played([], graph="sampling")
