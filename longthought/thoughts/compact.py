"""Long thoughts in the compact language: written for small models to learn, and read back.

A turn reads `step 15 - 13 = 2 left 20 3 2 judge 20 need 105 65 have 5 1 none`: a step and the look-ahead; then comes
`continue`, `terminate`, or the way back. A way back says how many steps stay, which step was given up, and which
numbers are then on the table for which target: `backtrack 0 not 15 - 13 dead left 20 15 13 3 make 85`. So a small model
reads again what it has to remember, in the words of its prompts. Every word is one of `notation.VOCABULARY`; anything
else can't be said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from longthought.errors import ConfigError
from longthought.problems.countdown import notation
from longthought.problems.countdown.puzzle import Puzzle
from longthought.thoughts.moves import STEPS, Factor, Move
from longthought.thoughts.thought import Course, Sentence
from longthought.trajectories.events import Author

_REJECTED: Final = 5
"""Words of `not 15 - 13 dead`."""
_SILENT: Final = frozenset({Factor.OPENING, Factor.OBSERVATION, Factor.CHECK, Factor.END})
_VOCABULARY: Final = frozenset(notation.VOCABULARY)


class CompactVoice:
    """The voice of compact; see `longthought.thoughts.thought.Voice`."""

    name = "compact"

    def say(self, course: Course) -> Iterator[Sentence]:
        """Say each move in a few words, one step a line; checks that hold are not said.

        Raises:
            ConfigError: if something in the thought has no words in the compact language.

        """
        puzzle = notation.read_statement(course.problem.statement)
        if puzzle is None:
            raise ConfigError(f"{course.id}: only Countdown problems can be put in compact; use the voice of prose")
        wording = _Wording(course, puzzle)
        for move in course.moves:
            if move.factor in _SILENT:
                continue
            text = wording.words(move)
            if text is None or not _VOCABULARY.issuperset(text.split()):
                raise ConfigError(
                    f"{course.id}: the {move.factor} at step {move.node} can't be said in compact "
                    f"({move.text[:60]!r}); use the voice of prose, or leave this debate out"
                )
            opens = move.factor in STEPS or move.factor in (Factor.SWITCH, Factor.MERGE)
            yield Sentence(text, move.factor, move.node, move.events, "\n" if opens else " ")


class _Wording:
    """Chooses the words of one thought."""

    def __init__(self, course: Course, puzzle: Puzzle) -> None:
        self._nodes, self._puzzle = course.tree.nodes, puzzle
        self._refuted: set[int] = set()

    def words(self, move: Move) -> str | None:
        """Put one move into words; None if the language has none."""
        match move.factor:
            case Factor.STEP | Factor.ALTERNATIVE | Factor.COMBINATION | Factor.MERGE:
                return f"step {move.text}" if notation.read_step(move.text) else None
            case Factor.APPROVAL:
                judged = self._look_ahead(move)
                answered = self._nodes[move.node].answer is not None
                return judged if judged is None or answered else f"{judged} continue"
            case Factor.FAILURE:
                return "dead" if move.by is Author.STRATEGY else self._look_ahead(move) or self._miss(move)
            case Factor.REFUTATION:
                self._refuted.add(move.node)
                return "refuted"
            case Factor.RETURN:
                return self._return(move)
            case Factor.SWITCH:
                return self._switch(move)
            case Factor.ANSWER:
                return "terminate"
            case _:
                return None

    def _look_ahead(self, move: Move) -> str | None:
        return f"judge {move.text}" if notation.LOOK_AHEAD_WORDS.issuperset(move.text.split()) else None

    def _miss(self, move: Move) -> str | None:
        """Say that the last number is not the target, as the reason of the failure says in other words."""
        left = self._table(move.node)
        if left is None or len(left) > 1 or left[0] == self._puzzle.target:
            return None
        return f"judge need {self._puzzle.target} have {left[0]} none"

    def _return(self, move: Move) -> str | None:
        """Say the way back, and which step was given up."""
        given_up = self._nodes[move.origin or 0]
        while given_up.parent is not None and given_up.parent != move.node:
            given_up = self._nodes[given_up.parent]
        reason = "illegal" if given_up.id in self._refuted else "dead"
        return self._back(move.node, f"{notation.write_rejected(given_up.text, reason)} ")

    def _back(self, node: int, given_up: str = "") -> str | None:
        left = self._table(node)
        if left is None:
            return None
        table = " ".join(map(str, left))
        return f"backtrack {self._nodes[node].depth} {given_up}left {table} make {self._puzzle.target}"

    def _switch(self, move: Move) -> str | None:
        """Say the way back to where two paths part, and down the other one."""
        fork, end = move.origin or 0, move.node
        down: list[str] = []
        while fork != end:
            if self._nodes[fork].depth > self._nodes[end].depth:
                fork = self._nodes[fork].parent or 0
            else:
                down.append(f"step {self._nodes[end].text}")
                end = self._nodes[end].parent or 0
        up = [] if fork == (move.origin or 0) else [self._back(fork)]
        lines = [*up, *reversed(down)]
        return None if None in lines else "\n".join(line for line in lines if line)

    def _table(self, node: int) -> Sequence[int] | None:
        if node == 0:
            return sorted(self._puzzle.numbers, reverse=True)
        step = notation.read_step(self._nodes[node].text)
        return None if step is None else step.remaining


@dataclass(frozen=True, slots=True)
class ThoughtTurn:
    """One step of a thought that was read, and the thinker's verdict on it."""

    step: str
    words: str = ""
    """The look-ahead."""
    back_to: int | None = None
    """Number of steps that stay after a way back; None if the thought continues from this step."""


