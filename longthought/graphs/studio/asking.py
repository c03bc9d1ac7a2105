"""What a person is asked before a verdict is applied, and the events that the reply means."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, cast

from longthought.agents.agent import Agent, Proposer
from longthought.agents.dialects.dialect import Unreadable
from longthought.agents.view import view
from longthought.domains.conventions import conventions
from longthought.errors import ConfigError, UserError
from longthought.graphs.studio.by_hand import changed_verdict, rewritten_step
from longthought.graphs.studio.narration import said
from longthought.trajectories.events import EVENT, Action, AnyEvent, Author, Judged
from longthought.trajectories.tree import Tree

Ask = Callable[[dict[str, Any]], Awaitable[Any]]
"""Shows a person what `question` returns, and returns the reply: one of `REPLIES`, or the same as a mapping."""
_APPROVED: Final = ("", "approve", "yes", "ok")
_ACTION: Final = re.compile(
    rf"({'|'.join(Action)})\b(?:(?<={Action.BACKTRACK})\s+(\d+)(?![^\s:,]))?(?:[\s:,]+(.*))?", re.DOTALL
)
_WORD: Final = re.compile(r"(step|because)[\s:]+(.+)", re.DOTALL)
REPLIES: Final = {
    "approve": "apply the verdict",
    "backtrack 2 the sum is wrong": "your own verdict: an action, for backtrack the step to return to (0 is the "
    "problem), and your reasons; both may be left out",
    "because the sum is wrong": "the critic's action with your reasons",
    "step TEXT": "your own step in place of this one",
}


async def asked(tree: Tree, policy: Proposer, ask: Ask) -> list[AnyEvent]:
    """Ask a person about the verdict that a debate ends with, until the reply can be read.

    Returns what the reply means as events: none if it approves, or if the verdict is a person's already.
    """
    if not isinstance(tree.last, Judged) or tree.last.by is Author.HUMAN:
        return []
    fault = ""
    while True:
        reply = await ask(question(tree, fault))
        try:
            return [EVENT.validate_python(event) for event in answered(tree, reply, policy)]
        except UserError as error:
            fault = str(error)


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
    given = _read(reply)
    if not given:
        return []
    if "step" not in given:
        return [changed_verdict(tree, node, judged.verdict, given)]
    text = given["step"]
    if not isinstance(text, str) or not text.strip():
        raise ConfigError(f"`step` must be a text, got {text!r}")
    text, answer = _step(tree, node.parent or 0, text.strip(), policy)
    reason = given.get("critique") or "a person wrote another step"
    return rewritten_step(tree, node, text, given.get("answer") or answer, reason)


def _read(reply: Any) -> Mapping[str, Any]:
    """Return what a person says otherwise than the critic; nothing if the reply approves."""
    if isinstance(reply, Mapping):
        return cast(Mapping[str, Any], reply)
    if reply is None or reply is True:
        return {}
    written = reply.strip() if isinstance(reply, str) else ""
    if isinstance(reply, str) and written.lower() in _APPROVED:
        return {}
    if word := _WORD.fullmatch(written):
        return {"step" if word[1] == "step" else "critique": word[2]}
    if action := _ACTION.fullmatch(written):
        target = {} if action[2] is None else {"target": int(action[2])}
        return {"action": action[1], **target, **({"critique": action[3]} if action[3] else {})}
    raise ConfigError(f"the reply {reply!r} can't be read; write one of: {'; '.join(REPLIES)}")


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
