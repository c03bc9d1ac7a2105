"""The architecture and the tokenizer of the bundled agents: a small Llama over whole-number tokens.

One token per number keeps look-aheads short. So that numbers start out related to each other, their embeddings begin
as sines and cosines of their values (Zhou et al., "FoNE: Precise Single-Token Number Embeddings via Fourier Features",
2025); from there on they are trained like any other weight, and the saved model is a plain `LlamaForCausalLM`.
"""

# pyright: basic

import math

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from longthought.problems.countdown import notation

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] }} " + notation.END + "{% endgeneration %}"
    "{% else %}{{ message['content'] }}{% endif %}"
    "{% if not loop.last %} {% endif %}{% endfor %}"
)
"""Words between single spaces; a reply ends in the end token, and only replies are learned."""
CONTEXT = 512
PERIODS = (2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 16, 20, 25, 32, 50, 64, 100, 128, 200, 256, 400, 512, 800, 1000)
FEATURE_SCALE = 0.05
"""Amplitude of the sines and cosines; the other part of a new weight has a standard deviation of 0.02."""


def tokenizer(context: int = CONTEXT) -> PreTrainedTokenizerFast:
    """Build the tokenizer of the compact language: words and numbers up to 400, split at spaces."""
    words = models.WordLevel({word: i for i, word in enumerate(notation.VOCABULARY)}, unk_token=notation.PAD)
    inner = Tokenizer(words)
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token=notation.PAD,
        eos_token=notation.END,
        chat_template=CHAT_TEMPLATE,
        model_max_length=context,
        clean_up_tokenization_spaces=False,
    )


def model(*, hidden: int = 192, layers: int = 4, seed: int = 0, context: int = CONTEXT) -> LlamaForCausalLM:
    """Build an untrained model with head dimension 64."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(notation.VOCABULARY),
        hidden_size=hidden,
        intermediate_size=hidden * 8 // 3 // 64 * 64,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        num_key_value_heads=hidden // 64,
        head_dim=64,
        max_position_embeddings=context,
        tie_word_embeddings=False,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
    )
    built = LlamaForCausalLM(config)
    features = number_features(hidden)
    first = len(notation.VOCABULARY) - len(features)
    with torch.no_grad():
        built.model.embed_tokens.weight[first:] += features
        built.lm_head.weight[first:] += features
    return built


def number_features(hidden: int) -> torch.Tensor:
    """Return one row of sines and cosines per number from 0 to 400, shape (401, hidden)."""
    values = torch.arange(notation.MAX_VALUE + 1, dtype=torch.float32)
    waves: list[torch.Tensor] = []
    for period in PERIODS:
        angle = 2 * math.pi * values / period
        waves += [angle.cos(), angle.sin()]
    features = torch.stack(waves, dim=1) * FEATURE_SCALE
    return torch.nn.functional.pad(features, (0, hidden - features.shape[1]))
