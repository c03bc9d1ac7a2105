"""What a person is asked before a verdict is applied, and the events that the reply means."""

from collections.abc import Mapping
from typing import Any, Final, cast

from longthought.agents.agent import Agent, Proposer
from longthought.agents.dialects.dialect import Unreadable
from longthought.agents.view import view
from longthought.domains.conventions import conventions
from longthought.errors import ConfigError
from longthought.graphs.studio.by_hand import changed_verdict, rewritten_step
from longthought.graphs.studio.narration import said
from longthought.trajectories.events import Action, Judged
from longthought.trajectories.tree import Tree

_APPROVED: Final = ("", "approve", "yes", "ok")
REPLIES: Final = {
    "approve": "apply the verdict",
    "continue, backtrack, reflect or terminate": "apply this action instead",
    '{"action": "backtrack", "target": 0, "critique": "…"}': "your own verdict; what you leave out stays the critic's",
    '{"critique": "…"}': "the critic's action with your reasons",
    '{"step": "…"}': "your own step in place of this one",
}


def question(tree: Tree, fault: str) -> dict[str, Any]:
    """Return what the person is shown: the step, the verdict, and what may be replied.

    Args:
        tree: The debate, whose last event is a verdict.
        fault: Why the reply before couldn't be used; empty the first time.

    """
    judged = tree.last
    assert isinstance(judged, Judged)
    shown: dict[str, Any] = {
        "question": f"The {judged.by} says {said(judged.verdict)}. Is that right?",
        "step": tree.node(judged.node).text,
        "verdict": judged.verdict.model_dump(mode="json", exclude={"said"}),
        "replies": REPLIES,
    }
    return {"fault": fault, **shown} if fault else shown


def answered(tree: Tree, reply: Any, policy: Proposer) -> list[dict[str, Any]]:
    """Return the events that a reply means; none if it approves.

    Args:
        tree: The debate, whose last event is a verdict.
        reply: What the person wrote; see `REPLIES`.
        policy: The agent in whose language a step is written.

    Raises:
        ConfigError: if the reply can't be read.

    """
    judged = tree.last
    assert isinstance(judged, Judged)
    node = tree.node(judged.node)
    if reply is None or reply is True or (isinstance(reply, str) and reply.strip().lower() in _APPROVED):
        return []
    if isinstance(reply, str) and reply.strip() in list(Action):
        reply = {"action": reply.strip()}
    if not isinstance(reply, Mapping):
        raise ConfigError(f"the reply {reply!r} can't be read; write one of: {'; '.join(REPLIES)}")
    given = cast(Mapping[str, Any], reply)
    if "step" not in given:
        return [changed_verdict(tree, node, judged.verdict, given)]
    text = given["step"]
    if not isinstance(text, str) or not text.strip():
        raise ConfigError(f"`step` must be a text, got {text!r}")
    text, answer = _step(tree, node.parent or 0, text.strip(), policy)
    reason = given.get("critique") or "a person wrote another step"
    return rewritten_step(tree, node, text, given.get("answer") or answer, reason)


def _step(tree: Tree, parent: int, text: str, policy: Proposer) -> tuple[str, str | None]:
    """Return a step as the policy would have written it, and the final answer in it."""
    if isinstance(policy, Agent):
        step = policy.dialect.read_one(text, view(tree, at=parent))
        if isinstance(step, Unreadable):
            raise ConfigError(f"`step`: {step.reason}")
        return step.text, step.answer
    try:
        return text, conventions(tree.problem).step_answer([node.text for node in tree.path(parent)], text)
    except ValueError as error:
        raise ConfigError(f"`step`: {error}") from error
