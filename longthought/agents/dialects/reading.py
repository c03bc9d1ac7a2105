r"""Reading of replies in prose: their text, and the verdicts in them.

Models think aloud, repeat headings, and write JSON with single quotes, bare words and LaTeX in it. All that is read,
but never by guessing: a text that is ambiguous or breaks off raises a ValueError, whose message is the reason that the
model gets in the next request.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from longthought.agents.dialects import prompts
from longthought.agents.dialects.thinking import without_thinking
from longthought.agents.surrogates import without_lone_surrogates
from longthought.trajectories.events import Action, Verdict

MAX_REPLY: Final = 16_000
"""Maximum number of characters of a step, a reflection or a verdict, without the thinking."""


def spoken(reply: str) -> str:
    """Return a reply without thinking and broken characters.

    Raises:
        ValueError: if the rest is empty or longer than `MAX_REPLY`.

    """
    text = without_lone_surrogates(without_thinking(reply)).strip()
    if not text:
        raise ValueError("there is nothing after the thinking" if reply.strip() else "it is empty")
    if len(text) > MAX_REPLY:
        raise ValueError(f"it is {len(text):,} characters long; at most {MAX_REPLY:,} are read")
    return text


_HEADING: Final = re.compile(
    r"[\s#>]*(?P<bold>\*\*|__)?"
    r"(?:(?:(?:new|next)\s+)?step\s*:|step\s+\d+\s*(?:\([^()\n]*\)\s*)?(?:[:.)–—]|-(?=\s)|(?=\*\*|__|\n|$)))"
    r"(?(bold)(?P<close>\s*(?P=bold)\s*:?)?)\s*",
    re.IGNORECASE,
)


def strip_heading(text: str) -> str:
    """Drop a heading such as `Step 3:`, but keep a title that follows it."""
    match = _HEADING.match(text)
    if match is None:
        return text
    rest = text[match.end() :].strip()
    return rest if match["close"] or not rest else (match["bold"] or "") + rest


def strip_number(text: str) -> str:
    """Drop the number of an item of a list, such as `2.`."""
    return _NUMBER.sub(r"\1", text, count=1)


_NUMBER: Final = re.compile(r"\A(\s*(?:\*\*|#+ )?)\d{1,2}[.)]\s+")

# Verdicts, in JSON and similar notations.

_Value: TypeAlias = "str | list[_Value] | dict[str, _Value] | None"
"""Numbers and words stay strings, as they were written; each field converts its own."""
_INFLECTIONS: Final = {
    Action.CONTINUE: ("continue", "continues", "continued", "continuing"),
    Action.BACKTRACK: ("backtrack", "backtracks", "backtracked", "backtracking"),
    Action.REFLECT: ("reflect", "reflects", "reflected", "reflecting"),
    Action.TERMINATE: ("terminate", "terminates", "terminated", "terminating"),
}
_ACTIONS: Final = {word: action for action, words in _INFLECTIONS.items() for word in words}
_NOTHING: Final = frozenset({"", "null", "none", "n/a"})
_TARGET: Final = re.compile(
    r"(?:(?:step|node)\s*)?#?(\d{1,9})(?:\.0)?(?:\s*\([^()]*\))?|(?P<root>(?:the\s+)?problem)", re.IGNORECASE | re.ASCII
)
_SCORE: Final = re.compile(r"(\d{1,9}(?:\.\d*)?|\.\d+)(e-?\d{1,2})?\s*(?:(%)|/\s*(\d{1,4}))?", re.IGNORECASE | re.ASCII)


def written_verdicts(text: str) -> list[Verdict]:
    """Read every verdict in a text, in order.

    Raises:
        ValueError: if a verdict can't be read, or is ambiguous.

    """
    return [_verdict(fields) for fields in _verdict_objects(text)]


def _verdict(fields: Mapping[str, _Value]) -> Verdict:
    action = _action(fields.get("action"))
    return Verdict(
        action=action,
        target=_target(fields.get("target")) if action is Action.BACKTRACK else None,
        score=_score(fields.get("score")),
        critique=_critique(fields.get("critique")),
    )


def _action(value: _Value) -> Action:
    word = re.sub(r"[\s_-]+", "", value).lower() if isinstance(value, str) else ""
    if word not in _ACTIONS:
        raise ValueError(f"its action is {_quoted(value)}, not one of {', '.join(Action)}")
    return _ACTIONS[word]


def _target(value: _Value) -> int | None:
    if value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING):
        return None
    match = _TARGET.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"its target is {_quoted(value)}, not the number of a step")
    return 0 if match["root"] else int(match[1])


def _score(value: _Value) -> float | None:
    if value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING):
        return None
    match = _SCORE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"its score is {_quoted(value)}, not a number from 0 to 1")
    number, exponent, percent, scale = match.groups()
    score = float(number + (exponent or ""))
    if percent or (scale is None and 10 < score <= 100):
        score /= 100
    elif scale is not None:
        score = score / int(scale) if int(scale) else 2.0
    if score > 1:  # such as 7, which may be out of 10 or of 100
        raise ValueError(f"its score is {_quoted(value)}, which is on no clear scale; give a number from 0 to 1")
    return score


def _critique(value: _Value) -> str:
    if isinstance(value, list):
        return "\n".join(_critique(item) for item in value)
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_critique(item)}" for key, item in value.items())
    return (value or "").strip()


def _quoted(value: _Value) -> str:
    return "missing" if value is None else f"`{cut(str(value), 60)}`"


def _verdict_objects(text: str) -> Iterator[Mapping[str, _Value]]:
    """Yield every object with an action, at any depth; an object that breaks off is an error."""
    at = 0
    while (start := _OPENING.search(text, at)) is not None:
        try:
            value, at = _read_object(text, start.start(), 0)
        except ValueError:
            if not start["bare"]:
                raise
            at = start.start() + 1  # prose such as {x: x > 0}
            continue
        yield from _with_action(value)


def _with_action(value: _Value) -> Iterator[Mapping[str, _Value]]:
    if isinstance(value, dict) and "action" in value:
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _with_action(inner)


_OPENING: Final = re.compile(
    r"""\{\s*(?:(?:["'“‘]|(?i:action|target|score|critique)\s*:)|(?P<bare>\w+\s*:))"""
)  # fmt: skip
_CLOSING: Final = {'"': '"', "'": "'", "“": "”", "‘": "’"}
_STRING: Final = {  # a quote closes a string only where a string may end, so that apostrophes survive
    opening: re.compile(rf"(?:[^\\{quote}]|\\.|{quote}(?!\s*[,:}}\]]))*{quote}(?=\s*[,:}}\]])", re.DOTALL)
    for opening, quote in _CLOSING.items()
}
_WORD: Final = re.compile(r"""[^\s,:{}\[\]"'“”‘’][^,:{}\[\]"'“”‘’\n]*""")
_SPACE: Final = re.compile(r"\s*")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.)([A-Za-z]*))", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\", "/": "/"}
LATEX: Final = re.compile(
    r"nabla|natural|ncong|ne|nearrow|neg|neq|newcommand|newline|nexists|ngeq|nleq|nless|ngtr|nmid|nolimits|"
    r"nonumber|normalsize|not|notin|nparallel|nprec|nsubset|nsubseteq|nsucc|nu|nwarrow|rangle|raisebox|rbrace|"
    r"rbrack|rceil|renewcommand|rfloor|rgroup|rho|right|rightarrow|rightharpoonup|rightleftharpoons|"
    r"rightsquigarrow|risingdotseq|rm|rmoustache|root|rVert|rvert|tag|tan|tanh|tau|tbinom|text|textbf|textit|"
    r"textmd|textnormal|textrm|textsc|textsf|textstyle|texttt|textup|tfrac|therefore|theta|thickapprox|"
    r"thicksim|thinspace|tilde|times|tiny|to|top|triangle|triangledown|triangleleft|triangleq|triangleright"
)
"""Commands of LaTeX that begin like an escape of JSON."""
_MAX_DEPTH: Final = 8


def _read_object(text: str, at: int, depth: int) -> tuple[dict[str, _Value], int]:
    """Read the object that opens at offset `at`; return it and the offset after it."""
    fields: dict[str, _Value] = {}
    at = _skip_space(text, at + 1)
    while text[at : at + 1] != "}":
        key, at = _read_scalar(text, at)
        key, at = key.strip().lower(), _skip_space(text, at)
        if text[at : at + 1] != ":":
            raise _malformed(text, at, "a colon")
        value, at = _read_value(text, at + 1, depth)
        if fields.setdefault(key, value) != value:
            raise ValueError(f"it gives `{cut(key, 60)}` twice, and differently")
        at = _after_value(text, at, "}")
    return fields, at + 1


def _read_list(text: str, at: int, depth: int) -> tuple[list[_Value], int]:
    items: list[_Value] = []
    at = _skip_space(text, at + 1)
    while text[at : at + 1] != "]":
        item, at = _read_value(text, at, depth)
        items.append(item)
        at = _after_value(text, at, "]")
    return items, at + 1


def _read_value(text: str, at: int, depth: int) -> tuple[_Value, int]:
    at = _skip_space(text, at)
    if depth >= _MAX_DEPTH:
        raise ValueError("its JSON is nested too deeply")
    match text[at : at + 1]:
        case "{":
            return _read_object(text, at, depth + 1)
        case "[":
            return _read_list(text, at, depth + 1)
        case _:
            word, end = _read_scalar(text, at)
            return (None if text[at] in "nN" and word.lower() in _NOTHING else word), end


def _read_scalar(text: str, at: int) -> tuple[str, int]:
    string = _STRING.get(text[at : at + 1])
    match = string.match(text, at + 1) if string else _WORD.match(text, at)
    if match is None:
        raise ValueError("its JSON has a string that never ends") if string else _malformed(text, at, "a value")
    return (without_lone_surrogates(_ESCAPE.sub(_unescape, match[0][:-1])) if string else match[0].strip()), match.end()


def _unescape(match: re.Match[str]) -> str:
    r"""Undo an escape; leave LaTeX such as `\(`, `\frac` and `\times`, which models forget to escape.

    JSON means a line break, a return or a tab by `\n`, `\r` and `\t`; before letters that make a command of LaTeX, a
    model hardly ever does.
    """
    code, letter, letters = match.groups()
    if code:
        return chr(int(code, 16))
    if letter not in _ESCAPED or LATEX.fullmatch(letter + letters):
        return match[0]
    return _ESCAPED[letter] + letters


def _after_value(text: str, at: int, closing: str) -> int:
    at = _skip_space(text, at)
    if text[at : at + 1] == ",":
        return _skip_space(text, at + 1)
    if text[at : at + 1] != closing:
        raise _malformed(text, at, f"a comma or {closing}")
    return at


def _skip_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _malformed(text: str, at: int, expected: str) -> ValueError:
    actual = f"`{text[at : at + 20]}` stands" if at < len(text) else "it breaks off"
    return ValueError(f"its JSON is malformed: {actual} where {expected} should be")


# For messages and prompts.


def cut(text: str, limit: int) -> str:
    """Cut a text to `limit` characters, and add how many are left out."""
    return text if len(text) <= limit else text[:limit] + prompts.CUT.format(count=len(text) - limit)
