r"""Check that a text made from a thought still says what the thought says: pure functions on texts.

Numbers, equations and the final answer are compared exactly, and a paragraph with a return must still turn back. Other
words are compared by their stems, and half of them must survive. A text that passes may still say "works" for "fails";
a text that doesn't pass may be faithful, and the plain version is kept then.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from longthought.problems.final_answer import boxed_answer
from longthought.thoughts import shorthand
from longthought.thoughts.moves import STEPS, Factor
from longthought.thoughts.thought import LongThought, Sentence, joined

_SIGNS: Final = str.maketrans(
    {"−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", "{": "(", "}": ")", "$": " "}
    | {sign: f"^{power}" for power, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
)
_COMMANDS: Final = (
    (re.compile(r"\\(?:times|cdot|ast)(?![a-zA-Z])"), "*"),
    (re.compile(r"\\div(?![a-zA-Z])"), "/"),
    (re.compile(r"\\leq?(?![a-zA-Z])|<="), "≤"),
    (re.compile(r"\\geq?(?![a-zA-Z])|>="), "≥"),
    (re.compile(r"\\neq?(?![a-zA-Z])|!="), "≠"),
    (re.compile(r"\\(?:left|right|boxed|displaystyle)(?![a-zA-Z])|\\[,;:! ()\[\]]"), " "),
    (re.compile(r"\*\*"), "^"),
)
_FRACTION: Final = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_THOUSANDS: Final = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_NUMBER: Final = re.compile(r"(?:(?<![\w)\]}!%])-)?\d+(?:\.\d+)?%?")
"""With its sign, which no operand precedes, and its percent sign."""
_RATIO: Final = re.compile(r"\d+(?:\.\d+)?/\d+(?:\.\d+)?")
_OVER: Final = re.compile(r"\((\d+(?:\.\d+)?)\)/\((\d+(?:\.\d+)?)\)|(?<=\d)\s*/\s*(?=\d)")
_PERCENT: Final = re.compile(r"\s*(?:\\?%|\bper ?cent\b)")
_MATHS: Final = re.compile(
    r"(?:\s*(?:\d+(?:\.\d+)?|(?<![A-Za-z])[A-Za-z](?![A-Za-z'’])|\\[a-zA-Z]+|[-+*/^()!%_|=<>≤≥≠]))+"
)
_BREAK: Final = re.compile(r"(?<=[\w)!%])\s+(?=\()|(?<=\d)\s+(?=\d)")
"""Gaps between formulas without words between them: before a bracketed remark, and between numbers in a row."""
_RELATED: Final = re.compile(r"[\w)!%][=<>≤≥≠]+[-(\\\w]")
_WORD: Final = re.compile(r"[^\W\d_]{5,}")
_STEM: Final = 5
"""Number of letters by which words are compared, so that `leaving` equals `leaves`."""
_TURNING: Final = re.compile(
    r"\b(?:wait|but|however|alternatively|instead|no|not|nope|back|return|again|over|another|else|dead|wrong|mistake|"
    r"fail\w*|can't|cannot|won't|doesn't|don't|isn't|unfortunately|hmm)\b",
    re.IGNORECASE,
)
STARTS: Final = STEPS | {Factor.SWITCH, Factor.MERGE, Factor.ANSWER, Factor.END}
"""Moves that open a stretch of a thought."""


def plain_formulas(text: str) -> str:
    """Write formulas in plain signs, so that two notations of one formula are equal."""
    before = ""
    while before != text:
        before, text = text, _FRACTION.sub(r"(\1)/(\2)", text)
    for pattern, sign in _COMMANDS:
        text = pattern.sub(sign, text)
    return _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text).translate(_SIGNS)


def numbers(text: str) -> set[str]:
    """Return the numbers in a text, and the fractions of two numbers."""
    plain = _OVER.sub(lambda of: f"{of[1]}/{of[2]}" if of[1] else "/", plain_formulas(text))
    plain = _PERCENT.sub("%", plain)
    return {*_NUMBER.findall(plain), *_RATIO.findall(plain)}


def equations(text: str) -> set[str]:
    """Return the equations and inequalities in a text, without blanks and surrounding brackets."""
    formulas = (_bare(piece) for match in _MATHS.finditer(plain_formulas(text)) for piece in _BREAK.split(match[0]))
    return {formula for formula in formulas if _RELATED.search(formula)}


def _bare(formula: str) -> str:
    formula = re.sub(r"^\s*[aAI]\s+(?=[\d(])|\s+[aAI]\s*$", "", formula)  # an article, not a variable
    formula = re.sub(r"\s+", "", formula)
    while formula and formula[0] == "(" and (formula.count("(") > formula.count(")") or _wrapped(formula)):
        formula = formula[1:-1] if _wrapped(formula) else formula[1:]
    while formula.endswith(")") and formula.count(")") > formula.count("("):
        formula = formula[:-1]
    return formula


def _wrapped(formula: str) -> bool:
    """Say whether one pair of brackets encloses a whole formula."""
    depth = 0
    for at, sign in enumerate(formula):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return at == len(formula) - 1 and at > 0
    return False


def stretches(thought: LongThought) -> list[tuple[Sentence, ...]]:
    """Cut a thought before each step, each switch and its end: the paragraphs that are rewritten one by one."""
    cut: list[list[Sentence]] = []
    for sentence in thought.sentences:
        if not cut or sentence.factor in STARTS:
            cut.append([])
        cut[-1].append(sentence)
    return [tuple(stretch) for stretch in cut]


def losses(thought: LongThought, rewritten: Sequence[str]) -> tuple[str, ...]:
    """Compare a rewritten thought with the plain one, stretch by stretch; return what was lost or made up.

    Args:
        thought: The plain version.
        rewritten: One text for each of its `stretches`, in order.

    Returns:
        One objection for each loss, in words; none if every equation, number and wrong turn and the answer survive.

    """
    pieces = stretches(thought)
    if len(pieces) != len(rewritten):
        return (f"{len(rewritten)} paragraphs came back for {len(pieces)}",)
    known_numbers = numbers(thought.text) | numbers(thought.problem.statement)
    known_equations = equations(thought.text) | equations(thought.problem.statement)
    logged = _words_of_log(thought)
    objections: list[str] = []
    for number, (stretch, new) in enumerate(zip(pieces, rewritten, strict=True), start=1):
        old = joined(stretch)
        objections += _objections(number, "lost the number", numbers(old) - numbers(new))
        objections += _objections(number, "lost the equation", equations(old) - equations(new))
        objections += _objections(number, "made up the number", numbers(new) - known_numbers)
        objections += _objections(number, "made up the equation", equations(new) - known_equations)
        if not new.strip():
            objections.append(f"paragraph {number} is empty")
        if any(s.factor is Factor.RETURN for s in stretch) and not _TURNING.search(new):
            objections.append(f"paragraph {number} no longer turns back")
        words = (logged.get((s.factor, s.node, s.events), "") for s in stretch)
        if _half_lost(stems(" ".join(words)), stems(new)):
            objections.append(f"paragraph {number} says something else")
    if thought.answer is not None and not gives_answer(rewritten[-1], thought.text, thought.answer):
        objections.append(f"lost the final answer {thought.answer}")
    return tuple(objections)


def objection_kinds(objections: Iterable[str]) -> set[str]:
    """Return the sorts of objections that `losses` made, such as `lost a number`, so that they can be counted."""
    return {next(kind for words, kind in _KINDS if words in objection) for objection in objections}


_KINDS: Final = (
    ("lost the final answer", "lost the answer"),
    ("paragraphs came back for", "lost the paragraphs"),
    ("lost the number", "lost a number"),
    ("lost the equation", "lost an equation"),
    ("made up the number", "made up a number"),
    ("made up the equation", "made up an equation"),
    ("is empty", "left a paragraph empty"),
    ("no longer turns back", "lost a wrong turn"),
    ("says something else", "said something else"),
)
"""Words of each objection of `losses`, and its sort; an answer may hold any words, so it comes first."""


def _objections(number: int, what: str, items: Iterable[str]) -> list[str]:
    return [f"paragraph {number} {what} {item}" for item in sorted(items)]


def gives_answer(text: str, original: str, answer: str) -> bool:
    """Say whether a text still gives an answer, and in a box if the original does."""
    try:
        boxed = boxed_answer(text)
    except ValueError:
        return False
    if "\\boxed{" in original and boxed is None:
        return False
    return _squeezed(answer) in _squeezed(text) and (
        boxed in (None, "program") or _squeezed(boxed) == _squeezed(answer)
    )


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", plain_formulas(text))


def stems(text: str) -> set[str]:
    """Return the beginnings of the longer words in a text."""
    return {word[:_STEM].casefold() for word in _WORD.findall(text)}


def _half_lost(old: set[str], new: set[str]) -> bool:
    return len(old - new) * 2 > len(old)


_MoveOrigin: TypeAlias = tuple[Factor, int, tuple[int, ...]]


def _words_of_log(thought: LongThought) -> dict[_MoveOrigin, str]:
    """Return the words of the log by move, except shorthand, which a thought doesn't repeat."""
    return {
        (move.factor, move.node, move.events): move.text
        for move in thought.course.moves
        if move.factor in _IN_WORDS and not shorthand.step(move.text) and not shorthand.look_ahead(move.text)
    }


