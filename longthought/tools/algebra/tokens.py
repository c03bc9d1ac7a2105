"""Split prose, plain arithmetic and LaTeX into tokens with one linear-time pattern.

This module knows notation, not meaning: a token has a kind, a text and a position. Text that the pattern doesn't know
becomes a token of kind `bad`, so that nothing is skipped silently.
"""

import re
from dataclasses import dataclass
from typing import Final

_END: Final = r"(?![A-Za-z])"
_GREEK: Final = (
    "alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|varphi|chi"
    "|psi|omega|Delta|Gamma|Theta|Lambda|Sigma|Phi|Psi|Omega"
)
_DISPLAYS: Final = "align|aligned|equation|gather|gathered|split|eqnarray|multline|center"
_SUBSCRIPT: Final = r"(?:_(?:[A-Za-z0-9]|\{[A-Za-z0-9 ,+-]{1,12}\}))?'{0,3}"
_PATTERN: Final = re.compile(
    r"[^\S\n]*(?:(?P<note><<[^<>\n\ud800-\udfff]{0,300}>>)"
    r"|(?P<ordinal>[0-9]+(?:st|nd|rd|th)\b)"
    r"|(?P<number>(?:[0-9]{1,3}(?:(?:,|\{,\}|\\,)[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+"
    r"|[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])"
    r"|(?P<superscript>[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,4})"
    r"|(?P<dots>\.\.\.+|…|\\[lc]?dots" + _END + ")"
    r"|(?P<hyphenated>(?<=[0-9])-[^\W\d_]{2,}(?:-[^\W\d_]+)*)"
    r"|(?P<word>[^\W\d_]{2,}[0-9]*(?:['’-][^\W\d_]+)*)"
    r"|(?P<name>(?:[^\W\d_](?:(?<![0-9].)[0-9]+)?|\\(?:"
    + _GREEK
    + ")"
    + _END
    + ")"
    + _SUBSCRIPT
    + "|\\\\pi"
    + _END
    + ")"
    r"|(?P<text>\\(?:text|textbf|textit|textrm|mathrm|mathbf|mbox|operatorname|emph)\s{0,3}\{(?P<inside>[^{}\\]{0,200})\})"
    r"|(?P<open>(?:\\left ?|\\[bB]igg?l? ?)?(?:\\?\{|[(\[]))"
    r"|(?P<close>(?:\\right ?|\\[bB]igg?r? ?)?(?:\\?\}|[)\]]))"
    r"|(?P<trivia>\\left"
    + _END
    + r"|\\right"
    + _END
    + r"|\\[bB]igg?[lr]?"
    + _END
    + r"|\\boxed"
    + _END
    + r"|\\fbox"
    + _END
    + r"|\\displaystyle"
    + _END
    + r"|\\limits"
    + _END
    + r"|\\[,;:! ]|[&`~]|\\[()])"
    r"|(?P<degree>\^ ?\{?\\circ" + _END + r"\}?|[°º]|\\degree" + _END + ")"
    r"|(?P<power>\^|(?<=[0-9A-Za-z)])\*\*(?=[0-9A-Za-z(-])|(?<=[0-9A-Za-z)] )\*\*(?= [0-9A-Za-z(-]))"
    r"|(?P<bold>\*\*\*?)"
    r"|(?P<command>\\(?:[dtc]?frac|[dt]?binom|sqrt|log|ln|sin|cos|tan|sec|csc|cot)" + _END + "|√)"
    r"|(?P<arrow>\\(?:[rR]ightarrow|[lL]ongrightarrow|implies|to|iff|Leftrightarrow|therefore|because|quad|qquad)"
    + _END
    + r"|=>|->|[→⇒⟹∴⇔])"
    r"|(?P<odd>===*|!=|/=|:=|[≠≡∼≅∝±∓]|\\(?:neq?|equiv|sim|cong|pm|mp)" + _END + ")"
    r"|(?P<relation><=|>=|=<|[=≈≃<>≤≥]|\\(?:approx|simeq|leq?|leqslant|geq?|geqslant|lt|gt)" + _END + ")"
    r"|(?P<times>[*×·⋅∙]|\\(?:cdot|times|ast)" + _END + ")"
    r"|(?P<over>[÷/⁄∕]|\\div" + _END + ")"
    r"|(?P<plus>\+)"
    r"|(?P<minus>[-−–])"
    r"|(?P<percent>\\?%)"
    r"|(?P<currency>(?:(?<![0-9})])\\?\$|[€£₹¥])(?=[-−]?(?:[0-9(<{]|\.[0-9]))|(?<![^\s(=+*/-])\\?\$(?= [0-9]))"
    r"|(?P<dollar>\\?\$)"
    r"|(?P<line>\n\s*|\\\\(?:\[[^\]\n]{0,12}\])?\s*|\\\[|\\\]|\\(?:begin|end)\{(?:" + _DISPLAYS + r")\*?\})"
    r"|(?P<stop>[.;?!](?=[\s\"”'’)\]}*$]|$)|(?<=\S):(?=\s)|(?<=[A-Za-z*]):(?![0-9/])|,(?![0-9])|[\"“”‘’•—])"
    r"|(?P<bad>\\[A-Za-z]+|[^\s]))"
)
_SILENT: Final = frozenset({"trivia", "bold", "dollar", "note"})
_FENCE: Final = re.compile(r"```[^`]*(?:```|\Z)")
_RELATION_SIGNS: Final = {
    "=": "=", "≈": "≈", "≃": "≈", r"\approx": "≈", r"\simeq": "≈", "<": "<", r"\lt": "<", ">": ">", r"\gt": ">",
    "<=": "≤", "=<": "≤", "≤": "≤", r"\le": "≤", r"\leq": "≤", r"\leqslant": "≤",
    ">=": "≥", "≥": "≥", r"\ge": "≥", r"\geq": "≥", r"\geqslant": "≥",
}  # fmt: skip
_OPERATOR_WORDS: Final = {
    "times": "times",
    "plus": "plus",
    "minus": "minus",
    "percent": "percent",
    "of": "of",
    "equals": "relation",
}
_OPENS_OPERAND: Final = frozenset({"number", "currency", "open", "command"})
_ENDS_OPERAND: Final = frozenset({"number", "close", "percent", "word", "hyphenated", "degree"})


