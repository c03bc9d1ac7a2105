"""Rows for policies: the prompt as the dialect asks it, and the reply to answer with: a step, a draft, or a solution.

A debate is folded event by event, so every prompt is the one that the policy saw. The dialect must be able to read a
reply back: one that it can't read is left out and counted.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from langchain_core.messages import BaseMessage

from longthought.agents.accepting import INDEPENDENT
from longthought.agents.dialects.dialect import Dialect, Step, WholeDialect
from longthought.agents.dialects.programs import request
from longthought.agents.dialects.thinking import without_thinking
from longthought.agents.view import View, view
from longthought.training.data.annotated import AnnotatedDebate, replay
from longthought.training.data.confirmed import allowed_steps, steps_confirmed
from longthought.training.data.request import FromTools
from longthought.training.data.rows import UNGRADED, Message, PairCandidate, Ruler, TrainingRow, messages, turn
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Checked,
    EvidenceStatus,
    Failed,
    Failure,
    Proposed,
    Reflected,
)
from longthought.trajectories.tree import Node, Tree

_TAUGHT: Final = frozenset({Author.POLICY, Author.HUMAN})
"""Authors whose steps a policy learns."""
_INSTEAD: Final = 2
"""Maximum number of steps that are taught in place of one."""


def policy_rows(
    debate: AnnotatedDebate, dialect: Dialect, ruler: Ruler, from_tools: FromTools | None, left_out: Counter[str]
) -> Iterator[TrainingRow]:
    """Yield the replies whose steps all lead to a right answer, and the reflections of debates that found one.

    With `from_tools`, also the other replies in which tools confirmed every step and refuted nothing, as kind
    `confirmed`. They teach what may be said at all, where debates are seldom solved. With `corrected`, these are
    steps that the critic accepted, for a reason that it gave there or further on. In place of a step that was tried
    before or not confirmed, it teaches new ones that the rules allow: its own operation with the right numbers, and
    random ones.

    Of the programs that a tool had written, those that confirmed a right answer: the policy's model wrote them too.
    Of attempts at whole solutions, those with a right answer: rejection sampling, as in Yuan et al., "Scaling
    Relationship on Learning Mathematical Reasoning with Large Language Models", 2023.
    """
    for node, prompt, right in _solutions(debate, dialect, left_out):
        if right:
            yield turn("policy", "solution", debate.at(node.id), prompt, node.text, ruler)
    for event, tree in () if _whole(debate, dialect) else replay(debate.trajectory):
        if from_tools == "corrected" and (instead := _allowed_instead(debate, event, tree)):
            shown, texts = instead
            at = debate.at(shown.path_nodes[-1] if shown.path_nodes else 0)
            for text in texts:
                yield turn("policy", "corrected", at, dialect.ask_policy(shown), text, ruler)
        match event:
            case Proposed() if _is_reply(event, tree):
                leads = _leads(debate, event)
                if not leads and (not from_tools or (from_tools == "corrected" and not _accepted(debate, event.node))):
                    continue
                shown = view(tree, at=event.parent)
                if leads:
                    kind, text = "draft" if event.ahead else "step", reply_text(event, shown, dialect, left_out)
                elif _confirmed(debate, event):
                    kind, text = "confirmed", reply_text(event, shown, dialect, left_out)
                else:
                    continue
                if text is not None:
                    yield turn("policy", kind, debate.at(event.node), dialect.ask_policy(shown), text, ruler)
            case Reflected() if event.by in _TAUGHT and debate.trajectory.solved:
                shown = view(tree, event.parent)
                prompt = dialect.ask_reflection(shown)
                if dialect.read_reflection(event.text) == event.text:
                    yield turn("policy", "reflection", debate.at(event.node), prompt, event.text, ruler)
            case Checked() if event.calls and debate.lives.get(event.node) and _program_confirms(event):
                prompt, text = request(debate.trajectory.problem), event.calls[-1].text
                yield turn("policy", "program", debate.at(event.node), prompt, text, ruler)
            case _:
                pass


def _program_confirms(event: Checked) -> bool:
    """Say whether a program that was written for the problem alone gave the answer of a step."""
    return any(e.tool == INDEPENDENT and e.status is EvidenceStatus.CONFIRMED for e in event.evidence)


def _whole(debate: AnnotatedDebate, dialect: Dialect) -> bool:
    """Say whether the policy was asked for whole solutions."""
    started = debate.trajectory.tree.started
    return started is not None and started.config.get("graph") == "sampling" and isinstance(dialect, WholeDialect)


def _solutions(
    debate: AnnotatedDebate, dialect: Dialect, left_out: Counter[str]
) -> Iterator[tuple[Node, Sequence[BaseMessage], bool]]:
    """Yield the graded whole solutions, each with what was asked and its grade; none of a debate in steps."""
    if not _whole(debate, dialect) or not isinstance(dialect, WholeDialect):
        return
    prompt = dialect.ask_solution(view(debate.trajectory.tree, at=0))
    for node in debate.trajectory.steps:
        if node.answer is not None and node.by in _TAUGHT:
            if (right := debate.lives.get(node.id)) is None:
                left_out[UNGRADED] += 1
            else:
                yield node, prompt, right


def _is_reply(event: Proposed, tree: Tree) -> bool:
    """Say whether a new step begins a reply that a policy may learn."""
    return event.by in _TAUGHT and not event.drafted and event.node >= len(tree.nodes)


def _leads(debate: AnnotatedDebate, event: Proposed) -> bool | None:
    """Return whether every step of a reply leads to a right answer; None if that is unknown.

    What follows a refuted step was dropped and never became a node.
    """
    nodes = _steps(debate.trajectory.tree, event)
    lives = [debate.lives.get(node.id) for node in nodes]
    if False in lives:
        return False
    return lives[-1] if len(nodes) == 1 + len(event.ahead) else None


def _confirmed(debate: AnnotatedDebate, event: Proposed) -> bool:
    """Say whether every step of a reply became a node that tools confirmed."""
    nodes = _steps(debate.trajectory.tree, event)
    return len(nodes) == 1 + len(event.ahead) and steps_confirmed(nodes)


def _accepted(debate: AnnotatedDebate, number: int) -> bool:
    """Say whether the critic accepted a step at once, for a reason that it gave there or at a step that followed."""
    node = debate.trajectory.tree.node(number)
    if not node.verdicts or not (first := node.verdicts[0]).action.accepts:
        return False
    return bool(first.critique) or any(_accepted(debate, child) for child in node.children)


def _allowed_instead(debate: AnnotatedDebate, event: AnyEvent, tree: Tree) -> tuple[View, list[str]] | None:
    """Return what a policy saw that first said a step which was tried or not confirmed, and what the rules allow."""
    match event:
        case Failed(failure=Failure.REPEATED_STEP | Failure.UNREADABLE_STEP, by=by) if by in _TAUGHT:
            at, said = tree.cursor, ""
        case Proposed(parent=at, text=said) if _is_reply(event, tree) and not event.ahead:
            if len(event.calls) <= 1 and _confirmed(debate, event):
                return None
        case _:
            return None
    shown = view(tree, at=at)
    said = event.calls[0].text if event.calls else said
    tried = [attempt.text for attempt in shown.attempts]
    seed = f"{debate.trajectory.id} {event.seq}"
    return shown, allowed_steps(shown.problem, shown.path, said, tried, seed, _INSTEAD)


def _steps(tree: Tree, event: Proposed) -> list[Node]:
    """Return the steps of a reply that became nodes."""
    nodes = [tree.node(event.node)]
    while after := next((n for n in nodes[-1].children if tree.nodes[n].drafted), None):
        nodes.append(tree.node(after))
    return nodes


def reply_text(event: Proposed, shown: View, dialect: Dialect, left_out: Counter[str]) -> str | None:
    """Return the reply that a step begins, a draft as it was written; None, counted, if the dialect can't read it back.

    A draft that was cut after the steps that were asked for is made of these alone.
    """
    steps = (event.text, *(step.text for step in event.ahead))
    answer = event.ahead[-1].answer if event.ahead else event.answer
    texts = [event.text]
    if event.ahead:
        texts = [without_thinking(call.text).strip() for call in event.calls[-1:]] + ["\n\n".join(steps)]
    for text in () if dialect.unsuitable(shown) else texts:
        read = dialect.read_step(text, replace(shown, draft=None)) if event.ahead else dialect.read_one(text, shown)
        if isinstance(read, Step) and (read.texts, read.last.answer) == (steps, answer):
            return text
    left_out[f"with a step that can't be read back in {dialect.name}"] += 1
    return None


def policy_candidates(debate: AnnotatedDebate, dialect: Dialect, left_out: Counter[str]) -> Iterator[PairCandidate]:
    """Yield replies to the prompt they answered, and each one's next rival as a reply to the same prompt.

    A rival is the next reply from the same node whose outcome was the opposite. It was proposed later, so the earlier
    prompt lists neither of the two as rejected, and both could answer it.
    """
    for node, asked, right in _solutions(debate, dialect, left_out):
        yield PairCandidate("dpo-policy", "solution", debate.at(node.id), messages(asked), node.text, right)
    if _whole(debate, dialect):
        return
    waiting: dict[int, list[tuple[Sequence[Message], bool, int]]] = {}
    for event, tree in replay(debate.trajectory):
        if not isinstance(event, Proposed) or not _is_reply(event, tree):
            continue
        good, shown = _leads(debate, event), view(tree, at=event.parent)
        if good is None or (text := reply_text(event, shown, dialect, left_out)) is None:
            continue
        prompt, unpaired = messages(dialect.ask_policy(shown)), waiting.setdefault(event.parent, [])
        for earlier in [reply for reply in unpaired if reply[1] is not good]:
            yield PairCandidate("dpo-policy", "sibling", debate.at(earlier[2]), earlier[0], text, good)
            unpaired.remove(earlier)
        unpaired.append((prompt, good, event.node))
        yield PairCandidate("dpo-policy", "sibling", debate.at(event.node), prompt, text, good)
