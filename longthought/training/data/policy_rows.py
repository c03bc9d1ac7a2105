"""Rows for policies: the prompt as the dialect asks it, and the step to answer with.

A debate is folded event by event, so every prompt is the one that the policy saw. The dialect must be able to read a
step back: a step that it can't read is left out and counted.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from longthought.agents.dialects.dialect import Dialect, Step
from longthought.agents.view import View, view
from longthought.training.data.annotated import AnnotatedDebate, replay
from longthought.training.data.rows import Message, PairCandidate, Ruler, TrainingRow, messages, turn
from longthought.trajectories.events import Author, Proposed, Reflected
from longthought.trajectories.tree import Tree

_TAUGHT: Final = frozenset({Author.POLICY, Author.HUMAN})
"""Authors whose steps a policy learns."""


def policy_rows(
    debate: AnnotatedDebate, dialect: Dialect, ruler: Ruler, left_out: Counter[str]
) -> Iterator[TrainingRow]:
    """Yield the steps that lead to a right answer, and the reflections of debates that found one."""
    for event, tree in replay(debate.trajectory):
        match event:
            case Proposed() if event.by in _TAUGHT and debate.lives.get(event.node):
                if event.node >= len(tree.nodes) and (shown := step_view(event, tree, dialect, left_out)):
                    yield turn("policy", "step", debate.at(event.node), dialect.ask_policy(shown), event.text, ruler)
            case Reflected() if event.by in _TAUGHT and debate.trajectory.solved:
                shown = view(tree, event.parent)
                prompt = dialect.ask_reflection(shown)
                if dialect.read_reflection(event.text) == event.text:
                    yield turn("policy", "reflection", debate.at(event.node), prompt, event.text, ruler)
            case _:
                pass


def step_view(event: Proposed, tree: Tree, dialect: Dialect, left_out: Counter[str]) -> View | None:
    """Return what the policy saw; None, with the reason counted, if the dialect can't read the step back."""
    shown = view(tree, at=event.parent)
    read = None if dialect.unsuitable(shown) else dialect.read_one(event.text, shown)
    if isinstance(read, Step) and (read.text, read.answer) == (event.text, event.answer):
        return shown
    left_out[f"with a step that can't be read back in {dialect.name}"] += 1
    return None


def policy_candidates(debate: AnnotatedDebate, dialect: Dialect, left_out: Counter[str]) -> Iterator[PairCandidate]:
    """Yield steps as replies to the prompt they answered, and each step's next rival as a reply to the same prompt.

    A rival is the next step from the same node whose outcome was the opposite. It was proposed later, so the earlier
    prompt lists neither of the two as rejected, and both could answer it.
    """
    waiting: dict[int, list[tuple[Sequence[Message], bool, int]]] = {}
    for event, tree in replay(debate.trajectory):
        if not isinstance(event, Proposed) or event.by not in _TAUGHT or event.node < len(tree.nodes):
            continue
        good = debate.lives.get(event.node)
        if good is None or (shown := step_view(event, tree, dialect, left_out)) is None:
            continue
        prompt, unpaired = messages(dialect.ask_policy(shown)), waiting.setdefault(event.parent, [])
        for earlier in [step for step in unpaired if step[1] is not good]:
            yield PairCandidate("dpo-policy", "sibling", debate.at(earlier[2]), earlier[0], event.text, good)
            unpaired.remove(earlier)
        unpaired.append((prompt, good, event.node))
        yield PairCandidate("dpo-policy", "sibling", debate.at(event.node), prompt, event.text, good)
