r"""The plain voice: a thought in English, in the register in which strong models think aloud.

"Wait", "Alternatively", "Let me check": the connective that opens a sentence depends only on the kind of move, the
debate and a seed, so the same thought is always told in the same words. The words of the log are repeated to the
letter, except that shorthand is read aloud. The final answer stands in `\boxed{}`, or where the problem's domain puts
it.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

from longthought.domains.conventions import conventions
from longthought.thoughts import phrases, shorthand
from longthought.thoughts.moves import STEPS, Factor, Move
from longthought.thoughts.thought import Course, Sentence
from longthought.trajectories.events import Author, StopReason
from longthought.trajectories.tree import Node

PARAGRAPH: Final = "\n\n"
_QUOTED: Final = 60
"""Maximum number of characters by which a step in prose is named when the thought comes back to it."""


class English:
    """The voice of prose; see `longthought.thoughts.thought.Voice`."""

    name = "prose"

    def say(self, course: Course) -> Iterator[Sentence]:
        """Say each move in one or more sentences; steps and the answer open paragraphs."""
        narrator = _Narrator(course)
        after_block = False
        for index, move in enumerate(course.moves):
            text = narrator.words(index, move)
            if text:
                opens = move.factor in _OPENING or after_block or "\n" in text
                yield Sentence(text, move.factor, move.node, move.events, PARAGRAPH if opens else " ")
                after_block = "\n" in text


_OPENING: Final = STEPS | {Factor.ANSWER, Factor.END, Factor.SWITCH, Factor.REFLECTION}


class _Narrator:
    """Chooses the words of one thought."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._last: dict[Sequence[str], str] = {}
        """The connective last used of each list, so that none is used twice in a row."""

    def words(self, index: int, move: Move) -> str:
        """Put one move into words; empty if the move is not said."""
        match move.factor:
            case Factor.OPENING:
                return self._one_of(index, phrases.OPENING)
            case Factor.STEP | Factor.ALTERNATIVE | Factor.COMBINATION:
                return self._step(index, move)
            case Factor.CHECK:
                return self._check(index, move)
            case Factor.REFUTATION:
                return self._refutation(index, move)
            case Factor.APPROVAL | Factor.DOUBT | Factor.REFLECTION | Factor.FAILURE:
                return self._remark(index, move)
            case Factor.OBSERVATION:
                return _observation(move.text)
            case Factor.RETURN:
                return self._return(index, move)
            case Factor.SWITCH | Factor.MERGE:
                phrase = self._one_of(index, phrases.SWITCH if move.factor is Factor.SWITCH else phrases.MERGE)
                return with_full_stop(phrase.format(self._name(move.node)))
            case Factor.ANSWER:
                return self._answer(index, move)
            case Factor.END:
                return phrases.ENDED.get(StopReason(move.text), phrases.UNANSWERED)

    def _one_of(self, index: int, options: Sequence[str]) -> str:
        """Choose by debate, seed and position; never the same twice in a row if there are several."""
        number = zlib.crc32(f"{self._course.id} {self._course.seed} {index}".encode())
        left = [option for option in options if option != self._last.get(options)] or options
        chosen = self._last[options] = left[number % len(left)]
        return chosen

    def _step(self, index: int, move: Move) -> str:
        aloud = shorthand.step(move.text)
        depth = self._course.tree.nodes[move.node].depth
        first = move.factor is Factor.STEP and depth == 1
        if move.factor is Factor.COMBINATION:
            options = phrases.COMBINATION
        elif move.factor is Factor.ALTERNATIVE:
            options = phrases.ALTERNATIVE if aloud else phrases.ALTERNATIVE_SENTENCE
        elif aloud:
            options = phrases.FIRST if first else phrases.NEXT
        else:
            options = phrases.FIRST_SENTENCE if first else phrases.NEXT_SENTENCE
        if aloud is None and move.factor is Factor.STEP and opens_with_connective(move.text):
            return with_full_stop(capitalised(move.text.strip()))
        return with_connective(self._one_of(index, options), aloud or move.text)

    def _check(self, index: int, move: Move) -> str:
        """Say one check in three, since a thought that says all of them is tiresome to read."""
        if zlib.crc32(f"{self._course.id} {self._course.seed} check {index}".encode()) % 3:
            return ""
        is_step = move.text.strip() == self._course.tree.nodes[move.node].text.strip()
        claim = "" if is_step or "\n" in move.text else move.text.strip()
        phrase = self._one_of(index, phrases.CHECK if claim else phrases.CHECK_OF_STEP)
        return phrase.format(claim)

    def _refutation(self, index: int, move: Move) -> str:
        finding = move.detail.strip() or f"{shorthand.step(move.text) or move.text.strip()} does not hold"
        return with_connective(self._one_of(index, phrases.REFUTATION), finding)

    def _remark(self, index: int, move: Move) -> str:
        if move.factor is Factor.FAILURE and move.by is Author.STRATEGY:
            return self._one_of(index, phrases.EXHAUSTED)
        aloud = shorthand.look_ahead(move.text)
        options = phrases.REMARKS[move.factor]
        if aloud is None and opens_with_connective(move.text):
            return with_full_stop(capitalised(move.text.strip()))
        return with_connective(self._one_of(index, options), aloud or move.text)

    def _return(self, index: int, move: Move) -> str:
        dead_end = self._one_of(index, phrases.DEAD_END)
        origin = self._course.tree.nodes[move.origin or 0]
        following = self._course.moves[index + 1].factor if index + 1 < len(self._course.moves) else Factor.END
        if following is Factor.END or (following is Factor.ALTERNATIVE and origin.parent == move.node):
            return dead_end
        if move.node == 0:
            return f"{dead_end} {self._one_of(index, phrases.START_AGAIN)}"
        return f"{dead_end} {with_full_stop(self._one_of(index, phrases.GO_BACK).format(self._name(move.node)))}"

    def _name(self, node: int) -> str:
        return "the start" if node == 0 else step_name(self._course.tree.nodes[node])

    def _answer(self, index: int, move: Move) -> str:
        phrase = self._one_of(index, phrases.ANSWER)
        written = conventions(self._course.problem).written_answer(move.text)
        return f"{phrase}:{PARAGRAPH}{written}" if "\n" in written else f"{phrase} {written}."


