"""The locked statement, and how a candidate's proof is put under it.

    <definitions and options that belong to the statement>
    theorem name (…) : T
    :=
    (by
      <the candidate, indented>
    )

The brackets are the lock. Inside them Lean reads one term and nothing else, and the screen ensures that the candidate
closes no bracket that it did not open. So a candidate can't end the theorem early and give commands, whatever commands
a toolchain or a library knows. The price is that `where` and `termination_by`, which stand behind a whole declaration,
can't be used.
"""

import re
import textwrap
from dataclasses import dataclass
from typing import Final

from longthought.tools.lean import screen
from longthought.tools.lean.lexer import LeanToken, LeanTokenKind, Unlexable, tokens

INDENT: Final = 2
_KEYWORDS: Final = ("theorem", "lemma", "example")
_IMPORT: Final = re.compile(r"^[ \t]*import[ \t]+(?P<module>[\w.]+)[ \t]*$\n?", re.MULTILINE)
_SCOPES: Final = {"namespace": 1, "section": 1, "mutual": 1, "end": -1}
_TERM: Final = frozenset({"fun", "λ", "⟨", "@", ".", "‹"})
"""Tokens that no tactic begins with."""


class StatementError(Exception):
    """A statement that no proof can be put under; the message says why."""


@dataclass(frozen=True, slots=True)
class Theorem:
    """One theorem without its proof."""

    imports: tuple[str, ...]
    """Modules it needs."""
    preamble: str
    """The definitions and options that go before the theorem."""
    text: str
    """The text from `theorem` up to the `:=`."""
    name: str


@dataclass(frozen=True, slots=True)
class Body:
    """A candidate's proof, ready to stand between the brackets."""

    lines: tuple[str, ...]
    """The lines as they are written into the file, indented."""
    opening: str
    """`(by` for tactics, `(` for a term."""
    first: int
    """The number of the first line in the candidate's own text, counted from 1."""
    shift: int
    """Number of columns by which the lines are further right than in the candidate's text."""


def read(text: str) -> Theorem:
    """Read a statement: `theorem name (…) : T`, after imports and definitions if it needs any.

    A `lemma` counts as a theorem, an `example` gets a name, and `:= by sorry` at the end is dropped.

    Raises:
        StatementError: if the text is no statement, or contains something that makes any proof worthless.

    """
    text = text.replace("\r\n", "\n")
    ending = _ending(text)
    if objection := screen.statement(text[:ending]):
        raise StatementError(objection.reason)
    text = text[:ending].rstrip()
    imports = tuple(match["module"] for match in _IMPORT.finditer(text))
    text = _IMPORT.sub("", text)
    lexed = tokens(text)
    keywords = [i for i, token in enumerate(lexed) if token.text in _KEYWORDS and token.kind is LeanTokenKind.NAME]
    if not keywords:
        raise StatementError("there is no `theorem name … : …` in it")
    keyword = lexed[keywords[-1]]
    after = lexed[keywords[-1] + 1] if keywords[-1] + 1 < len(lexed) else None
    name = "goal" if keyword.text == "example" else after.text if after and after.kind is LeanTokenKind.NAME else None
    if name is None or name.startswith("_root_"):
        raise StatementError(f"`{keyword.text}` needs a name of its own behind it")
    if sum(_SCOPES.get(token.text, 0) for token in lexed) != 0:
        raise StatementError("a namespace or section in it is never closed")
    word = "theorem goal" if keyword.text == "example" else "theorem"
    theorem = word + text[keyword.start + len(keyword.text) :]
    return Theorem(imports, text[: keyword.start].strip(), theorem, name)


def body(proof: str) -> Body:
    """Prepare a candidate's proof, which must have passed the screen: tactics, `by` with tactics, or a term.

    A leading `:=` is dropped. A text that begins with `by`, `fun`, `⟨` or a name with a dot in it is a term; any other
    text is tactics.
    """
    proof = proof.replace("\r\n", "\n")
    lexed = tokens(proof)
    explicit = bool(lexed) and lexed[0].text == ":="
    if explicit:
        proof = _blanked(proof, lexed.pop(0))
    is_term = explicit or (bool(lexed) and _begins_term(lexed[0]))
    if is_term and lexed and lexed[0].text == "by" and not _rest_of_line(proof, lexed[0]):
        proof, is_term = _blanked(proof, lexed[0]), False
    return _body(proof, "(" if is_term else "(by")


def _blanked(text: str, token: LeanToken) -> str:
    end = token.start + len(token.text)
    return text[: token.start] + " " * len(token.text) + text[end:]


def _rest_of_line(text: str, token: LeanToken) -> str:
    return text[token.start + len(token.text) :].split("\n", 1)[0].strip()


def _begins_term(token: LeanToken) -> bool:
    if token.kind is LeanTokenKind.NAME:
        return token.text in ("by", "fun") or ("." in token.text)
    return token.text in _TERM or token.kind in (LeanTokenKind.NUMBER, LeanTokenKind.STRING, LeanTokenKind.CHAR)


def _body(text: str, opening: str) -> Body:
    lines = text.split("\n")
    skipped = next((i for i, line in enumerate(lines) if line.strip()), 0)
    lines = lines[skipped:]
    while len(lines) > 1 and not lines[-1].strip():
        lines.pop()
    dedented = textwrap.dedent("\n".join(lines))
    removed = len(lines[0]) - len(dedented.split("\n", 1)[0])
    indented = tuple(" " * INDENT + line if line.strip() else "" for line in dedented.split("\n"))
    return Body(indented, opening, skipped + 1, INDENT - removed)


def _ending(text: str) -> int:
    """Return where the statement ends: before a last `:=` with nothing, `by`, `sorry` or `by sorry` behind it."""
    if len(text) > screen.MAX_LENGTH:
        return len(text)
    try:
        lexed = tokens(text)
    except Unlexable:
        return len(text)  # the screen reports it
    last = next((i for i in reversed(range(len(lexed))) if lexed[i].text == ":=" and lexed[i].depth == 0), None)
    if last is not None and " ".join(token.text for token in lexed[last + 1 :]) in ("", "by", "sorry", "by sorry"):
        return lexed[last].start
    return len(text)
