"""The agents and tools of a debate as they are given in Python: names, values and live objects."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import NoneType
from typing import Any

from langchain_core.language_models import BaseChatModel

from longthought.agents.agent import Judge, Policy, Proposer
from longthought.agents.dialects.dialect import SolutionsOnly
from longthought.agents.model import Model
from longthought.errors import ConfigError
from longthought.graphs import catalogue
from longthought.graphs.context import Context
from longthought.graphs.machine import Machine
from longthought.graphs.rules import DebateContext
from longthought.graphs.sampling.settings import SamplingContext
from longthought.graphs.seats import Seats
from longthought.jobs.request import expect_served, with_models
from longthought.request import expect
from longthought.tools.verifier import Verifier


def agents_of(
    policy: str | Model | Proposer | BaseChatModel,
    critic: str | Model | Judge | BaseChatModel,
    settings: Mapping[str, Any],
) -> tuple[str | Model | Proposer, str | Model | Judge]:
    """Make agents of the chat models among policy and critic, in the dialects that the settings name."""
    from longthought.agents import catalogue as agents

    spoken = settings.get("dialect")
    if isinstance(policy, BaseChatModel):
        policy = agents.policy(policy, dialect=spoken)
    if isinstance(critic, BaseChatModel):
        critic = agents.critic(critic, dialect=settings.get("critic_dialect") or spoken)
    return policy, critic


def split(tools: Iterable[str | Verifier] | None) -> tuple[Any, list[Verifier]]:
    """Return the names among tools, and the objects."""
    if tools is None or isinstance(tools, str) or not isinstance(tools, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        return tools, []
    given = list(tools)
    own = [tool for tool in given if not isinstance(tool, str)]
    for tool in own:
        if not all(hasattr(tool, name) for name in ("name", "claims", "check")):
            raise ConfigError(f"`tools` must be names of tools, or objects with name, claims and check, got {tool!r}")
    return [tool for tool in given if isinstance(tool, str)], own


def with_tools(seats: Seats, own: Sequence[Verifier]) -> Seats:
    """Add tools that were given as objects to those made by name."""
    return replace(seats, verifiers=(*seats.verifiers, *own)) if own else seats


def context_of(
    graph: str | type[Machine[Any, Any]],
    policy: str | Model | Proposer,
    critic: str | Model | Judge,
    tools: Iterable[str] | None,
    settings: Mapping[str, Any],
) -> Context:
    """Build the context of a graph from its agents, tools and settings."""
    expect("a list of names", Iterable, NoneType, tools=tools)
    given = settings if tools is None else {**settings, "tools": tools if isinstance(tools, str) else list(tools)}
    context = catalogue.context(graph, with_models(given, **named(policy, critic)))
    expect_served(context)
    return context


def seated(context: Context, policy: str | Model | Proposer, critic: str | Model | Judge) -> Seats:
    """Seat agents given as objects, and make the agents given by name.

    Raises:
        ConfigError: if the policy writes whole solutions only, and the graph asks for steps or for revisions.

    """
    seats = context.seats(
        policy=None if isinstance(policy, str | Model) else policy,
        critic=None if isinstance(critic, str | Model) else critic,
    )
    whole = isinstance(seats.policy, Policy) and isinstance(seats.policy.dialect, SolutionsOnly)
    afresh = isinstance(context, DebateContext) and context.starts_afresh
    if whole and not (afresh or context.graph == SamplingContext.graph):
        raise ConfigError(
            f"{seats.policy.name} writes whole solutions, and {context.graph} asks for steps; take "
            f"`graph={SamplingContext.graph}`, or a debate with `draft=none` and a critic of one word"
        )
    return seats


def named(policy: str | Model | Proposer, critic: str | Model | Judge) -> dict[str, Any]:
    """Return the names or the models of two agents by their chairs.

    Raises:
        ConfigError: if one of them is no agent, or one for the other chair.

    """
    names: dict[str, Any] = {}
    for chair, agent, skill in (("policy", policy, "propose"), ("critic", critic, "judge")):
        live = not isinstance(agent, str | Model)
        if live and not (isinstance(getattr(agent, "name", None), str) and callable(getattr(agent, skill, None))):
            raise ConfigError(f"`{chair}` must be provider:model, a Model, or made with lt.{chair}, got {agent!r}")
        names[chair] = agent.name if live else agent
    return names
