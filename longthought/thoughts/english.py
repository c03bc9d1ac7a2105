r"""The plain voice: a thought in English, in the register in which strong models think aloud.

"Wait", "Alternatively", "Let me check": which connective opens a sentence depends on the kind of move, the debate and
a seed, and on nothing else, so the same thought is always told in the same words. What was said in the log is repeated
to the letter, only shorthand is read aloud. The final answer stands in `\boxed{}`, or where the problem's domain puts
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
"""Characters by which a step in prose is named when the thought comes back to it."""


class English:
    """The voice of prose; see `longthought.thoughts.thought.Voice`."""

    name = "prose"

    def say(self, course: Course) -> Iterator[Sentence]:
        """Say each move in a sentence or a few; a step opens a paragraph, and so does the answer."""
        teller = _Narrator(course)
        after_block = False
        for at, move in enumerate(course.moves):
            text = teller.words(at, move)
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
        """What was said last of each list of connectives, so as not to say it twice in a row."""

    def words(self, at: int, move: Move) -> str:
        """Put one move into words; some go without saying."""
        match move.factor:
            case Factor.OPENING:
                return self._one_of(at, phrases.OPENING)
            case Factor.STEP | Factor.ALTERNATIVE | Factor.COMBINATION:
                return self._step(at, move)
            case Factor.CHECK:
                return self._check(at, move)
            case Factor.REFUTATION:
                return self._refutation(at, move)
            case Factor.APPROVAL | Factor.DOUBT | Factor.REFLECTION | Factor.FAILURE:
                return self._remark(at, move)
            case Factor.OBSERVATION:
                return _observation(move.text)
            case Factor.RETURN:
                return self._return(at, move)
            case Factor.SWITCH | Factor.MERGE:
                phrase = self._one_of(at, phrases.SWITCH if move.factor is Factor.SWITCH else phrases.MERGE)
                return with_full_stop(phrase.format(self._name(move.node)))
            case Factor.ANSWER:
                return self._answer(at, move)
            case Factor.END:
                return phrases.ENDED.get(StopReason(move.text), phrases.UNANSWERED)

    def _one_of(self, at: int, options: Sequence[str]) -> str:
        """Choose by debate, seed and position; never the same twice running, where there is a choice."""
        number = zlib.crc32(f"{self._course.id} {self._course.seed} {at}".encode())
        left = [option for option in options if option != self._last.get(options)] or options
        chosen = self._last[options] = left[number % len(left)]
        return chosen

    def _step(self, at: int, move: Move) -> str:
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
        return with_connective(self._one_of(at, options), aloud or move.text)

    def _check(self, at: int, move: Move) -> str:
        """Say one check in three: a thinker who says them all is tiresome."""
        if zlib.crc32(f"{self._course.id} {self._course.seed} check {at}".encode()) % 3:
            return ""
        own = move.text.strip() == self._course.tree.nodes[move.node].text.strip()
        claim = "" if own or "\n" in move.text else move.text.strip()
        return self._one_of(at, phrases.CHECK).format(claim) if claim else self._one_of(at, phrases.CHECK_OF_STEP)

    def _refutation(self, at: int, move: Move) -> str:
        found = move.detail.strip() or f"{shorthand.step(move.text) or move.text.strip()} does not hold"
        return with_connective(self._one_of(at, phrases.REFUTATION), found)

    def _remark(self, at: int, move: Move) -> str:
        if move.factor is Factor.FAILURE and move.by is Author.STRATEGY:
            return self._one_of(at, phrases.EXHAUSTED)
        aloud = shorthand.look_ahead(move.text)
        options = phrases.REMARKS[move.factor]
        if aloud is None and opens_with_connective(move.text):
            return with_full_stop(capitalised(move.text.strip()))
        return with_connective(self._one_of(at, options), aloud or move.text)

    def _return(self, at: int, move: Move) -> str:
        gone = self._one_of(at, phrases.DEAD_END)
        origin = self._course.tree.nodes[move.origin or 0]
        following = self._course.moves[at + 1].factor if at + 1 < len(self._course.moves) else Factor.END
        if following is Factor.END or (following is Factor.ALTERNATIVE and origin.parent == move.node):
            return gone
        if move.node == 0:
            return f"{gone} {self._one_of(at, phrases.START_AGAIN)}"
        return f"{gone} {with_full_stop(self._one_of(at, phrases.GO_BACK).format(self._name(move.node)))}"

    def _name(self, node: int) -> str:
        return "the start" if node == 0 else step_name(self._course.tree.nodes[node])

    def _answer(self, at: int, move: Move) -> str:
        phrase = self._one_of(at, phrases.ANSWER)
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
    """Put a connective before a text: inside its first sentence where that reads well, or else as one of its own."""
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
    """Start with a small letter, where the first word is known to be no name."""
    word = _WORD.match(text)
    return text[0].lower() + text[1:] if word and word[0] in phrases.NO_NAMES else text


def capitalised(text: str) -> str:
    """Start with a capital, where words open the text; a lone letter may be a variable."""
    return text[0].upper() + text[1:] if _WORDS.match(text) else text


def opens_with_connective(text: str) -> bool:
    """Say whether a text opens with a connective of its own."""
    word = _WORD.match(text.strip())
    return word is not None and word[0].lower() in phrases.CONNECTIVES


def with_full_stop(text: str) -> str:
    """End with a full stop, unless the text ends otherwise or in a block."""
    text = text.rstrip()
    return text if not text or text[-1] in ".!?:;…`" or text.endswith(("$$", r"\]")) else f"{text}."


_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][a-z]+)?")
_WORDS: Final = re.compile(r"[a-z]{2,}(?:[,:]? [A-Za-z]{2}|[.!]?$)")


def _observation(output: str) -> str:
    output = output.strip("\n")
    return (
        f"Running it prints:\n\n```\n{output}\n```" if "\n" in output else f"Running it prints {with_full_stop(output)}"
    )
