"""A critic read out of a frozen model: it judges as a probe does, and writes as its base does."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import trl
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, LlamaConfig

from longthought.errors import ConfigError, ModelError, ProblemError
from longthought.statistics import auroc
from longthought.training.probe import neuron, reading, regression
from longthought.training.probe.verdicts import Row
from longthought.training.train import train
from tests.fakes.bytewise import bytewise

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
"""TRL and transformers warn of each other's settings; what they do is looked at below."""

RIGHT, WRONG = "8", "3"
QWEN3 = (Path(trl.__file__).parent / "chat_templates" / "qwen3.jinja").read_text()


def _base(out: Path, **settings: Any) -> Path:
    tokenizer = bytewise(QWEN3)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=160, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=1024, initializer_range=0.05, **settings,
    )  # fmt: skip
    AutoModelForCausalLM.from_config(config).save_pretrained(out)
    tokenizer.save_pretrained(out)
    return out


@pytest.fixture(scope="module", params=[False, True], ids=["untied", "tied"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small model with random weights, in which nothing knows *yes* from *no*."""
    return _base(tmp_path_factory.mktemp("base") / "model", tie_word_embeddings=request.param)


def _prompt(problem: int, answer: str) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": f"Problem {problem * 37 % 101}: what is {problem} here?"},
        {"role": "assistant", "content": f"It must be {answer}."},
        {"role": "user", "content": f"Is {answer} right? Yes or No."},
    ]


def _row(problem: int, answer: str, said: str | None = None) -> dict[str, Any]:
    verdict = said or ("Yes" if answer == RIGHT else "No")
    completion = [{"role": "assistant", "content": verdict}]
    return {"prompt": _prompt(problem, answer), "completion": completion, "problem": f"p{problem}"}


def _data(out: Path, rows: Iterable[dict[str, Any]], held: Iterable[dict[str, Any]] = (), **meta: str) -> Path:
    out.mkdir()
    (out / "meta.json").write_text(json.dumps({"format": "critic", "dialect": "yes-no", "role": "critic", **meta}))
    for name, split in (("train", rows), ("validation", held)):
        if lines := [json.dumps(row) for row in split]:
            (out / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    return out


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [_row(problem, answer) for problem in range(60) for answer in (RIGHT, WRONG)]
    return _data(tmp_path_factory.mktemp("data") / "verdicts", rows[20:], rows[:20])


def _margin(path: Path, prompt: list[dict[str, str]]) -> float:
    tokenizer, model = AutoTokenizer.from_pretrained(path), AutoModelForCausalLM.from_pretrained(path)
    asked = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False, enable_thinking=False)
    with torch.no_grad():
        logits = model(**tokenizer(asked, return_tensors="pt")).logits[0, -1]
    yes, no = (tokenizer.encode(word)[0] for word in ("Yes", "No"))
    return float(logits[yes] - logits[no])


def test_a_probe_judges_problems_it_has_not_seen_and_writes_what_its_base_writes(
    base: Path, data: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    facts = train(data, tmp_path / "judge", method="probe", base=str(base), say=said.append)
    assert facts["trained_parameters"] == 3 * 64
    assert sum("as it would be served" in line for line in said) == 4  # one line for each layer that is tried
    before, after = (
        [[_margin(path, _prompt(problem, answer)) for problem in range(5)] for answer in (RIGHT, WRONG)]
        for path in (base, tmp_path / "judge")
    )
    assert auroc(*after) > 0.9 > auroc(*before)
    assert min(after[0]) > 0 > max(after[1])  # calibrated, so the words can be taken at their word
    assert float(facts["measured"]["AUROC on the validation split, as it is served"].partition(";")[0]) > 0.9
    tokenizer = AutoTokenizer.from_pretrained(base)
    text = tokenizer.apply_chat_template(_prompt(3, RIGHT)[:2], tokenize=False)
    first, second = (AutoModelForCausalLM.from_pretrained(path) for path in (base, tmp_path / "judge"))
    with torch.no_grad():
        apart = first(**tokenizer(text, return_tensors="pt")).logits.log_softmax(-1)
        apart = apart - second(**tokenizer(text, return_tensors="pt")).logits.log_softmax(-1)
    assert float(apart.abs().mean()) < 0.05
    assert train(data, tmp_path / "judge", method="probe", base=str(base)) == facts


def test_a_probe_that_is_stopped_reads_only_what_is_left(
    base: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(data, tmp_path / "whole", method="probe", base=str(base))
    monkeypatch.setattr(reading, "_SAVED_AFTER", 30)
    save = reading._save

    def stop(path: Path, **arrays: Any) -> None:
        assert len(arrays["margins"]) == 30, "a part holds what is new"
        save(path, **arrays)
        if path.stem.endswith("60"):
            raise KeyboardInterrupt

    monkeypatch.setattr(reading, "_save", stop)
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "half", method="probe", base=str(base))
    said: list[str] = []
    monkeypatch.setattr(reading, "_save", save)
    again = train(data, tmp_path / "half", method="probe", base=str(base), say=said.append)
    assert "going on after 60 of 100" in said
    assert again["starts"] == 2
    assert again["measured"]["AUROC before"] == whole["measured"]["AUROC before"]
    assert not (tmp_path / "half" / "checkpoints").exists()


def test_what_a_probe_can_not_learn_from_is_refused_before_anything_is_written(base: Path, tmp_path: Path) -> None:
    def refused(error: type[Exception], words: str, data: Path, model: Path = base, **more: Any) -> None:
        with pytest.raises(error, match=words):
            train(data, tmp_path / "judge", method="probe", base=str(model), **more)
        assert not (tmp_path / "judge" / "config.json").exists()

    fine = [_row(problem, answer) for problem in range(4) for answer in (RIGHT, WRONG)]
    refused(ConfigError, "in prose; export", _data(tmp_path / "prose", fine, dialect="prose"))
    refused(ConfigError, "leave `role` out", _data(tmp_path / "policy", fine, role="policy"))
    refused(ConfigError, "`epochs` is a setting", _data(tmp_path / "steps", fine), epochs=2.0)
    refused(ProblemError, "all the same", _data(tmp_path / "same", fine[::2]))
    refused(ProblemError, "too few problems", _data(tmp_path / "one", [fine[0], *fine[2:]]))
    refused(ProblemError, "example 9: its verdict is 'Maybe'", _data(tmp_path / "odd", [*fine, _row(9, "3", "Maybe")]))
    other = tmp_path / "gpt2"
    config = GPT2Config(vocab_size=300, n_embd=32, n_layer=2, n_head=2)
    AutoModelForCausalLM.from_config(config).save_pretrained(other)
    bytewise(QWEN3).save_pretrained(other)
    refused(ModelError, "no gated MLP", _data(tmp_path / "fine", fine), other)


def test_a_probe_orders_the_answers_to_one_problem(tmp_path: Path) -> None:
    rows = [Row((), (0, 1), yes, name) for name in "ab" for yes in (True, False)]
    assert regression.within(np.array([0.2, 0.1, 0.9, 0.8]), rows) == 1.0
    assert regression.within(np.array([0.2, 0.1, 0.8, 0.9]), rows) == 0.5
    assert regression.within(np.array([0.2, 0.9]), rows[::3]) == 0.0  # one right, one wrong, of two problems
    assert regression.chosen(np.array([0.2, 0.1, 0.9, 0.8]), rows) == (1.0, 0.5, 1.0)
    assert regression.chosen(np.array([0.2, 0.1, 0.8, 0.9]), rows) == (0.5, 0.5, 1.0)
    assert regression.chosen(np.array([0.2, 0.2, 0.8, 0.9]), rows) == (0.25, 0.5, 1.0)  # equal scores share
    assert regression.chosen(np.array([0.2, 0.9]), rows[::3]) == (0.5, 0.5, 0.5)


def test_a_neuron_that_is_tried_leaves_no_trace(base: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(base)
    mlp = reading.mlps(model, "base")[1]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    row = torch.ones(64, dtype=torch.float64)
    with neuron.tried(mlp, 7, neuron.Neuron(row, 2 * row, 3 * row)):
        assert float(mlp.down_proj.weight[0, 7]) == 3.0
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_what_is_written_raises_every_margin_alike_and_can_be_calibrated() -> None:
    torch.manual_seed(0)
    raises = torch.randn(8, 64, dtype=torch.float64) + 2
    effect = raises @ neuron.writes(raises)
    assert float(effect.std()) < 0.1 < 0.5 < float(effect.mean()) < 1.5
    states = torch.randn(200, 64, dtype=torch.float64) + 3
    elsewhere = torch.randn(400, 64, dtype=torch.float64) - 3
    gate = neuron.gate(states, elsewhere)
    assert float((elsewhere @ gate).max()) < 0
    plain = neuron.Neuron(gate, torch.zeros(64, dtype=torch.float64), torch.ones(64, dtype=torch.float64))
    shifted = plain.calibrated(2.0, -3.0)
    assert float((states @ shifted.reads * 2).mean()) == pytest.approx(-3.0)
    assert torch.equal(shifted.writes, 2 * plain.writes)