_IN_WORDS: Final = STEPS | {Factor.DOUBT, Factor.REFLECTION, Factor.FAILURE}


def unsupported_claims(account: str, thought: LongThought) -> tuple[str, ...]:
    """Return what an account of a thought says that the thought does not, and a missing answer; nothing if it is sound.

    Every number and every equation, and half of the words of each sentence, must occur in the thought or the problem,
    and the account must give the thought's answer.
    """
    source = f"{thought.problem.statement}\n{thought.problem.context}\n{thought.text}"
    objections = [f"the number {n} is not in the thought" for n in sorted(numbers(account) - numbers(source))]
    objections += [f"the equation {e} is not in the thought" for e in sorted(equations(account) - equations(source))]
    known = stems(source) | _OF_ACCOUNTS
    for sentence in re.split(r"(?<=[.!?])\s+", account.strip()):
        if _half_lost(stems(sentence), known):
            objections.append(f"this is not in the thought: {sentence[:80]}")
    if not account.strip():
        objections.append("it is empty")
    if thought.answer is not None and _squeezed(thought.answer) not in _squeezed(account):
        objections.append(f"it does not give the final answer {thought.answer}")
    return tuple(objections)


_OF_ACCOUNTS: Final = stems(
    "thinker thought attempt attempts tried first second finally several others among because worked failed failure "
    "final answer problem approach approaches wrong turning reached leads started before after which there dropped"
)
