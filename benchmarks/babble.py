"""A language model that writes random words: it is made in seconds without training, and served like any other.

    python benchmarks/babble.py DIR

It is a Llama with random weights whose output layer follows the frequencies of word pieces in this package's own
docstrings. It writes words without sense, ends a step after about `LENGTH` tokens, closes the strings of a JSON answer,
and prefers some of the critic's actions to others. This suffices for long debates whose prompts are as long as real
ones. The folder also holds two LoRA adapters for it with random weights, `policy` and `critic`.

Use it at temperature 1, because a greedy reply repeats one word until it is cut off.
"""

import argparse
import ast
import random
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AddedToken, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import longthought

VOCABULARY = 4096
HIDDEN = 128
LAYERS = 2
CONTEXT = 32_768
LENGTH = 100
"""Mean number of tokens of a step."""
DAYS = 40
"""Number of sentences in a problem."""
ACTIONS = {"continue": 0.65, "backtrack": 0.25, "reflect": 0.1, "terminate": 0.0}
"""Shares of the critic's actions; it never terminates, because no step holds an answer."""
TURN = "<|{}|>"
END = TURN.format("end")
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
ROLES = ("system", "user", "assistant")
ON_A_CPU = {
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_NO_USAGE_STATS": "1",
}
"""Environment variables with which vLLM serves small models on a shared machine without a GPU."""


def texts() -> Iterator[str]:
    """Yield the docstrings of the package and the texts of its prompts."""
    for path in sorted(Path(longthought.__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield ast.get_docstring(node) or ""
        if path.name == "prompts.py":
            yield from (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def tokenizer() -> PreTrainedTokenizerFast:
    """Train a tokenizer on the package's texts, with about four characters per token, as large models have."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    special = [END, *map(TURN.format, ROLES)]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    inner.train_from_iterator(
        texts(),
        trainers.BpeTrainer(
            vocab_size=VOCABULARY - len(ACTIONS), special_tokens=special, initial_alphabet=alphabet, show_progress=False
        ),
    )
    trained = PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token=END, pad_token=END, chat_template=CHAT_TEMPLATE, model_max_length=CONTEXT
    )
    actions: list[str | AddedToken] = [AddedToken(action, normalized=False, single_word=True) for action in ACTIONS]
    trained.add_tokens(actions)
    return trained


def preferences(words: PreTrainedTokenizerFast) -> torch.Tensor:
    """Return the log-probability of each token, of shape (vocabulary,)."""
    seen = Counter(token for text in texts() for token in words.encode(text, add_special_tokens=False))
    total = sum(seen.values())
    likely = torch.full((len(words),), 1e-7)
    for token, count in seen.items():
        likely[token] = count / total
    pieces: dict[str, int] = words.get_vocab()
    for role in ROLES:
        likely[pieces[TURN.format(role)]] = 1e-12
    likely[pieces[END]] = 1 / LENGTH
    for closing in ('"', "}", "],", '",'):  # strings and objects end
        if closing in pieces:
            likely[pieces[closing]] = 2 / LENGTH
    for action, share in ACTIONS.items():
        likely[pieces[action]] = max(share, 1e-3) / 100
    return likely.log()


def model(words: PreTrainedTokenizerFast, seed: int = 0) -> LlamaForCausalLM:
    """Build the model; its input moves the token probabilities only a little."""
    torch.manual_seed(seed)
    end = words.convert_tokens_to_ids(END)
    assert isinstance(end, int)
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=HIDDEN, intermediate_size=2 * HIDDEN, num_hidden_layers=LAYERS,
        num_attention_heads=HIDDEN // 64, num_key_value_heads=HIDDEN // 64, head_dim=64,
        max_position_embeddings=CONTEXT, tie_word_embeddings=False, bos_token_id=None,
        eos_token_id=end, pad_token_id=end,
    )  # fmt: skip
    llama = LlamaForCausalLM(config)
    with torch.no_grad():
        llama.model.embed_tokens.weight.mul_(5).add_(1)  # near the same for all, so that the norm gives about ones
        llama.lm_head.weight.add_(preferences(words)[:, None] / HIDDEN)
    return llama


def depot(seed: int) -> str:
    """Return the statement of a long problem, of about 900 tokens."""
    draw = random.Random(seed)
    book = " ".join(
        f"On day {day} the depot took in {draw.randint(10, 99)} crates and sent {draw.randint(1, 9)} of them on."
        for day in range(1, DAYS + 1)
    )
    return f"{book} How many crates does it hold after day {DAYS}?"


def write(folder: Path, seed: int = 0) -> Path:
    """Write the model to `folder/base` and its adapters to `folder/policy` and `folder/critic`; return the folder."""
    words = tokenizer()
    base = model(words, seed)
    base.save_pretrained(folder / "base")
    words.save_pretrained(folder / "base")
    for number, role in enumerate(("policy", "critic"), start=1):
        adapted = model(words, seed)
        torch.manual_seed(seed + number)
        lora = LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj", "o_proj"], init_lora_weights=False)
        with warnings.catch_warnings():  # peft asks transformers for a property by its old name
            warnings.simplefilter("ignore", FutureWarning)
            get_peft_model(adapted, lora).save_pretrained(str(folder / role))
    return folder


def main() -> None:
    """Write the model, and print the characters per token."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    write(given.folder)
    text = " ".join(texts())
    words = PreTrainedTokenizerFast.from_pretrained(given.folder / "base")
    print(f"{given.folder}: {len(text) / len(words.encode(text)):.1f} characters per token")


if __name__ == "__main__":
    main()
