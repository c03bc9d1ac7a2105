"""What training asks of a chat template: it exists, it marks what is learned, and it writes the end token.

TRL takes the loss over what stands between `{% generation %}` and `{% endgeneration %}`. A template without these
markers, or with the end token outside of them, trains a model that can't stop, so templates are checked before data
are exported or weights loaded. Messages end in a `remedy`, since an export can only have the tokenizer saved again,
while a training takes a template as a setting.

Sources: https://huggingface.co/docs/trl/sft_trainer, "Train on assistant messages only"; `trl.chat_template_utils`.
"""

# pyright: basic

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from longthought.errors import ModelError
from longthought.extras import expect_installed

SAVE: Final = "save the tokenizer with it"
SET: Final = "give it as `chat_template`"
STOPPED: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""The time that a template which writes the time is left with."""
_CLOCK: Final = "strftime_now"
_MACRO: Final = f"{{%- macro {_CLOCK}(format) -%}}"
_PROBE: Final = ({"role": "user", "content": "Say yes."}, {"role": "assistant", "content": "yes"})


def expect_exportable(tokenizer: Any, name: str) -> None:
    """Raise unless trainers that mask by the chat template would learn the replies and the end token.

    Raises:
        ModelError: if there is no template, it has no markers and TRL has no version of it, or the end token stands
            outside of them.

    """
    expect_template(tokenizer, name, SAVE)
    template = marked_template(tokenizer, name, SAVE)
    expect_end(tokenizer, name, learned(tokenizer, _PROBE[:1], _PROBE[1:], template), _turn_ends(tokenizer), SAVE)


def expect_template(tokenizer: Any, name: str, remedy: str) -> None:
    """Raise if a tokenizer has no chat template.

    Raises:
        ModelError: naming the model.

    """
    if not tokenizer.chat_template:
        raise ModelError(
            f"{name}: its tokenizer has no chat template, as base models often have none; name an instruction-tuned "
            f"model, or write a template and {remedy}"
        )


def with_stopped_clock(template: str) -> str:
    """Return a chat template in which it is always the same time; one without a clock is returned as it is.

    A model that learned prompts of one day would be asked with those of another. The macro takes the place of the
    function by which templates read the clock.
    """
    if _CLOCK not in template or has_stopped_clock(template):
        return template
    formats = {found[2] for found in re.finditer(rf"{_CLOCK}\(\s*(['\"])(.*?)\1", template)}
    texts = json.dumps({written: STOPPED.strftime(written) for written in sorted(formats)})
    usual = STOPPED.date().isoformat()
    return f"{_MACRO}{{{{ {texts}.get(format, '{usual}') }}}}{{%- endmacro %}}\n{template}"


def has_stopped_clock(template: str) -> bool:
    """Say whether the clock of a template was stopped."""
    return template.startswith(_MACRO)


def marked_template(tokenizer: Any, name: str, remedy: str) -> str:
    """Return the chat template that masks are made with: the tokenizer's own, or TRL's version of it with markers.

    Raises:
        ModelError: if it has no markers, and TRL has no version of it that has.

    """
    expect_installed(("trl", "torch"), "train", "checking a chat template", ModelError)
    from trl.chat_template_utils import get_training_chat_template, has_generation_markers

    try:
        return get_training_chat_template(tokenizer) or tokenizer.chat_template
    except ValueError as error:
        if has_generation_markers(tokenizer.chat_template):
            return tokenizer.chat_template
        raise ModelError(
            f"{name}: its chat template doesn't mark what the assistant says, so a trainer can't tell what to learn; "
            f"put {{% generation %}} and {{% endgeneration %}} around it, end token included, and {remedy}"
        ) from error


def expect_end(tokenizer: Any, name: str, reply: Sequence[int], ends: Collection[int], remedy: str) -> None:
    """Raise unless the tokens of a reply end in one of `ends`; some templates write a line break after it.

    Raises:
        ModelError: naming what it ends in.

    """
    if set(ends).isdisjoint(reply[-3:]):
        raise ModelError(
            f"{name}: its chat template ends what is learned of a reply in {tokenizer.decode(reply[-3:])!r}, without "
            f"the end token {tokenizer.eos_token!r}, so the model would never learn to stop; write the end token "
            f"after the reply, before any {{% endgeneration %}}, and {remedy}"
        )


def _turn_ends(tokenizer: Any) -> set[int]:
    """Return the tokens that may end a turn: those added to the vocabulary, except padding and the unknown token."""
    silent = {tokenizer.pad_token_id, tokenizer.unk_token_id, None} - {tokenizer.eos_token_id}
    return {tokenizer.eos_token_id, *tokenizer.get_added_vocab().values()} - silent


def learned(
    tokenizer: Any,
    prompt: Sequence[Mapping[str, str]],
    completion: Sequence[Mapping[str, str]],
    template: str | None = None,
) -> list[int]:
    """Return the tokens of a row that are in the loss, as TRL's `SFTTrainer` finds them with `assistant_only_loss`."""
    from trl.data_utils import _tokenize, common_prefix_length

    options: Mapping[str, Any] = {"chat_template": template or tokenizer.chat_template}
    prompt_ids = _tokenize(tokenizer, list(prompt), add_generation_prompt=True, **options)["input_ids"]
    row = _tokenize(tokenizer, [*prompt, *completion], return_assistant_tokens_mask=True, **options)
    start = common_prefix_length(prompt_ids, row["input_ids"])
    masked = zip(row["input_ids"], row["assistant_masks"], strict=True)
    return [token for index, (token, mask) in enumerate(masked) if mask and index >= start]
