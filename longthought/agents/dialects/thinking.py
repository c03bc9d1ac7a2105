"""Thinking and special tokens in replies: what a model writes before, around and after what it says.

Servers without a parser for a model's format leave its thinking in the reply, and templates that open the thinking in
the prompt leave only its closing there. One table holds every wording. The log keeps a reply whole; steps, verdicts,
answers and training data hold only what is said.
"""

import re
from typing import Final, NamedTuple


class _Marks(NamedTuple):
    """How one family of models marks its thinking, as regular expressions."""

    opening: str
    closing: str
    alone: bool = True
    """Whether the closing ends thinking also where no opening stands, because the prompt holds it."""


_TAGS: Final = "think|thinking|thought|thoughts|reasoning|scratchpad|seed:think|mm:think|longcat_think"
_TABLE: Final = (
    _Marks(rf"(?i:<(?:{_TAGS})>)", rf"(?i:</(?:{_TAGS})>)"),  # DeepSeek, Qwen, EXAONE, Seed, LongCat and most others
    _Marks(r"\[THINK\]", r"\[/THINK\]"),  # Magistral
    _Marks(r"◁think▷", r"◁/think▷"),  # Kimi
    _Marks(r"<\|think(?:ing)?\|>", r"<\|/think(?:ing)?\|>|<\|end\|>", alone=False),  # Solar
    _Marks(r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),  # Sky-T1, OpenThinker
    _Marks(r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),  # Command A
    _Marks(r"<\|inner_prefix\|>", r"<\|inner_suffix\|>"),  # Apertus
    _Marks(r"<unused94>thought\s", r"<unused95>"),  # MedGemma
    _Marks(r"<\|channel>thought\s", r"<channel\|>", alone=False),  # Gemma 4
    _Marks(  # Harmony, of gpt-oss
        r"(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)(?:[^<]|<\|constrain\|>)*<\|message\|>",
        r"<\|end\|>|<\|call\|>|(?=<\|start\|>|<\|channel\|>)",
        alone=False,
    ),
    _Marks(r"\Aanalysis(?=[A-Z])", r"assistantfinal", alone=False),  # Harmony with its special tokens dropped
    _Marks(r"\AHere(?:'s| is) my thought process:\s", r"Here(?:'s| is) my response:\s*", alone=False),  # Granite 3
)

_OPENINGS: Final = re.compile("|".join(f"(?P<m{number}>{marks.opening})" for number, marks in enumerate(_TABLE)))
_CLOSINGS: Final = tuple(re.compile(marks.closing) for marks in _TABLE)
_LONE_CLOSING: Final = re.compile("|".join(marks.closing for marks in _TABLE if marks.alone))

_HEADERS: Final = re.compile(
    r"(?:<\|start\|>assistant)?<\|channel\|>final(?:[^<]|<\|constrain\|>)*<\|message\|>"
    r"|<\|(?:begin_of_solution|end_of_solution|START_RESPONSE|END_RESPONSE|START_TEXT|END_TEXT|content)\|>"
    r"|\A\s*<\|(?:im_start|start_header_id|start)\|>\s*assistant(?:<\|end_header_id\|>)?\s*"
)
"""What stands around the words that are said."""
_END_OF_TURN: Final = re.compile(
    r"<\|(?:im_end|im_start|eot_id|eom_id|end_of_text|endoftext|end|return|call|eot|start_header_id|user|observation"
    r"|END_OF_TURN_TOKEN|end_of_role|start)\|>"
    r"|<｜(?:end▁of▁sentence|User|Assistant)｜>|<end_of_turn>|<start_of_turn>|<end_of_utterance>|<turn\|>|\[EOS\]"
)
"""Special tokens that end a turn; what follows belongs to a turn that the model made up."""
_TRAILING: Final = re.compile(r"(?:\s|</s>|<eos>|<\|[A-Za-z_]+\|>|<｜[^｜\n]{1,40}｜>)+\Z")


def without_thinking(reply: str) -> str:
    """Return what a reply says: without thinking, marks of channels and special tokens.

    Thinking without an opening mark starts with the reply; thinking without a closing one ends with it.
    """
    kept: list[str] = []
    rest = reply
    while rest:
        opening = _OPENINGS.search(rest)
        before = rest[: opening.start()] if opening else rest
        for closing in _LONE_CLOSING.finditer(before):
            kept.clear()
            before = rest[closing.end() : opening.start() if opening else len(rest)]
        kept.append(before)
        if opening is None:
            break
        number = next(number for number in range(len(_TABLE)) if opening[f"m{number}"] is not None)
        closed = _CLOSINGS[number].search(rest, opening.end())
        rest = rest[closed.end() :] if closed else ""
    return finished(_HEADERS.sub("", "".join(kept)))


def finished(reply: str) -> str:
    """Return a reply up to the first token that ends a turn, without special tokens at its end."""
    end = _END_OF_TURN.search(reply)
    return _TRAILING.sub("", reply[: end.start()] if end else reply)
