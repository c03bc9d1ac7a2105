"""Rewards of how a reply is written: whether it can be read, its language and length, and what it repeats."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from longthought.agents.dialects.dialect import Step, Unreadable
from longthought.problems.countdown import notation
from longthought.thoughts.compact import read_thought
from longthought.training.reinforcement.rewards.state import readings, reply_text, states

_COMPACT_WORDS = frozenset(notation.VOCABULARY)


def format_reward(
    prompts: Sequence[Any], completions: Sequence[Any], state: Sequence[str], **_: Any
) -> list[float | None]:
    """Reward a reply that can be read as what was asked for with 1, any other with 0.

    A thought must be readable to its end, and end in an answer; a policy's step must not repeat one that was rejected.
    """
    return [float(is_readable(about, text, read)) for about, text, read in readings(completions, state)]


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
    """Reward the share of a thought's steps that don't repeat an earlier one; None for a reply without steps.

    Yeo et al., "Demystifying Long Chain-of-Thought Reasoning in LLMs", 2025, penalise repeated n-grams; here a step
    counts as repeated only if it was taken from the same numbers before.
    """
    said = [repeated(reply_text(text), about.dialect) for text, about in zip(completions, states(state), strict=True)]
    return [1 - repeats / steps if steps else None for repeats, steps in said]


def repeated(text: str, dialect: str) -> tuple[int, int]:
    """Return how many steps of a thought repeat an earlier one from the same numbers, and how many steps there are.

    In prose, a step is a line.
    """
    seen: set[tuple[str, ...]] = set()
    count = repeats = 0
    for key in _compact_steps(text) if dialect == "compact" else _lines(text):
        repeats += key in seen
        count += 1
        seen.add(key)
    return repeats, count


def _compact_steps(text: str) -> list[tuple[str, ...]]:
    path: list[str] = []
    keys: list[tuple[str, ...]] = []
    for turn in read_thought(text).turns:
        before = notation.read_step(path[-1]) if path else None
        numbers = " ".join(map(str, sorted(before.remaining))) if before else ""
        keys.append((numbers, turn.step.partition(" =")[0]))
        path.append(turn.step)
        if turn.back_to is not None:
            del path[turn.back_to :]
    return keys


def _lines(text: str) -> list[tuple[str, ...]]:
    return [tuple(words) for line in text.splitlines() if (words := line.split())]
