"""Rewards of final answers, through the graders of the domains."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from longthought.agents.dialects.dialect import Step
from longthought.domains.grade import grade
from longthought.jobs.thread import awaited
from longthought.problems.countdown import notation
from longthought.problems.final_answer import boxed_span
from longthought.problems.problem import Task
from longthought.thoughts.compact import read_thought
from longthought.training.reinforcement.rewards.state import readings, states


def accuracy(prompts: Sequence[Any], completions: Sequence[Any], state: Sequence[str], **_: Any) -> list[float | None]:
    """Reward a right final answer with 1, and a wrong one or none with 0.

    None for a step without an answer, for a verdict, and where the grader can't tell.
    """
    asked: list[tuple[Task, str | None] | None] = []
    for about, _text, read in readings(completions, state):
        answer = read.answer if isinstance(read, Step) else None
        gradable = about.role == "thinker" or (about.role == "policy" and answer is not None)
        asked.append((about.task, answer) if gradable else None)
    return awaited(graded(asked))


def outcome(prompts: Sequence[Any], completions: Sequence[Any], state: Sequence[str], **_: Any) -> list[float | None]:
    """Reward every turn of a debate that ends with a right answer with 1, and every turn of another with 0.

    None outside of whole debates, and where the grader can't tell.
    """
    played = [about.played for about in states(state)]
    return [None if debate is None or debate.solved is None else float(debate.solved) for debate in played]


def improvement(
    prompts: Sequence[Any], completions: Sequence[Any], state: Sequence[str], **_: Any
) -> list[float | None]:
    """Reward the way from the first answer to the last: 1 if mended, -1 if spoilt, 0 if neither.

    The answers are those of a thought, or those proposed in a whole debate. None where there is one answer or none.
    Kumar et al., "Training Language Models to Self-Correct via Reinforcement Learning", 2024, add such a bonus to the
    reward of the last answer.
    """
    first: list[tuple[Task, str | None] | None] = []
    last: list[tuple[Task, str | None] | None] = []
    for about, text, _read in readings(completions, state):
        found = _answers(text, about.dialect) if about.role == "thinker" else []
        found = list(about.played.answers) if about.played is not None else found
        first.append((about.task, found[0]) if len(found) > 1 else None)
        last.append((about.task, found[-1]) if len(found) > 1 else None)
    grades = awaited(graded([*first, *last]))
    pairs = zip(grades[: len(first)], grades[len(first) :], strict=True)
    return [None if before is None or after is None else after - before for before, after in pairs]


def learnability(
    prompts: Sequence[Any], completions: Sequence[Any], state: Sequence[str], **_: Any
) -> list[float | None]:
    """Reward prompts that are solved sometimes: 4p(1 - p), where p is the share of right replies to the same prompt.

    It is equal for all replies to a prompt, so it teaches whoever chose the prompt. Foster et al., "Learning to Reason
    at the Frontier of Learnability", 2025.
    """
    groups: dict[str, list[float]] = defaultdict(list)
    for prompt, right in zip(prompts, accuracy(prompts, completions, state), strict=True):
        if right is not None:
            groups[str(prompt)].append(right)
    shares = {prompt: sum(rights) / len(rights) for prompt, rights in groups.items()}
    return [4 * p * (1 - p) if (p := shares.get(str(prompt))) is not None else None for prompt in prompts]


async def graded(asked: Sequence[tuple[Task, str | None] | None]) -> list[float | None]:
    """Grade answers: 1 if right, 0 if wrong, None where there is nothing to grade or the grader can't tell."""

    async def one(question: tuple[Task, str | None] | None) -> float | None:
        if question is None:
            return None
        task, answer = question
        if task.reference is None:
            return None
        right, _ = await grade(task.problem, task.reference, answer)
        return None if right is None else float(right)

    return list(await asyncio.gather(*map(one, asked)))


def _answers(text: str, dialect: str) -> list[str]:
    """Return every final answer that a thought arrives at, in their order."""
    return _compact_answers(text) if dialect == "compact" else _boxed_answers(text)


def _compact_answers(text: str) -> list[str]:
    path: list[str] = []
    found: list[str] = []
    for turn in read_thought(text).turns:
        path.append(turn.step)
        step = notation.read_step(turn.step)
        if step is not None and len(step.remaining) == 1 and (whole := notation.expression(path)):
            found.append(whole)
        if turn.back_to is not None:
            del path[turn.back_to :]
    return found


def _boxed_answers(text: str) -> list[str]:
    found: list[str] = []
    while True:
        try:
            span = boxed_span(text)
        except ValueError:  # a box that is never closed
            return found[::-1]
        if span is None:
            return found[::-1]
        found.append(text[slice(*span)])
        text = text[: text.rindex("\\", 0, span[0])]
