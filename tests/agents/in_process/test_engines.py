"""The in-process engines against each other and against the model itself, on a tiny random Llama."""

import asyncio
import gc
import json
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch
from langchain_core.messages import AIMessage, HumanMessage
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from longthought.agents.in_process.chat_model import InProcessChatModel
from longthought.agents.in_process.continuous import ContinuousEngine, LaneLimits
from longthought.agents.in_process.engine import Engine, Generation, SamplingParams
from longthought.agents.in_process.load import load_engine
from longthought.agents.in_process.static import StaticEngine
from longthought.errors import ConfigError, EngineError, ModelError

WORDS = ["<pad>", "<end>", *(f"w{i}" for i in range(58))]
CONTEXT = 128
T = TypeVar("T")


def make_model(seed: int = 0) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=64,
        max_position_embeddings=CONTEXT,
        initializer_range=0.3,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
    )
    return LlamaForCausalLM(config).eval()


def make_prompts(count: int, seed: int = 1) -> list[list[int]]:
    draw = random.Random(seed)
    return [[draw.randrange(2, len(WORDS)) for _ in range(draw.randrange(1, 60))] for _ in range(count)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inner = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="<pad>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="<pad>",
        eos_token="<end>",
        chat_template="{% for m in messages %}{{ m.content }} {% endfor %}{{ 'w0' if add_generation_prompt else '' }}",
    )
    path = tmp_path_factory.mktemp("model")
    tokenizer.save_pretrained(path)
    make_model().save_pretrained(path)
    return path


def run(engine: Engine, work: Coroutine[Any, Any, T]) -> T:
    """Run to the end and close the engine."""

    async def both() -> T:
        try:
            return await asyncio.wait_for(work, 60)
        finally:
            await engine.aclose()

    return asyncio.run(both())


async def all_of(engine: Engine, prompts: list[list[int]], sampling: SamplingParams) -> list[Generation]:
    return await asyncio.gather(*(engine.generate(p, sampling) for p in prompts))