def step_name(node: Node) -> str:
    """Name a node in a few words, to stand inside a sentence."""
    aloud = shorthand.step_name(node.text)
    if aloud is not None:
        return aloud
    words = " ".join(node.text.split())
    if len(words) > _QUOTED:
        words = f"{words[:_QUOTED].rpartition(' ')[0] or words[:_QUOTED]} …"
    return f"“{words}”"


def with_connective(connective: str, text: str) -> str:
    """Put a connective before a text: inside its first sentence if that reads well, else as its own sentence."""
    text = text.strip()
    before, slot, after = connective.partition("{}")
    if not slot:
        return with_full_stop(f"{before} {text}") if "\n" not in text else f"{before}{PARAGRAPH}{text}"
    if "\n" in text and not text[0].isalnum():  # a block of code or of formulas
        return f"{before.rstrip(' ,:') or 'Then'}:{PARAGRAPH}{text}"
    if before.endswith((", ", "t ", "e ")):
        text = uncapitalised(text)
    elif before.endswith((". ", "? ")):
        text = capitalised(text)
    if after.startswith((" ", "?")):
        text = text.rstrip(".")
    return with_full_stop(f"{before}{text}{after}")


def uncapitalised(text: str) -> str:
    """Start with a lower-case letter, if the first word is known not to be a name."""
    word = _WORD.match(text)
    return text[0].lower() + text[1:] if word and word[0] in phrases.NO_NAMES else text


def capitalised(text: str) -> str:
    """Start with a capital, if words open the text; a lone letter may be a variable."""
    return text[0].upper() + text[1:] if _WORDS.match(text) else text


def opens_with_connective(text: str) -> bool:
    """Say whether a text opens with a connective of its own."""
    word = _WORD.match(text.strip())
    return word is not None and word[0].lower() in phrases.CONNECTIVES


def with_full_stop(text: str) -> str:
    """End with a full stop, unless the text ends with another sign or in a block."""
    text = text.rstrip()
    return text if not text or text[-1] in ".!?:;…`" or text.endswith(("$$", r"\]")) else f"{text}."


_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][a-z]+)?")
_WORDS: Final = re.compile(r"[a-z]{2,}(?:[,:]? [A-Za-z]{2}|[.!]?$)")


def _observation(output: str) -> str:
    output = output.strip("\n")
    return (
        f"Running it prints:\n\n```\n{output}\n```" if "\n" in output else f"Running it prints {with_full_stop(output)}"
    )
