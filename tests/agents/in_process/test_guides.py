"""Replies in this process that are held to a schema or end at a string, on a tiny random Llama that writes bytes.

Nothing but a guide makes such a model write JSON.
"""

import asyncio
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from langchain_core.messages import AIMessage
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import longthought as lt
from longthought.agents.catalogue import chat_model
from longthought.agents.dialects.dialect import Unreadable
from longthought.agents.dialects.prose import Prose
from longthought.agents.in_process.chat_model import InProcessChatModel
from longthought.agents.in_process.continuous import ContinuousEngine, LaneLimits
from longthought.agents.in_process.engine import Engine, SamplingParams
from longthought.agents.in_process.guides import Guides
from longthought.agents.in_process.load import EngineName
from longthought.agents.in_process.static import StaticEngine
from longthought.agents.view import Candidate, View
from longthought.trajectories.events import Action, Verdict

CONTEXT = 4096
END = 256
KINDS: tuple[EngineName, ...] = ("continuous", "static")


def make_tokenizer() -> PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(["<end>"])
    template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    return PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<end>", chat_template=template)


def make_model(end: int | None = END) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=END + 1,
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        max_position_embeddings=CONTEXT,
        initializer_range=0.3,
        bos_token_id=None,
        eos_token_id=end,
    )
    return LlamaForCausalLM(config).eval()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    make_tokenizer().save_pretrained(path)
    make_model().save_pretrained(path)
    return path


@pytest.fixture(params=KINDS)
def chat(request: pytest.FixtureRequest, folder: Path) -> Iterator[InProcessChatModel]:
    model = InProcessChatModel(path=str(folder), kind=request.param, max_tokens=100)
    yield model
    asyncio.run(model.aclose())


def response_format(schema: object) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": schema}}


def an_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


A_WORD = an_object(word={"type": "string", "maxLength": 8})
A_MOVE = an_object(
    to={"type": ["integer", "null"], "enum": [0, 2, 3, None]}, action={"enum": ["continue", "backtrack"]}
)


class Terse(Prose):
    """Prose with critiques of a few characters, as a model that writes bytes takes long over each."""

    def critic_options(self, view: View) -> dict[str, Any]:
        """Return the response format of a legal verdict."""
        options = json.loads(json.dumps(super().critic_options(view)))
        options["response_format"]["json_schema"]["schema"]["properties"]["critique"]["maxLength"] = 20
        return options


def ask(chat: InProcessChatModel, *requests: dict[str, Any]) -> list[AIMessage]:
    async def all_at_once() -> list[AIMessage]:
        asked = [{"input": "Problem", **request} for request in requests]
        return await asyncio.gather(*(chat.ainvoke(**request) for request in asked))

    return asyncio.run(all_at_once())


def text(message: AIMessage) -> str:
    assert isinstance(message.content, str)
    return message.content


def test_schemas_of_all_kinds_and_none_share_a_batch(chat: InProcessChatModel) -> None:
    word, move, hot = (
        {"response_format": response_format(A_WORD)},
        {"response_format": response_format(A_MOVE)},
        {"response_format": response_format(A_MOVE), "temperature": 2.0, "top_p": 0.9},
    )
    replies = ask(chat, word, move, {}, word, move, hot, hot, {"response_format": {"type": "text"}})
    for reply in (replies[0], replies[3]):
        assert list(json.loads(text(reply))) == ["word"]
        assert len(json.loads(text(reply))["word"]) <= 8
    for reply in (replies[1], replies[4], replies[5], replies[6]):
        move = json.loads(text(reply))
        assert list(move) == ["to", "action"]
        assert move["to"] in (0, 2, 3, None)
        assert move["action"] in ("continue", "backtrack")
        assert reply.response_metadata["finish_reason"] == "stop"
    for reply in (replies[2], replies[7]):  # nobody holds it to anything
        assert text(reply)[0] != "{"


def test_both_engines_write_the_same(folder: Path) -> None:
    requests = [{"response_format": response_format(schema)} for schema in (A_WORD, A_MOVE, A_MOVE)]
    requests += [{"stop": [letter]} for letter in "ABCDE"]
    requests = [{"input": "Problem" * n, **request} for n, request in enumerate(requests, start=1)]
    written: list[list[Any]] = []
    for kind in KINDS:
        model = InProcessChatModel(path=str(folder), kind=kind, max_tokens=100)
        replies = ask(model, *requests)
        written.append([(reply.content, reply.response_metadata["token_ids"]) for reply in replies])
        for reply in replies:
            logprobs = reply.response_metadata["logprobs"]
            assert len(logprobs) == len(reply.response_metadata["token_ids"])
            assert all(value <= 0 for value in logprobs)
        assert replies[1].response_metadata["logprobs"][0] == pytest.approx(0, abs=1e-4)  # only { may come first
        asyncio.run(model.aclose())
    assert written[0] == written[1]


def test_a_request_that_loses_its_place_in_the_cache_goes_on_where_it_was() -> None:
    tight = ContinuousEngine(
        make_model(), cache=LaneLimits(page_size=16, num_blocks=9, max_batch_tokens=32, max_requests=8)
    )
    guides = Guides("a model", make_tokenizer(), tight.end, tight.vocabulary)
    digits = response_format({"type": "array", "items": {"enum": [10, 20]}, "minItems": 12, "maxItems": 12})

    async def all_of(engine: Engine) -> list[str]:
        sampling = SamplingParams(max_tokens=60)
        asked = [engine.generate([n] * 30, sampling, guides.guide(digits, ())) for n in range(10)]
        written = [make_tokenizer().decode(reply.token_ids) for reply in await asyncio.gather(*asked)]
        await engine.aclose()
        return written

    written = asyncio.run(all_of(tight))
    assert written == asyncio.run(all_of(StaticEngine(make_model())))
    assert all(set(json.loads(reply)) <= {10, 20} and len(json.loads(reply)) == 12 for reply in written)


