"""Split Lean source into tokens, so that the screen sees words and not letters inside a name, a comment or a string.

A name, a string or a comment is never read as longer than Lean reads it, since the excess would be hidden from the
screen; a text that could be read in two ways is refused. The lexer knows nothing of what the words mean.

It follows Lean's own `Lean/Parser/Basic.lean` and `Lean/Parser/Types.lean` (https://github.com/leanprover/lean4).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_DEPTH: Final = 200
"""Maximum nesting of brackets and comments; deeper nesting might overflow Lean's stack."""

_LETTERS: Final = (
    r"A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u00FF"
    r"\u0391-\u039F\u03A1\u03A2\u03A4-\u03A9\u03B1-\u03BA\u03BC-\u03FB"  # Greek but Π, Σ, λ
    r"\u1F00-\u1FFE\u2100-\u214F\U0001D49C-\U0001D59F"
)
_REST: Final = _LETTERS + r"0-9_'!?\u2080-\u2089\u2090-\u209C\u1D62-\u1D6A\u2C7C"
_PART: Final = rf"(?:[{_LETTERS}_][{_REST}]*|«[^»\n]*»)"
_TOKEN: Final = re.compile(
    rf"""
      (?P<space>[ \t\n\r]+)
    | (?P<comment>--[^\n]*)
    | (?P<block>/-)
    | (?P<raw>r(?P<hashes>\#*)"(?:[^"]|"(?!(?P=hashes)))*"(?P=hashes))
    | (?P<unclosed>r\#*")
    | (?P<string>"(?:[^"\\]|\\[\s\S])*")
    | (?P<command>\#[A-Za-z_][A-Za-z_]*)
    | (?P<name>{_PART}(?:\.{_PART}|\.[0-9]+(?![0-9A-Za-z_]))*)
    | (?P<number>0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)
    | (?P<char>'(?:\\(?:u\{{?[0-9a-fA-F]{{1,6}}\}}?|x[0-9a-fA-F]{{2}}|.)|[^\\'\n])'|'')
    | (?P<open>[(\[{{⟨])
    | (?P<close>[)\]}}⟩])
    | (?P<symbol>:=|=>|[\s\S])
    """,
    re.VERBOSE,
)
_PAIRS: Final = {")": "(", "]": "[", "}": "{", "⟩": "⟨"}
_COMMENT_MARK: Final = re.compile(r"/-|-/")
_GLUE: Final = re.compile(r"[^\s\w)\]}⟩(\[{⟨,;'\"»]")
"""A character that could form one token with the dashes of a comment behind it."""


class LeanTokenKind(StrEnum):
    """The kind of a token; spaces and comments are no tokens."""

    NAME = "name"
    """A keyword or an identifier, dots included."""
    COMMAND = "command"
    """A word behind a hash, such as `#eval`."""
    STRING = "string"
    CHAR = "char"
    NUMBER = "number"
    OPEN = "open"
    CLOSE = "close"
    SYMBOL = "symbol"


class Unlexable(Exception):
    """A text that doesn't have exactly one reading; the message says why."""


class TooDeep(Unlexable):
    """A text nested too deeply to be handed to Lean."""


@dataclass(frozen=True, slots=True)
class LeanToken:
    """A piece of source that is neither space nor comment."""

    kind: LeanTokenKind
    text: str
    start: int
    depth: int
    """Brackets open around it; an opening bracket and its closing one stand at the same depth."""

    @property
    def parts(self) -> list[str]:
        """The parts of a name, without the marks `«»`."""
        return [part.strip("«»") for part in self.text.split(".")] if self.kind is LeanTokenKind.NAME else []


def tokens(text: str) -> list[LeanToken]:
    """Return the tokens of a text.

    Raises:
        Unlexable: if a comment, string or bracket doesn't close, or a character is none of Lean's.
        TooDeep: if it is nested too deeply.

    """
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[LeanToken]:
    _refuse_invisible(text)
    position, stack = 0, list[str]()
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None
        assert match.lastgroup is not None
        matched, start, kind = match.group(), position, match.lastgroup
        position = match.end()
        match kind:
            case "space":
                continue
            case "comment" | "block":
                if start and _GLUE.match(text[start - 1]):
                    raise Unlexable("write a space before a comment: an operator and its dashes may be one word")
                position = _comment_end(text, position) if kind == "block" else position
                continue
            case "raw" | "string":
                if "{" in matched:
                    raise Unlexable("a string with a brace in it may hold code")
                yield LeanToken(LeanTokenKind.STRING, matched, start, len(stack))
            case "unclosed":
                raise Unlexable(f"{matched} is never closed")
            case "open":
                yield LeanToken(LeanTokenKind.OPEN, matched, start, len(stack))
                stack.append(matched)
                if len(stack) > MAX_DEPTH:
                    raise TooDeep(f"brackets are nested more than {MAX_DEPTH} deep")
            case "close":
                if not stack or stack.pop() != _PAIRS[matched]:
                    raise Unlexable(f"{matched} closes a bracket that was not opened")
                yield LeanToken(LeanTokenKind.CLOSE, matched, start, len(stack))
            case "symbol":
                if matched in ('"', "«"):
                    raise Unlexable(f"{matched} is never closed")
                if _is_foreign(matched):
                    raise Unlexable(f"{matched!r} (U+{ord(matched):04X}) is no letter of Lean's, only like one")
                yield LeanToken(LeanTokenKind.SYMBOL, matched, start, len(stack))
            case _:
                yield LeanToken(LeanTokenKind(kind), matched, start, len(stack))
    if stack:
        raise Unlexable(f"{stack[-1]} is never closed")


_OPERATORS: Final = re.compile(r"[λΠΣ\u00AA\u00B2\u00B3\u00B9\u00BA\u02B0-\u02FF\u1D00-\u1DBF\u2070-\u209F]")
"""Letters, superscripts and such that are operators in Lean."""


def _is_foreign(character: str) -> bool:
    return character > "\x7f" and unicodedata.category(character[0])[0] in "LNM" and not _OPERATORS.match(character)


def _refuse_invisible(text: str) -> None:
    """Refuse characters that can't be seen: controls, joiners, changes of direction, surrogates, foreign spaces."""
    for character in sorted(set(text)):
        category = unicodedata.category(character)
        if character not in "\n\t\r " and category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"):
            raise Unlexable(f"the character U+{ord(character):04X} has no place in Lean source")


def _comment_end(text: str, position: int) -> int:
    """Return where a block comment ends whose opening mark ends at `position`; comments nest."""
    depth = 1
    for match in _COMMENT_MARK.finditer(text, position):
        depth += 1 if match.group() == "/-" else -1
        if depth == 0:
            return match.end()
        if depth > MAX_DEPTH:
            raise TooDeep(f"comments are nested more than {MAX_DEPTH} deep")
    raise Unlexable("a comment is never closed")
