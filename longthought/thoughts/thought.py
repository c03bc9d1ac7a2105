"""A long thought: moves in order, and the sentences that a voice makes of them.

Every sentence knows its move, its node and the events it comes from, so that a reader can look up its author and a
trainer can leave it out of the loss. Voices, one for each dialect, choose the words.

After the journeys of Qin et al., "O1 Replication Journey: A Strategic Progress Report, Part 1", 2024.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Protocol

from longthought.problems.problem import Problem
from longthought.thoughts.moves import STEPS, Factor, Move
from longthought.thoughts.walks import Walk
from longthought.trajectories.tree import Tree

_ESCAPED: Final = "<\\/"
"""A closing tag as it is written inside a tag."""


@dataclass(frozen=True)
class Course:
    """A thought before it is put into words."""

    id: str
    """The debate it comes from."""
    problem: Problem
    walk: Walk
    moves: tuple[Move, ...]
    tree: Tree = field(repr=False, compare=False)
    """The tree it walks through; shared, so don't apply events to it."""
    seed: int = 0
    """Seed by which a voice chooses among words."""

    @property
    def answer(self) -> str | None:
        """The final answer it ends in; None if it ends without one."""
        last = self.moves[-1] if self.moves else None
        return last.text if last is not None and last.factor is Factor.ANSWER else None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A piece of a thought that says one move, and where it comes from."""

    text: str
    factor: Factor
    node: int
    events: tuple[int, ...]
    gap: str = " "
    """The white space before it, unless it is the first."""


def joined(sentences: Sequence[Sentence]) -> str:
    """Return sentences as they read one after another."""
    return "".join(s.text if at == 0 else s.gap + s.text for at, s in enumerate(sentences))


class Voice(Protocol):
    """Puts the moves of a thought into words."""

    name: str

    def say(self, course: Course) -> Iterable[Sentence]:
        """Put moves into words.

        Raises:
            ConfigError: if something in the thought can't be said in this voice.

        """
        ...


@dataclass(frozen=True)
class LongThought:
    """A thought in words; `str()` gives its text."""

    course: Course
    voice: str
    sentences: tuple[Sentence, ...]

    @property
    def id(self) -> str:
        """The debate it comes from."""
        return self.course.id

    @property
    def problem(self) -> Problem:
        """The problem it thinks about."""
        return self.course.problem

    @property
    def walk(self) -> Walk:
        """The order in which it tells the debate."""
        return self.course.walk

    @property
    def answer(self) -> str | None:
        """The final answer it ends in; None if it ends without one."""
        return self.course.answer

    @property
    def wrong_turns(self) -> int:
        """Number of returns from something that failed."""
        return sum(move.factor is Factor.RETURN for move in self.course.moves)

    @property
    def steps(self) -> int:
        """Number of steps it takes, right and wrong ones."""
        return sum(move.factor in STEPS for move in self.course.moves)

    @cached_property
    def text(self) -> str:
        """The whole text."""
        return joined(self.sentences)

    def __str__(self) -> str:
        return self.text

    @cached_property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Start and end offset of each sentence in the text, without gaps."""
        found: list[tuple[int, int]] = []
        at = 0
        for number, sentence in enumerate(self.sentences):
            start = at + (len(sentence.gap) if number else 0)
            at = start + len(sentence.text)
            found.append((start, at))
        return tuple(found)

    def to_json(self) -> str:
        """Return one line of JSON: the text, and each sentence with its factor, its node and its events."""
        record = {
            "id": self.id,
            "walk": self.walk,
            "voice": self.voice,
            "answer": self.answer,
            "wrong_turns": self.wrong_turns,
            "text": self.text,
            "sentences": [
                {"text": s.text, "factor": s.factor, "node": s.node, "events": s.events, "span": span}
                for s, span in zip(self.sentences, self.spans, strict=True)
            ],
        }
        return json.dumps(record, ensure_ascii=False)

    def tagged(self) -> str:
        """Return the thought with each sentence inside the tag of its factor, such as `<step>…</step>`, one a line."""
        return "\n".join(f"<{s.factor}>{s.text.replace('</', _ESCAPED)}</{s.factor}>" for s in self.sentences)


def tell(course: Course, voice: Voice) -> LongThought:
    """Put a thought into words.

    Raises:
        ConfigError: if the voice can't say it.

    """
    return LongThought(course, voice.name, tuple(voice.say(course)))