@dataclass(slots=True)
class Token:
    """One piece of text with its kind and its position."""

    kind: str
    """The name of its group in the pattern."""
    text: str
    start: int
    end: int
    spaced: bool
    """Whether anything stands between it and the token before it."""


def tokenize(text: str, offset: int = 0) -> list[Token]:
    """Split a text into tokens, in time linear in its length; positions are counted from `offset`.

    Layout is left out. Nothing is refused: text that is not understood gets the kind `bad`.
    """
    if "```" in text:
        text = _FENCE.sub(lambda fence: "\n" * len(fence.group()), text)
    tokens: list[Token] = []
    previous_stop = -1
    for match in _PATTERN.finditer(text):
        kind = match.lastgroup or "space"
        if kind in _SILENT:
            continue
        start, stop = match.span(kind)
        if kind == "text":
            inside = tokenize(match["inside"], offset + match.start("inside"))
            if inside:
                inside[0].start, inside[-1].end, inside[0].spaced = start + offset, stop + offset, True
                tokens += inside
            previous_stop = stop
            continue
        token_text = text[start:stop]
        if kind == "relation":
            token_text = _RELATION_SIGNS[token_text]
        elif token_text == "!" and (kind == "bad" or (start and text[start - 1] in "0123456789)}")):
            kind = "factorial"
        tokens.append(Token(kind, token_text, start + offset, stop + offset, start != previous_stop))
        previous_stop = stop
    _read_operators(tokens)
    return tokens


def _read_operators(tokens: list[Token]) -> None:
    """Read `x`, `times`, `percent` and the like as operators where numbers stand around them."""
    last = len(tokens) - 1
    for index, token in enumerate(tokens):
        if token.kind == "name":
            if token.text in "xX" and 0 < index < last and _multiplies(*tokens[index - 1 : index + 2]):
                token.kind = "times"
        elif token.kind == "word":
            word = token.text.lower()
            if word == "sqrt":
                token.kind = "command"
            elif word in _OPERATOR_WORDS and index and tokens[index - 1].kind in _ENDS_OPERAND:
                if word == "percent" or (index < last and tokens[index + 1].kind in _OPENS_OPERAND):
                    token.kind = _OPERATOR_WORDS[word]
                    if token.kind == "relation":
                        token.text = "="
                if token.kind == "of" and tokens[index - 1].kind != "percent" and not _follows_fraction(tokens, index):
                    token.kind = "word"


def _multiplies(before: Token, token: Token, after: Token) -> bool:
    if before.kind not in _ENDS_OPERAND or token.spaced != after.spaced:
        return False
    return after.kind in ("number", "currency") or (after.kind == "open" and after.spaced)


def _follows_fraction(tokens: list[Token], index: int) -> bool:
    """Say whether `1/2` stands right before a token."""
    return index >= 3 and [t.kind for t in tokens[index - 3 : index]] == ["number", "over", "number"]