@dataclass(frozen=True, slots=True)
class ReadThought:
    """A compact thought, read back."""

    turns: tuple[ThoughtTurn, ...]
    path: tuple[str, ...]
    """The steps that stand at the end."""
    answer: str | None
    """The steps of the path as one expression, if the thought ends with `terminate`."""
    fault: str = ""
    """The first thing that can't be read, and why; the rest of the thought is lost."""


def read_thought(text: str) -> ReadThought:
    """Read a thought in the compact language, as far as it can be read; whether it is right is not checked."""
    reader = _ThoughtReader(text.split())
    fault = ""
    try:
        reader.read()
    except ValueError as error:
        fault = str(error)
    path = tuple(reader.path)
    return ReadThought(
        tuple(reader.turns), path, notation.expression(path) if reader.ended and not fault else None, fault
    )


class _ThoughtReader:
    def __init__(self, words: Sequence[str]) -> None:
        self.words, self.position = words, 0
        self.turns: list[ThoughtTurn] = []
        self.path: list[str] = []
        self.ended = False

    def read(self) -> None:
        while self.position < len(self.words) and not self.ended:
            word = self.words[self.position]
            self.position += 1
            match word:
                case "step":
                    self._step()
                case "judge":
                    self._change(words=" ".join(self._while(notation.LOOK_AHEAD_WORDS)))
                case "backtrack":
                    self._back()
                case "terminate":
                    self.ended = True
                case "continue" | "refuted" | "dead":
                    pass
                case _:
                    raise ValueError(f"{word!r} can't open a turn")

    def _step(self) -> None:
        end = self._numbers_from(self.position + 6)
        text = " ".join(self.words[self.position : end])
        if notation.read_step(text) is None:
            raise ValueError(f"{text[:60]!r} is no step")
        self.position = end
        self.path.append(text)
        self.turns.append(ThoughtTurn(text))

    def _back(self) -> None:
        to = self.words[self.position] if self.position < len(self.words) else ""
        if not to.isdecimal() or int(to) > len(self.path):
            raise ValueError(f"backtrack {to}: {len(self.path)} steps stand")
        self.position += 1
        if self.words[self.position : self.position + 1] == ["not"]:
            self.position += _REJECTED
        for word in ("left", "make"):
            if self.words[self.position : self.position + 1] != [word]:
                raise ValueError(f"backtrack {to} does not say {word!r}")
            self.position = self._numbers_from(self.position + 1)
        del self.path[int(to) :]
        self._change(back_to=int(to))

    def _change(self, *, words: str | None = None, back_to: int | None = None) -> None:
        if not self.turns:
            raise ValueError("it does not begin with a step")
        last = self.turns[-1]
        self.turns[-1] = ThoughtTurn(last.step, last.words if words is None else words, back_to)

    def _while(self, allowed: frozenset[str]) -> Sequence[str]:
        start = self.position
        while self.position < len(self.words) and self.words[self.position] in allowed:
            self.position += 1
        return self.words[start : self.position]

    def _numbers_from(self, start: int) -> int:
        end = start
        while end < len(self.words) and self.words[end].isdecimal():
            end += 1
        return end
