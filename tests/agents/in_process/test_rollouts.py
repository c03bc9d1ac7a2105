"""Many replies at once against plain `generate`, on a tiny random Llama."""

import asyncio
from collections import Counter

import pytest
import torch

from longthought.agents.in_process import rollouts
from longthought.agents.in_process.engine import Generation, SamplingParams
from longthought.agents.in_process.rollouts import generate_all
from longthought.agents.in_process.static import StaticEngine
from longthought.errors import ModelError
from tests.agents.in_process.test_engines import make_model, make_prompts

GREEDY = SamplingParams(max_tokens=40)


def plainly(prompts: list[list[int]]) -> list[Generation]:
    async def ask() -> list[Generation]:
        engine = StaticEngine(make_model())
        try:
            return list(await asyncio.gather(*(engine.generate(prompt, GREEDY) for prompt in prompts)))
        finally:
            await engine.aclose()

    return asyncio.run(ask())


def test_greedy_replies_are_those_of_generate_whatever_the_lengths_and_endings() -> None:
    prompts = make_prompts(24)
    prompts += prompts[:8]
    expected = plainly(prompts)
    assert {reply.truncated for reply in expected} == {True, False}  # so some rows leave the batch before others
    got = generate_all(make_model(), prompts, GREEDY)
    assert [(g.token_ids, g.truncated) for g in got] == [(e.token_ids, e.truncated) for e in expected]


def test_a_small_memory_only_means_more_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = make_prompts(9)
    whole = generate_all(make_model(), prompts, GREEDY)
    monkeypatch.setattr(rollouts, "CACHE_BYTES", 1)
    assert generate_all(make_model(), prompts, GREEDY) == whole


def test_equal_prompts_get_replies_of_their_own_as_likely_as_the_model_says() -> None:
    model, prompt = make_model(), [5, 9, 11]
    torch.manual_seed(0)
    count = 4000
    replies = generate_all(model, [prompt] * count, SamplingParams(max_tokens=1, temperature=1.5))
    drawn = Counter(reply.token_ids[0] if reply.token_ids else 1 for reply in replies)
    with torch.no_grad():
        chances = (model(torch.tensor([prompt])).logits[0, -1] / 1.5).softmax(-1)
    for token in chances.topk(5).indices.tolist():
        assert drawn[token] / count == pytest.approx(float(chances[token]), abs=0.03)


def test_cuts_of_the_distribution() -> None:
    model, prompts = make_model(), make_prompts(4)
    likeliest = generate_all(model, prompts, GREEDY)
    for cut in ({"top_k": 1}, {"top_p": 1e-6}):
        assert generate_all(model, prompts, SamplingParams(max_tokens=40, temperature=1.0, **cut)) == likeliest


def test_the_model_learns_on_as_before_and_a_long_prompt_is_refused() -> None:
    model = make_model().train()
    generate_all(model, [[3, 4]], SamplingParams(max_tokens=2))
    assert model.training
    with pytest.raises(ModelError, match="exceed the model's context"):
        generate_all(model, [[3] * 120], SamplingParams(max_tokens=20))