@pytest.fixture(params=["continuous", "static"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return ContinuousEngine(make_model()) if request.param == "continuous" else StaticEngine(make_model(), max_batch=8)


def tight_engine() -> ContinuousEngine:
    """Its cache holds little more than one whole context."""
    return ContinuousEngine(
        make_model(), cache=LaneLimits(page_size=16, num_blocks=9, max_batch_tokens=32, max_requests=8)
    )


def alone(model: Any, prompt: list[int], max_tokens: int) -> list[int]:
    """Decode greedily without any cache or batch: the definition."""
    ids = list(prompt)
    with torch.no_grad():
        while len(ids) < len(prompt) + max_tokens:
            ids.append(int(model(torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
            if ids[-1] == 1:
                return ids[len(prompt) : -1]
    return ids[len(prompt) :]


def test_greedy_is_the_same_alone_static_and_continuous() -> None:
    prompts = make_prompts(30)
    sampling = SamplingParams(max_tokens=24)
    static, continuous = StaticEngine(make_model(), max_batch=7), ContinuousEngine(make_model())
    want = run(static, all_of(static, prompts, sampling))
    got = run(continuous, all_of(continuous, prompts, sampling))
    model = make_model()
    assert [list(g.token_ids) for g in got] == [alone(model, p, 24) for p in prompts]
    assert [g.token_ids for g in got] == [w.token_ids for w in want]
    assert [g.truncated for g in got] == [w.truncated for w in want]
    assert {g.truncated for g in got} == {True, False}  # both endings were seen
    for g, w in zip(got, want, strict=True):
        assert g.logprobs is not None
        assert w.logprobs is not None
        assert len(g.logprobs) == len(g.token_ids)
        assert g.logprobs == pytest.approx(w.logprobs, abs=1e-3)


def test_a_prefix_is_shared_also_with_requests_that_ended() -> None:
    prefix = make_prompts(1, seed=3)[0][:1] * 3 + list(range(2, 40))
    prompts = [[*prefix, i, i + 1] for i in range(2, 22)]
    continuous = ContinuousEngine(make_model())

    async def twice() -> tuple[Generation, list[Generation]]:
        first = await continuous.generate(prefix, SamplingParams(max_tokens=4))
        return first, await all_of(continuous, prompts, SamplingParams(max_tokens=12))

    first, rest = run(continuous, twice())
    assert first.cached == 0
    assert all(g.cached == 32 for g in rest)  # two whole blocks of 16
    model = make_model()
    assert [list(g.token_ids) for g in rest] == [alone(model, p, 12) for p in prompts]


@pytest.mark.parametrize("top_p", [1.0, 0.8])
def test_sampling_differs_between_requests_and_repeats_with_the_seed(top_p: float) -> None:
    def draw(make: type[ContinuousEngine] | type[StaticEngine], seed: int) -> list[tuple[int, ...]]:
        fresh = make(make_model(), seed=seed)

        async def several() -> list[tuple[int, ...]]:
            sampling = SamplingParams(max_tokens=8, temperature=1.0, top_p=top_p)
            return [(await fresh.generate([5, 6, 7], sampling)).token_ids for _ in range(3)]

        return run(fresh, several())

    for make in (ContinuousEngine, StaticEngine):
        first = draw(make, seed=1)
        assert len(set(first)) > 1
        assert draw(make, seed=1) == first
        assert draw(make, seed=2) != first


def test_each_request_has_its_own_temperature(engine: Engine) -> None:
    async def mixed() -> list[list[Generation]]:
        each = [
            SamplingParams(8, 0.0),
            SamplingParams(8, 0.01),
            SamplingParams(8, 5.0),
            SamplingParams(8, 5.0, top_p=0.01),
        ]
        return await asyncio.gather(*(all_of(engine, [[9, 10, 11]] * 6, s) for s in each))

    greedy, cold, hot, narrow = run(engine, mixed())
    assert len({g.token_ids for g in greedy}) == 1
    assert {g.token_ids for g in cold} == {g.token_ids for g in narrow} == {greedy[0].token_ids}
    assert len({g.token_ids for g in hot}) == 6
    assert narrow[0].logprobs == pytest.approx([0.0] * len(narrow[0].token_ids), abs=1e-4)  # of what was sampled
    assert greedy[0].logprobs is not None
    assert min(greedy[0].logprobs) < -1e-3


@pytest.mark.parametrize("make", [tight_engine, lambda: StaticEngine(make_model())], ids=["continuous", "static"])
def test_cancelled_requests_free_their_place(make: Callable[[], Engine]) -> None:
    prompt = [5, 6, 7] * 35
    fresh = make()

    async def cancel_then_ask() -> Generation:
        long = SamplingParams(max_tokens=120)
        tasks = [asyncio.create_task(fresh.generate([2 + i], long)) for i in range(40)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)  # so the batch is running
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(fresh, StaticEngine) or sum(isinstance(o, asyncio.CancelledError) for o in outcomes) > 10
        return await fresh.generate(prompt, SamplingParams(max_tokens=10))

    assert list(run(fresh, cancel_then_ask()).token_ids) == alone(make_model(), prompt, 10)


def test_more_requests_than_the_cache_holds_all_come_back() -> None:
    small = tight_engine()
    prompts = make_prompts(20)
    got = run(small, all_of(small, prompts, SamplingParams(max_tokens=30)))
    model = make_model()
    assert [list(g.token_ids) for g in got] == [alone(model, p, 30) for p in prompts]


def test_one_request_may_fill_the_context(engine: Engine) -> None:
    prompt = make_prompts(1)[0][:8] * 20
    prompt = prompt[: CONTEXT - 8]
    got = run(engine, engine.generate(prompt, SamplingParams(max_tokens=8)))
    assert list(got.token_ids) == alone(make_model(), prompt, 8)


def test_the_context_is_no_longer_than_the_cache() -> None:
    tight = ContinuousEngine(make_model(), cache=LaneLimits(page_size=16, num_blocks=4, max_batch_tokens=16))
    assert tight.context_length == 64
    prompt = list(range(2, 58))
    assert list(run(tight, tight.generate(prompt, SamplingParams(max_tokens=8))).token_ids) == alone(
        make_model(), prompt, 8
    )


def test_bad_requests_are_refused_and_harm_nobody(engine: Engine) -> None:
    async def ask() -> None:
        with pytest.raises(ModelError, match=r"context of 128"):
            await engine.generate([3] * 100, SamplingParams(max_tokens=29))
        with pytest.raises(ModelError, match="token outside"):
            await engine.generate([len(WORDS)], SamplingParams(4))
        with pytest.raises(ModelError, match="empty"):
            await engine.generate([], SamplingParams(max_tokens=1))
        with pytest.raises(ConfigError, match="temperature"):
            await engine.generate([3], SamplingParams(max_tokens=1, temperature=-1.0))
        assert len((await engine.generate([3] * 100, SamplingParams(max_tokens=28))).token_ids) <= 28

    run(engine, ask())


@pytest.mark.parametrize("in_place", [False, True])
def test_new_weights_meet_no_old_cache(in_place: bool) -> None:
    model, other = make_model(0), make_model(1)
    prompt = list(range(2, 45))
    continuous = ContinuousEngine(model)

    async def swap() -> list[Generation]:
        sampling = SamplingParams(max_tokens=16)
        before = await continuous.generate(prompt, sampling)
        if in_place:
            model.load_state_dict(other.state_dict())
            await continuous.reload()
        else:
            running = asyncio.create_task(continuous.generate(prompt, sampling))
            await asyncio.sleep(0)
            replacing = asyncio.create_task(continuous.reload(other.state_dict()))
            await asyncio.sleep(0)
            meanwhile = asyncio.create_task(continuous.generate(prompt, sampling))
            assert (await running).token_ids == before.token_ids
            await replacing
            assert list((await meanwhile).token_ids) == alone(other, prompt, 16)
        return [before, await continuous.generate(prompt, sampling)]

    before, after = run(continuous, swap())
    assert list(before.token_ids) == alone(make_model(0), prompt, 16)
    assert list(after.token_ids) == alone(other, prompt, 16) != list(before.token_ids)


def test_weights_that_do_not_fit_are_refused(engine: Any) -> None:
    async def swap() -> Generation:
        with pytest.raises(ModelError, match="don't fit"):
            await engine.reload({"nothing": torch.zeros(1)})
        return await engine.generate([5, 6, 7], SamplingParams(max_tokens=10))

    assert list(run(engine, swap()).token_ids) == alone(make_model(), [5, 6, 7], 10)


def test_an_engine_outlives_its_event_loop(engine: Engine) -> None:
    async def leave_one_behind() -> None:
        asyncio.get_running_loop().create_task(engine.generate([9], SamplingParams(max_tokens=100, temperature=1.0)))
        await all_of(engine, [[5, 6], [7]], SamplingParams(max_tokens=4))

    for _ in range(2):
        asyncio.run(leave_one_behind())
    assert list(run(engine, engine.generate([5, 6, 7], SamplingParams(max_tokens=10))).token_ids) == alone(
        make_model(), [5, 6, 7], 10
    )


def test_closing_fails_what_is_pending_and_what_comes_later(engine: Engine) -> None:
    async def close() -> None:
        tasks = [asyncio.create_task(engine.generate([i], SamplingParams(100, 1.0))) for i in range(2, 30)]
        await asyncio.sleep(0)
        await engine.aclose()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        failed = [o for o in outcomes if not isinstance(o, Generation)]
        assert failed
        assert all(isinstance(o, EngineError) and "closed" in str(o) for o in failed)
        with pytest.raises(EngineError, match="closed"):
            await engine.generate([3], SamplingParams())
        await engine.aclose()

    asyncio.run(close())


def test_a_model_that_breaks_takes_its_requests_with_it(engine: Engine) -> None:
    model = make_model()
    broken = type(engine)(model)  # type: ignore[call-arg]

    def fail(*args: object, **kwargs: object) -> object:
        raise RuntimeError("out of magic smoke")

    model.forward = fail

    async def ask() -> None:
        outcomes = await asyncio.gather(
            *(broken.generate([i], SamplingParams(4)) for i in range(2, 6)), return_exceptions=True
        )
        for o in outcomes:
            assert isinstance(o, EngineError)
            assert "magic smoke" in str(o)
            assert isinstance(o.__cause__, RuntimeError)
        with pytest.raises(EngineError, match="magic smoke"):
            await broken.generate([3], SamplingParams(4))

    run(broken, ask())
    asyncio.run(engine.aclose())


def test_a_dropped_engine_ends_its_threads() -> None:
    gc.collect()
    before = threading.active_count()
    continuous = ContinuousEngine(make_model())
    asyncio.run(continuous.generate([3], SamplingParams(max_tokens=2)))
    assert threading.active_count() == before + 2
    del continuous
    gc.collect()
    assert threading.active_count() == before


def test_the_interpreter_ends_without_a_close(folder: Path) -> None:
    code = (
        "import sys, asyncio\n"
        "from longthought.agents.in_process.chat_model import InProcessChatModel\n"
        "assert 'torch' not in sys.modules\n"
        f"print(InProcessChatModel(path={str(folder)!r}, max_tokens=3).invoke('w1 w2').usage_metadata)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "'input_tokens': 3" in done.stdout


def test_loading_says_what_is_wrong(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match=r"no such folder.*save_pretrained"):
        load_engine(tmp_path / "missing")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ModelError, match=r"no config.json.*notes\.txt.*save_pretrained"):
        load_engine(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="not a model"):
        load_engine(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install 'longthought\[local\]'"):
        load_engine(folder)


def test_the_chat_model_reports_what_it_did(folder: Path) -> None:
    chat = InProcessChatModel(path=str(folder), max_tokens=20)
    text = " ".join(f"w{i}" for i in range(40))

    async def ask() -> tuple[Any, Any]:
        one = await chat.ainvoke([HumanMessage(text)], response_format={"type": "json_schema"})
        two = await chat.ainvoke([HumanMessage(text)], max_tokens=5)
        return one, two

    one, two = asyncio.run(ask())
    model = make_model()
    prompt = [*range(2, 42), 2]
    want = alone(model, prompt, 20)
    assert one.response_metadata["model_name"] == f"transformers:{folder}"
    assert one.response_metadata["token_ids"] == want
    assert one.content == " ".join(WORDS[t] for t in want)
    assert len(one.response_metadata["logprobs"]) == len(want)
    assert two.response_metadata["token_ids"] == want[:5]
    assert two.response_metadata["finish_reason"] == "length"
    assert two.usage_metadata == {
        "input_tokens": 41,
        "output_tokens": 5,
        "total_tokens": 46,
        "input_token_details": {"cache_read": 32},
    }
    asyncio.run(chat.aclose())


def test_a_reply_takes_what_room_there_is_where_nobody_says_how_long(folder: Path) -> None:
    model = InProcessChatModel(path=str(folder), seed=7)
    usage = model.invoke("w1 w2").usage_metadata
    room = json.loads((folder / "config.json").read_text())["max_position_embeddings"]
    assert usage is not None
    assert usage["total_tokens"] <= room
    asyncio.run(model.aclose())


def test_chat_models_with_equal_settings_share_an_engine(folder: Path) -> None:
    policy, critic = InProcessChatModel(path=str(folder), temperature=1.0), InProcessChatModel(path=str(folder))
    other = InProcessChatModel(path=str(folder), kind="static")
    before = threading.active_count()
    replies = [m.invoke("w1 w2", max_tokens=4) for m in (policy, critic, other)]
    assert replies[1].content == replies[2].content
    assert threading.active_count() == before + 5  # two lanes of two threads, and the static worker
    asyncio.run(policy.aclose())
    assert critic.invoke("w1 w2", max_tokens=4).content == replies[1].content
    asyncio.run(critic.aclose())
    asyncio.run(other.aclose())
    assert threading.active_count() == before
    assert critic.invoke("w1 w2", max_tokens=4).content == replies[1].content  # and it loads again
    asyncio.run(critic.aclose())


def test_loading_is_quiet_and_logged(folder: Path) -> None:
    code = (
        "import logging, sys\n"
        "from longthought.agents.in_process.load import load_engine\n"
        "from longthought.agents.in_process.quiet import LOG\n"
        "LOG.setLevel('INFO'); LOG.addHandler(logging.StreamHandler(sys.stdout))\n"
        "load_engine(sys.argv[1], name='transformers:model')\n"
        "from transformers.utils import logging as library\n"
        "print(library.is_progress_bar_enabled(), library.get_verbosity() == library.WARNING)\n"
    )
    # the command line, which other tests call in this process, sets these for good
    told = {name: value for name, value in os.environ.items() if not name.startswith(("TRANSFORMERS_", "HF_HUB_"))}
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True, env=told
    )
    assert done.stderr == ""
    assert done.stdout == "loading transformers:model\nloaded transformers:model\nTrue True\n"


WRITES = "{{ m.content }} "
REFUSES = "{{ raise_exception('it ends with the assistant') if m.role == 'assistant' else m.content + ' ' }}"


@pytest.mark.parametrize(("each", "tokens"), [(WRITES, 3), (REFUSES, 1)])
def test_a_model_goes_on_from_its_own_message_if_its_template_can(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, each: str, tokens: int
) -> None:
    path = Path(shutil.copytree(folder, tmp_path / "model"))
    (path / "chat_template.jinja").write_text(f"{{% for m in messages %}}{each}{{% endfor %}}")
    chat = InProcessChatModel(path=str(path), max_tokens=3)
    opened, otherwise = [HumanMessage("w1"), AIMessage("w2 w3")], [HumanMessage("w4")]
    for _ in range(2):
        usage = chat.invoke(opened, otherwise=otherwise).usage_metadata
        assert usage is not None
        assert usage["input_tokens"] == tokens
    asyncio.run(chat.aclose())
    assert caplog.text.count("can't go on from a message") == (each == REFUSES)
