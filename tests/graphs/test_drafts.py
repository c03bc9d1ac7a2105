"""Drafts: several steps in one reply, checked in order and judged together."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.agents.dialects.yes_no import YesNo
from longthought.errors import ConfigError, EndpointError
from longthought.graphs.context import started
from longthought.graphs.debate import Debate
from longthought.graphs.play import play
from longthought.graphs.rules import DebateContext
from longthought.graphs.seats import Seats
from longthought.problems.problem import Problem
from longthought.tools.catalogue import verifiers
from longthought.trajectories.events import (
    AnyEvent,
    Cause,
    Checked,
    Failed,
    Failure,
    Finished,
    Judged,
    Moved,
    Proposed,
    StopReason,
)
from longthought.trajectories.tree import Tree
from tests.fakes.scripted import Line, ScriptedChatModel

PROBLEM = Problem(id="p", statement="What is 12 * 13 + 7 * 8?", domain="math")
FIRST, SECOND, LAST = "First, 12 * 13 = 156.", "Then 7 * 8 = 56.", "So 156 + 56 = 212, which is \\boxed{212}."
WHOLE = "\n\n".join((FIRST, SECOND, LAST))
WRONG = "Then 7 * 8 = 54."


def says(action: str, target: int | None = None, critique: str = "so") -> str:
    return json.dumps({"critique": critique, "action": action, "target": target, "score": 0.5})


class Drafted:
    """A debate in drafts."""

    def __init__(self, events: Sequence[AnyEvent], policy: ScriptedChatModel, critic: ScriptedChatModel) -> None:
        self.events, self.policy, self.critic, self.tree = events, policy, critic, Tree.fold(events)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def standings(self) -> str:
        return " ".join(f"{n.id}{n.standing[:2]}" for n in self.tree.nodes[1:])


async def debate(
    policy: Sequence[Line],
    critic: Sequence[Line],
    *,
    log: Sequence[AnyEvent] = (),
    judges_in: Prose | None = None,
    **settings: Any,
) -> Drafted:
    context = DebateContext(**{"draft": None, "tools": ["algebra"], **settings})
    said, judged = ScriptedChatModel(policy), ScriptedChatModel(critic)
    seats = Seats(
        Policy("fake:policy", said, Prose()),
        Critic("fake:critic", judged, judges_in or Prose()),
        verifiers(context.used_tools),
    )
    events = await play(Debate(seats), [started(PROBLEM, context)], lambda _: None, settings=context, logged=log)
    return Drafted(events.events, said, judged)


def cut_off(text: str) -> AIMessage:
    return AIMessage(text, response_metadata={"finish_reason": "length"})


async def test_a_critic_of_one_word_is_asked_below_the_reply_that_it_judges() -> None:
    """So that a server that keeps prefixes reads the question alone; headings and numbers are part of the reply."""
    draft = "Step 1:\n1. " + "\n\n2. ".join((FIRST, SECOND)) + "\n\nSo 156 + 56 = 213, which is \\boxed{213}."
    drafted = await debate(
        [f"{FIRST}\n\nSo it is 156, \\boxed{{156}}.", draft.replace("213", "212")],
        ["No", "Yes"],
        judges_in=YesNo(),
    )
    assert [node.text for node in drafted.tree.path()] == [FIRST, SECOND, LAST]
    asked, judged = drafted.policy.seen, drafted.critic.seen
    assert [request[:-2] for request in judged] == asked
    assert judged[1][-2].content == draft.replace("213", "212")
    assert str(judged[1][-1].content).endswith("Is the final answer 212 right? Answer with one word, Yes or No.")
    assert "- 156 + 56 = 212: right" in str(judged[1][-1].content)  # what the tools found stands in the question


async def test_a_draft_below_accepted_steps_is_judged_where_it_was_written() -> None:
    drafted = await debate(
        [f"{FIRST}\n\n{SECOND}\n\nThat is all.", f"Now add.\n\n{LAST}"],
        ["Yes", "Yes"],
        judges_in=YesNo(),
    )
    assert [request[:-2] for request in drafted.critic.seen] == drafted.policy.seen
    assert SECOND in str(drafted.policy.seen[1][-1].content)


@pytest.mark.parametrize("draft", [None, 4])
async def test_a_whole_draft_may_say_its_answer_without_a_box(draft: int | None) -> None:
    said = f"{FIRST}\n\n{SECOND}\n\nThe final answer is 212."
    drafted = await debate(
        [said, LAST], [says("terminate" if draft is None else "continue"), says("terminate")], draft=draft
    )
    assert len(drafted.policy.seen) == (1 if draft is None else 2)
    assert (drafted.tree.nodes[3].answer, drafted.of(Finished)[0].answer) == ("212" if draft is None else None, "212")


async def test_of_a_draft_that_was_cut_off_the_whole_steps_count() -> None:
    loop = cut_off("\n\n".join((FIRST, SECOND, "Now 156 + 56 is 156 + 56 is 156 + 56")))
    drafted = await debate([loop, LAST], [says("continue"), says("terminate")])
    assert [node.text for node in drafted.tree.nodes[1:]] == [FIRST, SECOND, LAST]
    (end,) = drafted.of(Finished)
    assert (end.reason, end.answer) == (StopReason.ANSWERED, "212")


async def test_an_answer_in_the_step_that_was_cut_off_is_none() -> None:
    drafted = await debate(
        [cut_off(f"{FIRST}\n\nSo it is \\boxed{{56}} + 1"), LAST], [says("continue"), says("terminate")]
    )
    assert [node.answer for node in drafted.tree.nodes[1:]] == [None, "212"]


async def test_a_single_step_that_was_cut_off_is_asked_for_again() -> None:
    drafted = await debate([cut_off("12 * 13 = 156 = 156 ="), WHOLE], [says("terminate")])
    assert [node.text for node in drafted.tree.nodes[1:]] == [FIRST, SECOND, LAST]
    assert len(drafted.policy.prompts) == 2


async def test_a_whole_solution_is_a_node_for_each_step_and_one_verdict() -> None:
    drafted = await debate([WHOLE], [says("terminate")])
    assert [type(event) for event in drafted.events[1:]] == [*[Proposed, Checked] * 3, Judged, Moved, Finished]
    assert [node.text for node in drafted.tree.nodes[1:]] == [FIRST, SECOND, LAST]
    assert [node.parent for node in drafted.tree.nodes[1:]] == [0, 1, 2]
    assert (drafted.standings, drafted.tree.rounds) == ("1ac 2ac 3ac", 1)
    assert [len(event.calls) for event in drafted.of(Proposed)] == [1, 0, 0]
    (end,) = drafted.of(Finished)
    assert (end.reason, end.node, end.answer) == (StopReason.ANSWERED, 3, "212")
    assert "Judge the new steps, 1 to 3" in drafted.critic.prompts[0]


async def test_what_follows_a_refuted_step_is_dropped_and_what_precedes_it_stays() -> None:
    reply = "\n\n".join((FIRST, WRONG, LAST))
    drafted = await debate([reply, f"{SECOND}\n\n{LAST}"], [says("terminate")])
    assert drafted.standings == "1ac 2ab 3ac 4ac"
    vetoed = drafted.of(Moved)[0]
    assert (vetoed.cause, vetoed.to, vetoed.accepted, vetoed.abandoned) == (Cause.VETOED, 1, (1,), (2,))
    assert FIRST in drafted.policy.prompts[1]
    assert f"Attempt 1:\n{WRONG}" in drafted.policy.prompts[1]
    assert LAST not in drafted.policy.prompts[1]
    assert drafted.tree.rounds == 2


async def test_the_critic_names_the_step_to_go_back_to() -> None:
    critic = [says("backtrack", 1, "why 7 * 8?"), says("terminate")]
    drafted = await debate([WHOLE, f"By hand, {SECOND}\n\n{LAST}"], critic)
    moved = drafted.of(Moved)[0]
    assert (moved.to, moved.accepted, moved.abandoned) == (1, (1,), (2, 3))
    assert drafted.standings == "1ac 2ab 3ab 4ac 5ac"


async def test_the_same_step_again_is_a_repetition() -> None:
    again = f"{SECOND}\n\n{LAST}"
    drafted = await debate([WHOLE, *[again] * 8, EndpointError("enough")], [says("backtrack", 1)], patience=2)
    assert [event.failure for event in drafted.of(Failed)][:2] == [Failure.REPEATED_STEP] * 2


async def test_without_a_target_the_whole_draft_goes() -> None:
    other = "Let me take 7 * 8 = 56 first.\n\nThen 156 + 56 = 212: \\boxed{212}."
    drafted = await debate([WHOLE, other], [says("backtrack"), says("terminate")])
    assert drafted.standings == "1ab 2ab 3ab 4ac 5ac"
    assert drafted.of(Moved)[0].to == 0


async def test_a_rejected_draft_is_shown_whole_and_its_reason_comes_last() -> None:
    critic = [says("backtrack", critique="Add 7 first."), EndpointError("enough")]
    drafted = await debate([WHOLE, LAST], critic)
    asked = drafted.policy.prompts[1]
    tried, _, request = asked.partition("Rejected by the critic: Add 7 first.\n\n")
    assert tried.endswith(f"Attempt 1:\n{WHOLE}\n")
    assert request.startswith("You are the solver.")


async def test_what_was_left_for_another_reason_is_no_part_of_a_rejected_draft() -> None:
    critic = [says("backtrack", 2, "no"), says("backtrack", 0, "all wrong")]
    drafted = await debate([WHOLE, f"Hence, {LAST}", EndpointError("enough")], critic)
    assert f"Attempt 1:\n{FIRST}\n\n{SECOND}\nRejected by the critic: all wrong" in drafted.policy.prompts[2]


async def test_a_draft_without_a_usable_verdict_is_left_whole() -> None:
    drafted = await debate([WHOLE, EndpointError("enough")], ["no verdict"] * 6, patience=3)
    assert drafted.standings == "1ab 2ab 3ab"
    assert drafted.of(Moved)[0].cause is Cause.EXHAUSTED


# Drafts written afresh.


async def test_afresh_a_refuted_draft_is_left_whole_and_the_next_is_written_without_a_look_at_it() -> None:
    drafted = await debate(["\n\n".join((FIRST, WRONG, LAST)), WHOLE], [says("terminate")], afresh=True)
    assert drafted.standings == "1ab 2ab 3ac 4ac 5ac"
    assert [(moved.cause, moved.to) for moved in drafted.of(Moved)] == [(Cause.VETOED, 0), (Cause.ACCEPTED, 5)]
    first, second = drafted.policy.prompts
    assert first == second
    assert "Write the whole solution." in first  # as sampling asks
    assert drafted.policy.options[0] == drafted.policy.options[1]  # no hotter than the first


async def test_afresh_the_same_draft_again_is_a_vote_and_no_repetition() -> None:
    drafted = await debate(
        [WHOLE, LAST, WHOLE], [says("backtrack", 1), *[says("backtrack")] * 2], afresh=True, rounds=3
    )
    assert drafted.of(Failed) == []
    assert [moved.to for moved in drafted.of(Moved)] == [0, 0, 0]
    assert '"enum": [0, null]' in json.dumps(drafted.critic.options[0])
    assert drafted.of(Finished)[0].answer == "212"


def test_drafts_are_written_afresh_where_the_critic_names_no_mistakes() -> None:
    asked: list[tuple[dict[str, Any], bool]] = [
        ({"draft": None}, False), ({"draft": None, "critic": "tools"}, True), ({"critic": "tools"}, False),
        ({"draft": None, "critic_dialect": "yes-no"}, True), ({"draft": 4, "critic_dialect": "yes-no"}, False),
        ({"draft": None, "critic": "tools", "afresh": False}, False), ({"draft": None, "afresh": True}, True),
    ]  # fmt: skip
    for settings, afresh in asked:
        context = DebateContext(**settings)
        assert context.starts_afresh is afresh, settings
        written = context.written()
        assert written.get("afresh") == (afresh if context.draft is None else settings.get("afresh")), settings
        assert DebateContext.read(written).starts_afresh is afresh


def test_only_whole_drafts_are_written_afresh() -> None:
    with pytest.raises(ConfigError, match="`afresh` is for whole drafts: leave it out, or write draft=none"):
        DebateContext(afresh=True, draft=4)


async def test_a_debate_in_drafts_that_is_cut_answers_with_the_vote_so_far() -> None:
    drafted = await debate(
        ["So \\boxed{7}.", LAST, "Or \\boxed{212}.", WHOLE], [*[says("backtrack")] * 3, says("terminate")], afresh=True
    )
    settings, tree, answers = DebateContext(draft=None), Tree(), list[str | None]()
    for event in drafted.events:
        tree.apply(event)
        if isinstance(event, Moved | Finished):
            answers.append(Debate().answer(tree, settings))
    assert answers == ["7", "212", "212", "212", "212"]
    assert Debate().answer(Tree.fold(drafted.events[:2]), DebateContext()) is None  # step by step, nothing is accepted


@pytest.mark.parametrize(("draft", "nodes"), [(1, 1), (2, 2), (9, 3)])
async def test_the_setting_says_how_far_the_policy_may_go(draft: int, nodes: int) -> None:
    drafted = await debate([WHOLE, EndpointError("enough")], [says("continue")], draft=draft)
    assert len(drafted.tree.nodes) - 1 == nodes


async def test_a_doubt_about_a_draft_is_answered_and_judged_again() -> None:
    drafted = await debate([WHOLE, "It stands."], [says("reflect"), says("terminate")])
    assert drafted.standings == "1ac 2ac 3ac 4ac"
    assert "Judge the new steps, 1 to 3" in drafted.critic.prompts[1]


async def test_a_draft_goes_on_from_every_event_of_its_log() -> None:
    policy, critic = [WHOLE, f"{SECOND} Yes.\n\n{LAST}"], [says("backtrack", 1), says("terminate")]
    whole = await debate(policy, critic)
    for cut in range(1, len(whole.events)):
        log = whole.events[:cut]
        asked = sum(len(event.calls) for event in log if isinstance(event, Proposed))
        judged = sum(isinstance(event, Judged) for event in log)
        again = await debate(policy[asked:], critic[judged:], log=log)
        assert [(node.text, node.standing) for node in again.tree.nodes] == [
            (node.text, node.standing) for node in whole.tree.nodes
        ]