def test_a_model_that_writes_nonsense_gives_legal_verdicts(folder: Path) -> None:
    problem = lt.Problem(id="p", statement="What is 2 + 2?", domain="math")
    new = Candidate(3, "2 + 2 = 5", None, (), (), ())
    legal = (Action.CONTINUE, Action.BACKTRACK)
    seen = View(problem, ("Add.",), (1,), (), candidate=new, actions=legal)

    async def judge(hot: float) -> Verdict | Unreadable:
        critic = lt.Critic(f"transformers:{folder}", InProcessChatModel(path=str(folder), temperature=hot), Terse())
        try:
            return (await critic.judge(seen)).read
        finally:
            await critic.aclose()

    for hot in (0.0, 1.0, 3.0):
        verdict = asyncio.run(judge(hot))
        assert isinstance(verdict, Verdict), verdict
        assert verdict.action in legal
        assert verdict.target in (0, 1, None)
        assert verdict.score is not None


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (response_format({"type": "frob"}), "frob"),
        (response_format({"not": {"type": "object"}}), "not"),
        (response_format([1]), "no schema"),
        ({"type": "json_schema"}, "no schema"),
        ({"type": "json_schema", "json_schema": None}, "no schema"),
        ({"type": "grammar"}, "grammar"),
    ],
)
def test_what_can_not_be_followed_is_said_once_and_left_to_the_words(
    wanted: dict[str, Any], said: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = InProcessChatModel(path=str(folder), max_tokens=20)
    plain, *held = ask(model, {}, {"response_format": wanted}, {"response_format": wanted})
    assert {reply.content for reply in ask(model, {"response_format": wanted})} == {plain.content}
    assert len(held) == 2
    asyncio.run(model.aclose())
    (warned,) = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert said in warned
    assert f"transformers:{folder} can't be held to a schema" in warned


def test_any_object_can_be_asked_for() -> None:
    guides = Guides("a model", make_tokenizer(), frozenset({END}), END + 1)
    guide = guides.guide({"type": "json_object"}, ())
    assert guide is not None
    allowed = guide.allowed([])
    assert allowed is not None
    assert make_tokenizer().decode(allowed.nonzero()[0].tolist()) == "{"


@pytest.mark.parametrize("missing", ["library", "end", "fast"])
def test_a_model_that_can_not_be_held_says_why(
    missing: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if missing == "library":
        monkeypatch.setitem(sys.modules, "llguidance", None)
    end = frozenset[int]() if missing == "end" else frozenset({END})
    guides = Guides("a model", object() if missing == "fast" else make_tokenizer(), end, END + 1)
    assert [guides.guide(response_format(schema), ()) for schema in (A_WORD, A_MOVE)] == [None, None]
    (warned,) = caplog.messages
    said = {"library": r"pip install 'longthought\[local\]'", "end": "no token that ends", "fast": "fast tokenizers"}
    assert re.search(said[missing], warned)


def test_a_schema_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[object] = []
    guides = Guides("a model", make_tokenizer(), frozenset({END}), END + 1)
    compiles = guides._compile  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(guides, "_compile", lambda wanted: compiled.append(wanted) or compiles(wanted))
    first, second, other = (guides.guide(response_format(schema), ()) for schema in (A_WORD, A_WORD, A_MOVE))
    assert first is not second
    assert compiled == [response_format(A_WORD), response_format(A_MOVE)]
    assert first is not None
    assert other is not None
    written = make_tokenizer().encode('{"word": "a')
    for count in range(len(written) + 1):
        first.allowed(written[:count])
    assert second is not None
    assert (second.allowed([]) == other.allowed([])).all()  # what the first has read, the second hasn't


# Stop strings.


def test_a_reply_ends_before_a_stop_string(chat: InProcessChatModel) -> None:
    (whole,) = ask(chat, {"temperature": 0.0})
    said, tokens = text(whole), whole.response_metadata["token_ids"]
    found = re.search(r"[ -~]{2}", said)
    assert found
    stop, at = found[0], found.start()
    cut, also, never = ask(chat, {"stop": [stop]}, {"stop": ["never said", stop]}, {"stop": ["never said", ""]})
    assert cut.content == also.content == said[:at]
    assert cut.response_metadata["finish_reason"] == "stop"
    kept = cut.response_metadata["token_ids"]
    assert kept == tokens[: len(kept)]
    assert make_tokenizer().decode(kept) == said[:at] + stop  # a token that brings the stop string counts
    assert never.content == said
    last = ask(chat, {"stop": [stop], "max_tokens": len(kept)})[0]
    assert (last.content, last.response_metadata["finish_reason"]) == (said[:at], "stop")


def test_stop_is_a_setting_of_a_model(folder: Path) -> None:
    plain = chat_model(f"transformers:{folder}", "policy", temperature=0.0, max_tokens=40)
    said = text(plain.invoke("Problem"))
    found = re.search(r"[ -~]", said)
    assert found
    stopped = chat_model(f"transformers:{folder}", "policy", temperature=0.0, max_tokens=40, stop=[found[0]])
    assert stopped.invoke("Problem").content == said[: found.start()]
    for model in (plain, stopped):
        assert isinstance(model, InProcessChatModel)
        asyncio.run(model.aclose())


def test_a_model_without_an_end_token_is_cut_at_the_stop_string() -> None:
    guides = Guides("a model", make_tokenizer(), frozenset(), END + 1)
    assert guides.guide(None, ["a"]) is None
