"""Check that the agents of a run got the prompts of a debate, since rows are rendered with these.

A dialect renders a view of the tree. Some graphs ask in other words, or tell more than the tree holds; their steps and
verdicts would stand under prompts that no agent saw, so such runs are refused.
"""

from collections.abc import Mapping
from typing import Any, Final

from longthought.errors import ConfigError
from longthought.training.data.request import Format

_STEPS: Final = frozenset({Format.POLICY, Format.DPO_POLICY})
_VERDICTS: Final = frozenset({Format.CRITIC, Format.DPO_CRITIC})


def expect_debate_prompts(run: str, started: Mapping[str, Any], wanted: Format, dialect: str) -> None:
    """Raise if rows of a format would hold prompts that the agents of a run never saw.

    Args:
        run: The run's name.
        started: The settings it was started with.
        wanted: The format.
        dialect: The dialect of the rows.

    Raises:
        ConfigError: naming the graph, and what can be exported instead.

    """
    if wanted in _STEPS:
        reason = _policy_objection(started, dialect)
    elif wanted in _VERDICTS:
        reason = _single_agent_objection(started, dialect)
    else:
        return
    if reason:
        raise ConfigError(
            f"`formats` {wanted}: in {run}, a run of {started['graph']}, {reason}, and rows would show prompts that it "
            "never saw; export sft-journey, sft-shortcut or step-labels from it, or generate with the graph debate"
        )


def _policy_objection(started: Mapping[str, Any], dialect: str) -> str | None:
    """Say how the prompts of a policy differed, if they did; the compact language has one way to ask."""
    match started.get("graph"):
        case "sampling" if started.get("revise") or started.get("merge"):
            return "the policy was shown its earlier attempts"
        case "sampling" if started.get("few_shot"):
            return "the policy was shown worked examples"
        case "decompose":
            return "the policy was asked for a plan"
        case "tree_search" if started.get("kinds"):
            return "the policy was told what kind of step to write"
        case _:
            return _single_agent_objection(started, dialect)


def _single_agent_objection(started: Mapping[str, Any], dialect: str) -> str | None:
    """Say so if one agent gave steps and verdicts; prompts in the compact language don't tell."""
    if started.get("graph") == "self_critique" and dialect == "prose":
        return "one agent sat in both chairs and was told so"
    return None
