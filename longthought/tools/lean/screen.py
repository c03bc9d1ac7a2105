"""Screen a candidate's proof, or a statement, for words that it may not contain, before Lean runs.

Lean prints nothing unusual for a proof that rests on a new axiom, on code that replaces a definition, or on a kernel
whose checks were switched off. The first defence is the lock of `statement`: a candidate's text stands between
brackets, where no command can be given. The second is this screen of the words themselves. The third, if the toolchain
can print them, are the axioms that a theorem rests on. The screen judges words by what they can do, never whether a
proof is right.
"""

from dataclasses import dataclass
from typing import Final

from longthought.tools.lean.lexer import LeanToken, LeanTokenKind, TooDeep, Unlexable, tokens
from longthought.trajectories.events import EvidenceStatus

MAX_LENGTH: Final = 65_536
"""Maximum number of characters of a statement or of a proof."""

_ADMITTED: Final = "leaves a hole"
_TRUSTED: Final = "trusts compiled code instead of the kernel"
_REPLACED: Final = "replaces what a definition means"
_SYNTAX: Final = "changes what source text means"
_RUNS: Final = "runs code while Lean reads the proof"
_UNCHECKED: Final = "gets round the kernel's checks"
_OPTIONS: Final = "changes how Lean checks"
_COMMAND: Final = "is a command, and only a proof is asked for"
_SCOPE: Final = "changes what names mean"

ALWAYS: Final[dict[str, str]] = {
    **dict.fromkeys(("sorry", "admit", "sorryAx", "proof_wanted"), _ADMITTED),
    **dict.fromkeys(("native_decide", "bv_decide", "bv_check", "bv_decide?"), _TRUSTED),
    **dict.fromkeys(("axiom", "opaque"), "assumes what is to be proved"),
    **dict.fromkeys(("implemented_by", "extern", "csimp", "export"), _REPLACED),
    **dict.fromkeys(("unsafe", "partial", "lcProof", "lcUnreachable", "lcAny", "unsafeCast"), _UNCHECKED),
    **dict.fromkeys(("macro", "macro_rules", "elab", "elab_rules", "syntax", "declare_syntax_cat"), _SYNTAX),
    **dict.fromkeys(("simproc", "dsimproc", "builtin_simproc", "unif_hint", "binder_predicate"), _SYNTAX),
    **dict.fromkeys(("run_cmd", "run_tac", "run_tacq", "run_meta", "run_elab", "by_elab"), _RUNS),
    **dict.fromkeys(("eval_expr", "include_str", "include_bytes", "initialize", "builtin_initialize"), _RUNS),
}
"""Words that neither a proof nor a statement may contain, and what each does."""

IN_PROOF: Final[dict[str, str]] = {
    **dict.fromkeys(("set_option",), _OPTIONS),
    **dict.fromkeys(("notation", "notation3", "infix", "infixl", "infixr", "prefix", "postfix"), _SYNTAX),
    **dict.fromkeys(("instance", "attribute", "deriving"), "changes which facts Lean finds by itself"),
    **dict.fromkeys(("open", "namespace", "section", "end", "variable", "universe", "import"), _SCOPE),
    **dict.fromkeys(("theorem", "lemma", "example", "def", "abbrev", "structure", "inductive", "class"), _COMMAND),
    **dict.fromkeys(("mutual", "noncomputable", "private", "protected", "alias", "scoped"), _COMMAND),
}
"""Words that only a proof may not contain."""

_ANYWHERE: Final = {
    **dict.fromkeys(("sorryAx",), _ADMITTED),
    **dict.fromkeys(("ofReduceBool", "ofReduceNat", "reduceBool", "reduceNat", "trustCompiler"), _TRUSTED),
    **dict.fromkeys(("lcProof", "lcUnreachable", "lcAny", "unsafeCast"), _UNCHECKED),
}
"""Names that count as parts of longer names too, such as `Lean.ofReduceBool`, and between `«»`."""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a text is not handed to Lean."""

    reason: str
    start: int | None = None
    """The position in the text, if there is one."""
    status: EvidenceStatus = EvidenceStatus.REFUTED
    """Refuted for text that no honest proof contains, abstained for text that is only too large to screen."""


def proof(text: str) -> Objection | None:
    """Say what is wrong with a candidate's proof; None if it may be put under a statement."""
    return _screen(text, {**ALWAYS, **IN_PROOF}, proof=True)


def statement(text: str) -> Objection | None:
    """Say what is wrong with a statement and the definitions before it."""
    return _screen(text, ALWAYS, proof=False)


def _screen(text: str, banned: dict[str, str], *, proof: bool) -> Objection | None:
    if len(text) > MAX_LENGTH:
        reason = f"{len(text):,} characters are more than the {MAX_LENGTH:,} that are looked into"
        return Objection(reason, status=EvidenceStatus.ABSTAINED)
    try:
        lexed = tokens(text)
    except TooDeep as error:
        return Objection(str(error), status=EvidenceStatus.ABSTAINED)
    except Unlexable as error:
        return Objection(str(error))
    for index, token in enumerate(lexed):
        before = lexed[index - 1].text if index else ""
        after = lexed[index + 1].text if index + 1 < len(lexed) else ""
        if reason := _reason(token, before, after, banned, proof=proof):
            return Objection(reason, token.start)
    return None


def _reason(token: LeanToken, before: str, after: str, banned: dict[str, str], *, proof: bool) -> str | None:
    if token.kind is LeanTokenKind.COMMAND:
        return f"`{token.text}` {_RUNS if 'eval' in token.text else _COMMAND}"
    if proof and token.kind is LeanTokenKind.OPEN and token.text == "[" and before == "@":
        return "`@[` sets an attribute, which only a declaration may have"
    if token.kind is not LeanTokenKind.NAME:
        return None
    if token.text in banned:
        return f"`{token.text}` {banned[token.text]}"
    if token.text == "native" and (before == "+" or after == ":="):
        return f"`native` {_TRUSTED}"
    if "debug" in token.parts[:1] and before == "set_option":
        return f"`set_option {token.text}` {_UNCHECKED}"
    for part in token.parts:
        if part in _ANYWHERE:
            return f"`{part}` {_ANYWHERE[part]}"
    return None
