"""Self-critique: one agent proposes the steps and picks the action on each, under the rules of the debate.

    propose → check → judge → act        the same agent in both chairs, and one bill

The agent may not stop without an answer while rounds are left: the rules refuse, and it reads the reason and decides
again. When its budget runs low, every further view says so. The agent sees what a policy or a critic would see in its
chair; in prose both chairs share one system message, so that steps and verdicts share a prefix. Models of the compact
language read no notices: there the refusal alone makes them reconsider.

After Qin et al., "O1 Replication Journey: A Strategic Progress Report", 2024 (second attempt: one agent that reflects).
"""

from typing import ClassVar, Final

from pydantic.dataclasses import dataclass

from longthought.agents import catalogue
from longthought.agents.agent import Critic, Judge, Policy, Proposer
from longthought.errors import ConfigError
from longthought.graphs import rules
from longthought.graphs.context import setting_of
from longthought.graphs.debate import Debate
from longthought.graphs.rules import DebateContext
from longthought.graphs.seats import Seats
from longthought.trajectories.events import Author
from longthought.trajectories.tree import Tree

LOW: Final = 0.75
"""Share of a budget that must be spent before it counts as low."""
_NOTICE: Final = (
    "You have no final answer yet, and {left}. Reconsider: is this path the shortest way to an answer you can hold to, "
    "or should you leave it now?"
)


@dataclass(kw_only=True)
class SelfCritiqueContext(DebateContext):
    """The settings of self-critique; the policy is the only agent."""

    graph: ClassVar[str] = "self_critique"

    def __post_init__(self) -> None:
        """Refuse settings of a critic."""
        super().__post_init__()
        if self.critic not in (self.policy, DebateContext.critic):
            raise ConfigError(
                f"`critic` can't be {self.critic!r}: in self_critique the policy judges its own steps; leave the "
                "critic out, or choose `graph=debate`"
            )
        policy = self.given("policy")
        for name, value in self.given("critic").items():
            if name != "name" and value not in (None, policy.get(name)):
                raise ConfigError(
                    f"`{setting_of('critic', name)}` can't be {value!r}: self_critique has only one agent"
                )

    def seats(self, policy: Proposer | None = None, critic: Judge | None = None) -> Seats:
        """Seat one agent in both chairs; the model of a policy given without a critic judges too."""
        if policy is None:
            policy, own_critic = catalogue.solo(self.model("policy"))
            return Seats(policy, critic or own_critic, self._verifiers(policy), (policy, own_critic))
        if critic is not None:
            return Seats(policy, critic, self._verifiers(policy))
        if not isinstance(policy, Policy):
            raise ConfigError(f"{policy.name}: in self_critique the policy judges too; give a critic made of it")
        dialect = catalogue.alone(policy.dialect)
        return Seats(
            Policy(policy.name, policy.model, dialect),
            Critic(policy.name, policy.model, dialect),
            self._verifiers(policy),
        )


class SelfCritique(Debate):
    """Self-critique as a graph."""

    context = SelfCritiqueContext
    judge_is = Author.POLICY

    def notice(self, tree: Tree, settings: DebateContext) -> str:
        """Return the notice that the budget runs low; empty before."""
        return notice(tree, settings)


def notice(tree: Tree, settings: DebateContext) -> str:
    """Say how much of the scarcest budget is left once three quarters of it are spent.

    Nothing is said before, nor about a step that gives an answer.
    """
    judged = rules.candidate(tree)
    if judged is not None and judged.answer is not None:
        return ""
    spent, computed = tree.total_usage.total, tree.total_usage.computed
    shares = [
        (tree.rounds / settings.rounds, f"{settings.rounds - tree.rounds} of {settings.rounds} proposals are left"),
        (spent / (settings.tokens or float("inf")), f"{(settings.tokens or 0) - spent} tokens are left"),
        (computed / (settings.computed or float("inf")), f"{(settings.computed or 0) - computed} tokens are left"),
        (tree.seconds / (settings.seconds or float("inf")), f"{(settings.seconds or 0) - tree.seconds:.0f} s are left"),
    ]
    share, left = max(shares, key=lambda share_and_text: share_and_text[0])
    return _NOTICE.format(left=left) if LOW <= share < 1 else ""
