"""The locked statement, and how a candidate's proof is put under it.

    <definitions and options that belong to the statement>
    theorem name (…) : T
    :=
    (by
      <the candidate, indented>
    )

The brackets are the lock. Inside them Lean reads one term and nothing else, and the screen has seen to it that the
candidate closes no bracket that it did not open: so there is no way to end the theorem early and to give commands of
one's own, whatever commands a toolchain or a library knows. The price is that `where` and `termination_by`, which stand
behind a whole declaration, can't be used.
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
"""What a tactic never begins with."""


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
    """From `theorem` to what stands before the `:=`."""
    name: str


@dataclass(frozen=True, slots=True)
class Body:
    """A candidate's proof, ready to stand between the brackets."""

    lines: tuple[str, ...]
    """As they are written into the file, indented."""
    opening: str
    """`(by` for tactics, `(` for a term."""
    first: int
    """The line of the candidate's own text that the first line is from, counted from 1."""
    shift: int
    """Columns by which the lines stand further right than in the candidate's text."""


def read(text: str) -> Theorem:
    """Read a statement: `theorem name (…) : T`, after imports and definitions if it needs any.

    A `lemma` counts as a theorem, an `example` gets a name, and `:= by sorry` at the end is dropped.

    Raises:
        StatementError: if it is no such thing, or contains what makes any proof worthless.

    """
    text = text.replace("\r\n", "\n")
    ending = _ending(text)
    if objection := screen.statement(text[:ending]):
        raise StatementError(objection.reason)
    text = text[:ending].rstrip()
    imports = tuple(match["module"] for match in _IMPORT.finditer(text))
    text = _IMPORT.sub("", text)
    found = tokens(text)
    places = [i for i, token in enumerate(found) if token.text in _KEYWORDS and token.kind is LeanTokenKind.NAME]
    if not places:
        raise StatementError("there is no `theorem name … : …` in it")
    keyword = found[places[-1]]
    after = found[places[-1] + 1] if places[-1] + 1 < len(found) else None
    name = "goal" if keyword.text == "example" else after.text if after and after.kind is LeanTokenKind.NAME else None
    if name is None or name.startswith("_root_"):
        raise StatementError(f"`{keyword.text}` needs a name of its own behind it")
    if sum(_SCOPES.get(token.text, 0) for token in found) != 0:
        raise StatementError("a namespace or section in it is never closed")
    word = "theorem goal" if keyword.text == "example" else "theorem"
    theorem = word + text[keyword.start + len(keyword.text) :]
    return Theorem(imports, text[: keyword.start].strip(), theorem, name)


def body(proof: str) -> Body:
    """Prepare what a candidate wrote, which the screen must have passed: tactics, `by` with tactics, or a term.

    A leading `:=` is dropped. What begins with `by`, with `fun`, `⟨` or a name with a dot in it, is a term; anything
    else is tactics.
    """
    proof = proof.replace("\r\n", "\n")
    found = tokens(proof)
    explicit = bool(found) and found[0].text == ":="
    if explicit:
        proof = _without(proof, found.pop(0))
    term = explicit or (bool(found) and _begins_term(found[0]))
    if term and found and found[0].text == "by" and not _rest_of_line(proof, found[0]):
        proof, term = _without(proof, found[0]), False
    return _body(proof, "(" if term else "(by")


def _without(text: str, token: LeanToken) -> str:
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
        found = tokens(text)
    except Unlexable:
        return len(text)  # for the screen to tell
    last = next((i for i in reversed(range(len(found))) if found[i].text == ":=" and found[i].depth == 0), None)
    if last is not None and " ".join(token.text for token in found[last + 1 :]) in ("", "by", "sorry", "by sorry"):
        return found[last].start
    return len(text)
