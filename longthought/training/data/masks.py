"""What a trainer learns of a row, seen through the chat template: the assistant's words and its stop token.

TRL takes the loss over what stands between `{% generation %}` and `{% endgeneration %}`. A template without these
markers, or with the stop token outside of them, trains a model that can't stop; so both are looked at before anything
is exported for it. Rows are tokenised by TRL's own function, so this is what `SFTTrainer` does.

Sources: https://huggingface.co/docs/trl/sft_trainer, "Train on assistant messages only"; `trl.chat_template_utils`.
"""

# pyright: basic

from collections.abc import Mapping, Sequence
from typing import Any

from longthought.errors import ModelError
from longthought.training.data.rows import Message

_PROBE = ({"role": "user", "content": "Say yes."}, {"role": "assistant", "content": "yes"})


def training_template(tokenizer: Any, name: str) -> str:
    """Return the chat template to train with: the tokenizer's own, or TRL's version of it with generation markers.

    Raises:
        ModelError: if it has no chat template, or one without markers that TRL has no version of, or the stop token
            stands outside of them.

    """
    try:
        from trl.chat_template_utils import get_training_chat_template
    except ImportError as error:
        raise ModelError("looking at a chat template needs TRL: pip install 'longthought[train]'") from error
    if not tokenizer.chat_template:
        raise ModelError(f"{name}: its tokenizer has no chat template; set one with generation markers, and save it")
    try:
        template = get_training_chat_template(tokenizer) or tokenizer.chat_template
    except ValueError as error:
        raise ModelError(
            f"{name}: its chat template has no {{% generation %}} markers, so a trainer can't tell what to learn: put "
            "them around the assistant's words and their end token, and save the tokenizer again"
        ) from error
    found = [t for t in learned(tokenizer, _PROBE[:1], _PROBE[1:], template) if tokenizer.decode([t]).strip()]
    if not found or found[-1] not in ends(tokenizer):  # white space may follow the end token, as it does in ChatML
        raise ModelError(
            f"{name}: its chat template leaves the end token outside of {{% generation %}}, so a model would not learn "
            "to stop: move {% endgeneration %} behind it, and save the tokenizer again"
        )
    return template


def ends(tokenizer: Any) -> set[int]:
    """Return the tokens that may end a turn: those added to the vocabulary, but for padding and the unknown."""
    mute = {tokenizer.pad_token_id, tokenizer.unk_token_id, None} - {tokenizer.eos_token_id}
    return {tokenizer.eos_token_id, *tokenizer.get_added_vocab().values()} - mute


def learned(
    tokenizer: Any, prompt: Sequence[Message], completion: Sequence[Message], template: str | None = None
) -> list[int]:
    """Return the tokens of a row that are in the loss, as TRL's `SFTTrainer` finds them with `assistant_only_loss`."""
    from trl.data_utils import _tokenize, common_prefix_length

    given: Mapping[str, Any] = {"chat_template": template or tokenizer.chat_template}
    asked = _tokenize(tokenizer, list(prompt), add_generation_prompt=True, **given)["input_ids"]
    whole = _tokenize(tokenizer, [*prompt, *completion], return_assistant_tokens_mask=True, **given)
    start = common_prefix_length(asked, whole["input_ids"])
    marked = zip(whole["input_ids"], whole["assistant_masks"], strict=True)
    return [token for at, (token, mask) in enumerate(marked) if mask and at >= start]
