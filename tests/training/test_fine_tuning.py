"""From debates to agents that debate: every method, on real debates and tiny steps."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

import longthought as lt
from longthought.agents import catalogue
from longthought.agents.catalogue import BUNDLED
from longthought.agents.in_process.engine import Generation, SamplingParams
from longthought.agents.in_process.load import load_engine
from longthought.agents.scorer import Scorer, lowered
from longthought.agents.view import view
from longthought.errors import ProblemError, RunFolderError
from longthought.files import locked
from longthought.problems.countdown import game
from longthought.training.data.folder import DataFolder
from longthought.training.request import TrainingRequest
from longthought.trajectories.events import StopReason
from longthought.trajectories.trajectory import Trajectory
from tests.fakes import data_folders

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
EASY = "Use 3, 5 and 7, each once, to make 22."


def train(method: str, data: Path, out: Path, **settings: Any) -> dict[str, Any]:
    return lt.train(data, out, method=method, **settings)


def test_a_policy_learns_from_debates_and_debates_at_once(policy_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "policy"
    facts = train("sft", policy_data, out, steps=20, learning_rate=1e-4, batch=16)
    assert facts["steps"] == 20
    assert not (out / "checkpoints").exists()
    debate = lt.solve(EASY, policy=f"transformers:{out}", rounds=16)
    assert debate.solved
    assert {call.model for call in debate.calls} == {f"transformers:{out}", "bundled:countdown"}
    card = (out / "README.md").read_text()
    assert "base_model" not in card
    for said in (
        "`bundled:countdown`",
        str(policy_data),
        "20 of 16 examples",
        "validation loss",
        "--policy transformers",
    ):
        assert said in card


def test_a_new_model_learns(policy_data: Path, tmp_path: Path) -> None:
    facts = train("sft", policy_data, tmp_path / "out", base="new:d64x2", steps=30, batch=16, learning_rate=1e-2)
    assert facts["validation_loss"]["first"] > 5.5  # ln(433) = 6.07 is what a model that knows nothing scores
    assert facts["validation_loss"]["last"] < 4.5


def test_the_same_command_on_a_finished_folder_does_nothing(policy_data: Path, tmp_path: Path) -> None:
    facts = train("sft", policy_data, tmp_path / "out", base="new:d64x1", steps=2)
    weights = (tmp_path / "out" / "model.safetensors").stat().st_mtime_ns
    assert train("sft", policy_data, tmp_path / "out", base="new:d64x1", steps=2) == facts
    assert (tmp_path / "out" / "model.safetensors").stat().st_mtime_ns == weights


def test_the_same_seed_gives_the_same_weights(policy_data: Path, tmp_path: Path) -> None:
    def weights(name: str, seed: int) -> bytes:
        train("sft", policy_data, tmp_path / name, base="new:d64x1", steps=3, seed=seed)
        return (tmp_path / name / "model.safetensors").read_bytes()

    first = weights("a", 1)
    assert weights("b", 1) == first
    assert weights("c", 2) != first


def test_preferences_raise_what_was_chosen(debates: list[Trajectory], tmp_path: Path) -> None:
    rows, aside = data_folders.split(data_folders.pairs(debates))
    data = data_folders.write(tmp_path / "data", rows, aside, format="dpo-policy", role="policy")
    facts = train("dpo", data, tmp_path / "dpo", steps=20, batch=16)
    last = float(facts["measured"]["pairs told apart"].split("%")[1].rsplit(" ", 1)[1])
    assert last > 60
    assert facts["loss"]["last"] < 0.69  # ln 2 is what the base scores
    assert lt.solve(EASY, policy=f"transformers:{tmp_path / 'dpo'}", rounds=16).finished


def test_an_adapter_is_loaded_with_its_base_and_says_what_peft_says(debates: list[Trajectory], tmp_path: Path) -> None:
    verdicts = data_folders.critic_rows(debates)
    hopeful = next(row for row in verdicts if row["completion"][0]["content"].endswith("continue"))
    rows, aside = data_folders.split([row | {"completion": data_folders.said("none backtrack 0")} for row in verdicts])
    data = data_folders.write(tmp_path / "data", rows, aside, format="critic", role="critic")
    out = tmp_path / "adapter"
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        facts = train("sft", data, out, lora_rank=4, steps=30, learning_rate=5e-3, batch=16)
        engine, _ = load_engine(out, kind="static")
    assert not [str(one.message) for one in said if one.category is FutureWarning]
    assert facts["trained_parameters"] < facts["parameters"] / 5
    assert (out / "adapter_model.safetensors").is_file()
    assert not (out / "model.safetensors").exists()

    base = BUNDLED / "countdown" / "critic"
    assert Path(json.loads((out / "adapter_config.json").read_text())["base_model_name_or_path"]) == base
    tokenizer = AutoTokenizer.from_pretrained(base)
    asked = tokenizer.apply_chat_template(hopeful["prompt"], return_dict=False)

    def likelihoods(model: Any, reply: Sequence[int]) -> list[float]:
        with torch.no_grad():
            logits = model(torch.tensor([[*asked, *reply]])).logits[0, len(asked) - 1 : -1]
        return [float(row[token]) for row, token in zip(logits.log_softmax(-1), reply, strict=True)]

    async def ask() -> Generation:
        try:
            return await engine.generate(asked, SamplingParams(max_tokens=12))
        finally:
            await engine.aclose()

    got = asyncio.run(ask())
    assert tokenizer.decode(got.token_ids) == "none backtrack 0"
    plain = AutoModelForCausalLM.from_pretrained(base)
    alone = likelihoods(plain, got.token_ids)
    assert got.logprobs == pytest.approx(
        likelihoods(PeftModel.from_pretrained(plain, str(out)), got.token_ids), abs=1e-3
    )
    assert max(abs(a - b) for a, b in zip(got.logprobs or (), alone, strict=True)) > 1  # so the adapter was there
    assert lt.solve(EASY, critic=f"transformers:{out}", rounds=4).finished
    assert isinstance(catalogue.critic(f"transformers:{out}").dialect, type(data_folders.DIALECTS["compact"]))


def test_an_adapter_is_trained_further_by_preferences(debates: list[Trajectory], tmp_path: Path) -> None:
    data = data_folders.write(tmp_path / "sft", data_folders.policy_rows(debates), format="policy", role="policy")
    train("sft", data, tmp_path / "one", lora_rank=4, steps=2)
    more = data_folders.write(tmp_path / "dpo", data_folders.pairs(debates), format="dpo-policy", role="policy")
    facts = train("dpo", more, tmp_path / "two", base=str(tmp_path / "one"), steps=2)
    assert facts["adapter"]
    config = json.loads((tmp_path / "two" / "adapter_config.json").read_text())
    assert (config["r"], Path(config["base_model_name_or_path"]).name) == (4, "policy")
    assert lt.solve(EASY, policy=f"transformers:{tmp_path / 'two'}", rounds=4).finished


def test_a_thinker_writes_what_can_be_read_as_a_thought(debates: list[Trajectory], tmp_path: Path) -> None:
    rows, aside = data_folders.split(data_folders.thinker_rows(debates))
    data = data_folders.write(tmp_path / "data", rows, aside, format="sft-journey", role="thinker")
    facts = train("sft", data, tmp_path / "thinker", steps=60, batch=8, learning_rate=3e-3, max_length=1024)
    assert facts["validation_loss"]["last"] < facts["validation_loss"]["first"]
    assert load_engine(str(tmp_path / "thinker"))[0].context_length == 1024, "twice what the base takes"
    model = catalogue.chat_model(f"transformers:{tmp_path / 'thinker'}", "policy", max_tokens=120)
    reply = model.invoke(rows[0]["prompt"][0]["content"])
    assert reply.text.startswith("step ")
    alone = lt.solve(EASY, graph="sampling", policy=f"transformers:{tmp_path / 'thinker'}", attempts=1)
    assert alone.stop_reason in (StopReason.ANSWERED, StopReason.GAVE_UP), alone.failure
    assert len(alone.calls) == 1


def test_a_killed_training_goes_on_to_the_same_step_count(policy_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["train", "sft", policy_data, "--base", "new:d64x2", "--out", out, "--steps", "400", "--batch", "8"]
    command = [sys.executable, "-m", "longthought", *map(str, words)]
    env = {**os.environ, "COLUMNS": "100"}
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
    until = time.monotonic() + 240
    while not list(out.glob("checkpoints/checkpoint-*/trainer_state.json")):
        assert first.poll() is None, first.communicate()[0].decode()
        assert time.monotonic() < until
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    torn = out / "checkpoints" / "checkpoint-399"  # as a kill in the middle of saving leaves it
    torn.mkdir()
    (torn / "model.safetensors").write_bytes(b"\0\0")
    assert not (out / "model.safetensors").exists()

    other = subprocess.run([*command[:-1], "16"], capture_output=True, text=True, env=env, check=False)
    assert other.returncode == 2
    assert "other settings (batch 8, now 16)" in other.stderr
    second = subprocess.run([*command, "--json"], capture_output=True, text=True, env=env, check=False)
    assert second.returncode == 0, second.stderr
    assert "going on from checkpoint-" in second.stderr
    facts = json.loads(second.stdout)
    assert (facts["steps"], facts["starts"]) == (400, 2)
    assert json.loads((out / "training.json").read_text())["attempts"][1]["from_step"] >= 40


def test_a_scorer_tells_states_it_has_not_seen_apart_and_judges(debates: list[Trajectory], tmp_path: Path) -> None:
    rows = data_folders.label_rows(game.generate(count=300, numbers=3, split="train", seed=5), paths=4)
    learned, aside = data_folders.split(rows)
    data = data_folders.write(tmp_path / "data", learned, aside, format="step-labels", role="critic")
    out = tmp_path / "scorer"
    facts = train("scorer", data, out, steps=100)
    assert float(facts["measured"]["AUROC, validation"]) > 0.65

    scorer = catalogue.critic(f"scorer:{out}")
    assert isinstance(scorer, Scorer)
    assert scorer.threshold == pytest.approx(float(facts["measured"]["threshold"]), abs=1e-3)
    tree = debates[0].tree
    node = next(n for n in tree.nodes if n.id and n.depth == 2)

    async def judge() -> list[Any]:
        try:
            alone = await scorer.judge(view(tree, node.id))
            return [alone, *await asyncio.gather(*(scorer.judge(view(tree, n)) for n in (node.id, 1, node.id)))]
        finally:
            await scorer.aclose()

    alone, again, other, last = asyncio.run(judge())
    assert alone.read.score == pytest.approx(again.read.score, abs=1e-3)  # padding changes nothing
    assert again.read.score == last.read.score
    assert alone.calls[0].usage.prompt > other.calls[0].usage.prompt > 0
    debate = lt.solve(EASY, critic=f"scorer:{out}", rounds=12)
    assert debate.finished
    assert any(call.model == f"scorer:{out}" for call in debate.calls)


def test_hope_falls_with_every_failure() -> None:
    assert lowered(0.8, 0) == pytest.approx(0.8)
    assert lowered(0.8, 2) == pytest.approx(0.5)
    assert lowered(0.0, 3) == 0.0
    assert lowered(1.0, 3) == 1.0


def test_two_processes_train_one_model(policy_data: Path, tmp_path: Path) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    words = ["train", "sft", policy_data, "--base", "new:d64x1", "--out", tmp_path / "out", "--steps", "3", "--json"]
    command = [*launcher, "-m", "longthought", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)  # the first of the two speaks, and the other doesn't
    assert facts["devices"].startswith("2 ×")
    assert (facts["plan"]["batch"], facts["plan"]["micro_batch"], facts["steps"]) == (32, 16, 3)
    assert (tmp_path / "out" / "model.safetensors").is_file()


def test_a_short_training_of_a_thinker_is_told_and_measured(debates: list[Trajectory], tmp_path: Path) -> None:
    rows, aside = data_folders.split(data_folders.thinker_rows(debates))
    data = data_folders.write(tmp_path / "data", rows, aside, format="sft-journey", role="thinker")
    said: list[str] = []
    facts = lt.train(data, tmp_path / "out", say=said.append, steps=2, batch=4, max_length=1024)
    assert facts["plan"]["learning_rate"] == 2e-3
    (begun,) = (line for line in said if line.startswith("training: "))
    assert begun.endswith("learning rate 0.002, 2 steps of 4 examples")
    assert [line for line in said if line.startswith("this training is short: below about ")]
    assert said[-1] == f"tokens right, validation: {facts['measured']['tokens right, validation']}"


def test_a_scorer_may_have_held_out_steps_of_one_kind_alone(tmp_path: Path) -> None:
    rows = data_folders.label_rows(game.generate(count=30, numbers=3, split="train", seed=5), paths=4)
    bad = [row for row in rows if not any(row["labels"])][:1]
    learned = [row for row in rows if row["problem"] != bad[0]["problem"]]
    data = data_folders.write(tmp_path / "data", learned, bad, format="step-labels", role="critic")
    assert train("scorer", data, tmp_path / "scorer", base="new:d64x1", steps=2)["steps"] == 2
    data = data_folders.write(tmp_path / "all bad", bad, format="step-labels", role="critic")
    with pytest.raises(ProblemError, match="every step in it is labelled bad"):
        train("scorer", data, tmp_path / "none", base="new:d64x1", steps=2)


def test_two_trainings_do_not_share_a_folder(policy_data: Path, tmp_path: Path) -> None:
    out, settings = tmp_path / "out", {"base": "new:d64x1", "steps": 2}
    out.mkdir()
    other = locked(out / "training.lock")
    (out / "training.json").write_text(json.dumps(begun(policy_data, settings)))
    with pytest.raises(RunFolderError, match="another training is at work there"):
        train("sft", policy_data, out, **settings)
    os.close(other)
    assert train("sft", policy_data, out, **settings)["steps"] == 2
    assert not (out / "training.lock").exists()


def begun(data: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a training that has only begun."""
    written = {**TrainingRequest(method="sft", **settings).identity(), "role": "policy"}
    return {
        "schema_version": 1,
        "settings": json.loads(json.dumps({**written, "data": DataFolder.open(data).fingerprint})),
    }
