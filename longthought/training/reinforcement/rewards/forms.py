"""Rewards of how a reply is written: whether it can be read, its language and length, and what it repeats."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from longthought.agents.dialects.dialect import Step, Unreadable
from longthought.labels.exact import table_after_all
from longthought.problems.countdown import notation
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import Problem
from longthought.thoughts.compact import read_thought
from longthought.training.reinforcement.rewards.state import State, readings, reply_text, single_spaced, states
from longthought.trajectories.events import Verdict

_COMPACT_WORDS = frozenset(notation.VOCABULARY)
_CHOICE = re.compile(r"(?:^|(?<=\s))step\s+(\S+\s+\S+\s+\S+)")
_LINE = re.compile(r"\S.*")
_Keyed = Iterator[tuple[tuple[str, ...], tuple[int, int], Sequence[str]]]
"""What makes a step the same as another, where its choice is written, and the path that ends in it, if it has one."""


def format_reward(
    prompts: Sequence[Any], completions: Sequence[Any], state: Sequence[str], **_: Any
) -> list[float | None]:
    """Reward a reply that can be read as what was asked for with 1, any other with 0.

    A thought must be readable to its end, and end in an answer; a policy's step must not repeat one that was rejected.
    In a whole debate it must not be refuted by a tool either: a policy that is paid for whatever is new soon says what
    is forbidden, of which there is always more.
    """
    return [
        float(is_readable(about, text, read) and not _is_refuted(about, read))
        for about, text, read in readings(completions, state)
    ]


def _is_refuted(about: State, read: Step | Verdict | Unreadable) -> bool:
    refuted = about.played.refuted if about.played is not None else ()
    return isinstance(read, Step) and single_spaced(read.text) in refuted


def is_readable(about: Any, text: str, read: Any) -> bool:
    """Say whether a reply, which was read in a state, is what was asked for."""
    if isinstance(read, Unreadable):
        return False
    if about.role == "thinker":
        whole = about.dialect != "compact" or not read_thought(text).fault
        return whole and isinstance(read, Step) and read.answer is not None
    return not (isinstance(read, Step) and about.view.repeated(read.texts) is not None)


def language(prompts: Sequence[Any], completions: Sequence[Any], state: Sequence[str], **_: Any) -> list[float | None]:
    """Reward the share of a reply that is written in the script of the problem; in compact, in compact's words.

    DeepSeek-AI, "DeepSeek-R1", 2025, reward the share of words in the target language against mixing of languages;
    letters show their script without a model. None for a reply without letters.
    """
    return [
        _compact_share(text) if about.dialect == "compact" else _script_share(text, about.task.problem.statement)
        for about, text in zip(states(state), map(reply_text, completions), strict=True)
    ]


def _compact_share(text: str) -> float | None:
    words = text.split()
    return sum(word in _COMPACT_WORDS for word in words) / len(words) if words else None


def _script_share(text: str, statement: str) -> float | None:
    written, wanted = Counter(_scripts(text)), set(_scripts(statement)) or {"LATIN"}
    total = written.total()
    return sum(count for script, count in written.items() if script in wanted) / total if total else None


def _scripts(text: str) -> list[str]:
    return [_script(letter) for letter in text if letter.isalpha()]


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "unknown").split()[0]


def length(
    prompts: Sequence[Any],
    completions: Sequence[Any],
    completion_ids: Sequence[Sequence[int]],
    budget: Sequence[int],
    limit: Sequence[int],
    **_: Any,
) -> list[float | None]:
    """Give 0 to a reply within its budget of tokens, and less beyond it, down to -1 at the limit of a reply.

    The soft penalty of Yu et al., "DAPO", 2025.
    """
    return [
        -min(1.0, max(0, len(ids) - allowed) / max(1, most - allowed))
        for ids, allowed, most in zip(completion_ids, budget, limit, strict=True)
    ]


def novelty(prompts: Sequence[Any], completions: Sequence[Any], state: Sequence[str], **_: Any) -> list[float | None]:
    """Reward the share of a thought's steps that are legal and repeat no earlier one; None for a reply without steps.

    Yeo et al., "Demystifying Long Chain-of-Thought Reasoning in LLMs", 2025, penalise repeated n-grams; here a step
    counts as repeated only if it was taken from the same numbers before. If a step that breaks the rules were new,
    breaking them would be the easiest way to say something new.
    """
    told = [
        told_steps(reply_text(text), about.dialect, about.task.problem)
        for text, about in zip(completions, states(state), strict=True)
    ]
    return [sum(step.good for step in steps) / len(steps) if steps else None for steps in told]


def repeated(text: str, dialect: str) -> tuple[int, int]:
    """Return how many steps of a thought repeat an earlier one from the same numbers, and how many steps there are.

    In prose, a step is a line.
    """
    told = told_steps(text, dialect)
    return sum(step.again for step in told), len(told)


class ToldStep(NamedTuple):
    """A step of a thought."""

    start: int
    """Where the choice of the step begins in the text: in compact its two numbers and the operator, in prose a line."""
    end: int
    again: bool
    """Whether an earlier step of the thought was the same, from the same numbers."""
    legal: bool = True
    """Whether the rules allow the step, and its numbers are right; true if nobody can tell."""

    @property
    def good(self) -> bool:
        """Whether it is new and legal."""
        return self.legal and not self.again


def told_steps(text: str, dialect: str, problem: Problem | None = None) -> list[ToldStep]:
    """Return the steps of a thought in the order of telling; with the problem, each is checked by plain arithmetic."""
    seen, told = set[tuple[str, ...]](), list[ToldStep]()
    puzzle = Puzzle.read(problem.statement) if problem else None
    for key, (start, end), path in _compact_steps(text) if dialect == "compact" else _lines(text):
        state = table_after_all(puzzle.numbers, path) if puzzle and path else None
        told.append(ToldStep(start, end, key in seen, state is None or state.table is not None))
        seen.add(key)
    return told


def _compact_steps(text: str) -> _Keyed:
    path: list[str] = []
    for turn, choice in zip(read_thought(text).turns, _CHOICE.finditer(text), strict=False):  # a thought may be cut off
        before = notation.read_step(path[-1]) if path else None
        numbers = " ".join(map(str, sorted(before.remaining))) if before else ""
        path.append(turn.step)
        yield (numbers, turn.step.partition(" =")[0]), choice.span(1), path
        if turn.back_to is not None:
            del path[turn.back_to :]


def _lines(text: str) -> _Keyed:
    for line in _LINE.finditer(text):
        yield tuple(line[0].split()), line.span(), ()
