"""A node added to the debate: before a final answer counts, the policy has to look at it a second time.

`python examples/extra_node.py` needs no server: its models repeat what they were given.
"""

from collections.abc import Sequence
from typing import ClassVar

from langchain_core.language_models import BaseChatModel, FakeListChatModel

import longthought as lt
from longthought.graphs.debate import Debate
from longthought.graphs.rules import DebateContext
from longthought.trajectories.events import Action, AnyEvent, Author, Judged, Verdict
from longthought.trajectories.stamps import stamped
from longthought.trajectories.tree import Tree

DOUBT = Verdict(action=Action.REFLECT, critique="Before this counts: is it what was asked?")


class SecondLook(Debate):
    """The debate with a node `second_look` between the critic's first acceptance of an answer and its effect."""

    turns = (*Debate.turns, "second_look")
    edges: ClassVar = {**Debate.edges, "judge": (*Debate.edges["judge"], "second_look"), "second_look": ("act",)}

    def turn(self, fold: Tree, settings: DebateContext) -> str:
        """Take the extra turn where the critic accepts an answer that nobody has doubted yet."""
        last = fold.last
        if isinstance(last, Judged) and last.verdict.action is Action.TERMINATE:
            verdicts = fold.node(last.node).verdicts
            if not any(verdict.action is Action.REFLECT for verdict in verdicts):
                return "second_look"
        return super().turn(fold, settings)

    async def take(self, turn: str, fold: Tree, settings: DebateContext) -> Sequence[AnyEvent]:
        """Doubt the answer; every other turn is the debate's own."""
        if turn != "second_look":
            return await super().take(turn, fold, settings)
        assert isinstance(fold.last, Judged)
        return [stamped(fold, Judged, Author.STRATEGY, node=fold.last.node, verdict=DOUBT)]


def main(policy: BaseChatModel, critic: BaseChatModel) -> lt.Trajectory:
    """Let two chat models debate, with a second look at the answer."""
    return lt.solve("What is 6 * 7?", graph=SecondLook, policy=policy, critic=critic, tools=[])


if __name__ == "__main__":
    steps = [r"6 * 7 = 42, so \boxed{42}.", "The product was asked for, and 42 is it."]
    verdict = '{"action": "terminate", "score": 0.9}'
    debate = main(FakeListChatModel(responses=steps), FakeListChatModel(responses=[verdict]))
    print(debate.answer)
    print([event.kind for event in debate.events])
