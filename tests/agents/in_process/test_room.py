"""Models in this process that can't take a request: each says why, and a reply takes what room there is."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import longthought as lt
from longthought.agents.in_process.chat_model import InProcessChatModel
from longthought.errors import ModelError
from longthought.trajectories.events import Failed, Failure

CONTEXT = 600


def save(folder: Path, template: str | None) -> Path:
    """Save a model that never ends a reply; its prompts have a token a word."""
    inner = Tokenizer(models.WordLevel({"<end>": 0, "word": 1}, unk_token="word"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<end>", chat_template=template)
    config = LlamaConfig(
        vocab_size=2, hidden_size=64, intermediate_size=64, num_hidden_layers=1, num_attention_heads=1,
        max_position_embeddings=CONTEXT, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("model"), "{% for m in messages %}{{ m.content }} {% endfor %}")


def debate(model: str, statement: str, **settings: Any) -> lt.Trajectory:
    problem = lt.Problem(id="p", statement=statement, domain="math")
    return lt.solve(problem, policy=model, critic=model, dialect="prose", tools=[], **settings)


def test_a_model_without_a_chat_template_is_refused_before_the_debate(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no chat template; set tokenizer\.chat_template"):
        debate(f"transformers:{save(tmp_path, None)}", "What is 2 + 2?")


def test_a_limit_beyond_the_context_takes_what_room_there_is(folder: Path) -> None:
    model = InProcessChatModel(path=str(folder), max_tokens=10 * CONTEXT)
    usage = model.invoke("word " * 500).usage_metadata
    assert usage is not None
    assert usage["total_tokens"] <= CONTEXT
    for asked in (None, 40):
        with pytest.raises(ModelError, match=r"doesn't fit.* takes 59\d tokens, .* has a context of 600; take a model"):
            model.invoke("word " * 595, max_tokens=asked)
    assert model.invoke("word " * 595, max_tokens=1).usage_metadata is not None, "that fits"
    asyncio.run(model.aclose())


def test_a_model_that_never_ends_a_step_costs_a_round_each_time(folder: Path) -> None:
    ended = debate(f"transformers:{folder}", "What is 2 + 2?", rounds=2, policy_settings={"max_tokens": 20})
    failures = [event for event in ended.events if isinstance(event, Failed)]
    assert [failure.failure for failure in failures] == [Failure.UNREADABLE_STEP] * 2, failures
    assert all("cut off after 20 tokens" in failure.detail for failure in failures)


def test_a_problem_that_leaves_no_room_says_so(folder: Path) -> None:
    with pytest.raises(ModelError, match="the problem doesn't fit"):
        debate(f"transformers:{folder}", "word " * CONTEXT)
