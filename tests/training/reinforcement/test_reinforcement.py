"""Reinforcement on tiny steps of real agents: what moves, what resumes, what stops, and what is refused."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainerControl, TrainerState

import longthought as lt
from longthought.agents.catalogue import BUNDLED
from longthought.agents.view import View
from longthought.domains.countdown import countdown_task
from longthought.errors import RunError
from longthought.problems.countdown.puzzle import Puzzle
from longthought.training.data.states import prompts_of
from longthought.training.fine_tuning import TrainerInputs, arguments, prepare
from longthought.training.hyperparameters import Hyperparameters
from longthought.training.reinforcement import watching
from longthought.training.reinforcement.group_trainer import informative_parts
from longthought.training.reinforcement.grpo import GroupLearning, grpo_config
from longthought.training.reinforcement.rewards.state import State
from longthought.training.request import ReinforcementRequest, Role
from tests.training.test_loss_mask import CHATML, speaker

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
TINY: Mapping[str, Any] = {"batch": 16, "group": 4, "steps": 2, "learning_rate": 1e-3}


OWN = "tests.fakes.rewards"


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def distance(one: Path, other: Path) -> float:
    first, second = weights(one), weights(other)
    return max(float((first[name] - second[name]).abs().max()) for name in first)


def setup(source: Path, out: Path, **settings: Any) -> tuple[TrainerInputs, Any]:
    """Return what a training is made of, up to its trainer."""
    request = ReinforcementRequest(**{**TINY, **settings})
    learning = GroupLearning()
    inputs = prepare(learning, request, prompts_of(source, request, "compact"))
    learning.inspect(inputs.train, inputs, "train")
    fitted = Hyperparameters.suited(request, 1)
    model = inputs.base.language_model("float32")
    return inputs, learning.trainer(inputs, fitted, model, arguments(inputs, fitted, out))


# What is learned.


@pytest.mark.parametrize("role", ["policy", "critic"])
def test_an_agent_learns_from_single_turns_and_debates_at_once(role: str, logged: Path, tmp_path: Path) -> None:
    out = tmp_path / role
    facts = lt.reinforce(logged, out, role=role, rewards=f"{OWN}:in_turn,format", temperature=3.0, **TINY)  # type: ignore[arg-type]
    assert facts["steps"] == 2
    assert facts["role"] == role
    assert distance(out, BUNDLED / "countdown" / role) > 1e-4
    figures = [json.loads(line) for line in (out / "figures.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in figures] == [1, 2]
    assert {"reward", "format", "length", "cpu/generation", "cpu/reward", "cpu/step"} <= set(figures[0])
    assert {"policy": "obeyed", "critic": "verdict_entropy"}[role] in figures[0]
    card = (out / "README.md").read_text()
    assert "group relative policy optimisation" in card
    assert f"| rewards | {OWN}:in_turn, format; 4 replies to each prompt, at temperature 3 |" in card
    assert " prompts, " in card
    agents = {role: f"transformers:{out}"}
    assert lt.solve("Use 3, 5 and 7, each once, to make 22.", rounds=16, **agents).finished


def test_a_thinker_learns_from_whole_thoughts_to_be_short(problems: Path, tmp_path: Path) -> None:
    facts = lt.reinforce(
        problems, tmp_path / "out", rewards=f"{OWN}:short,format=0.1", max_tokens=24, batch=64, group=16, steps=12,
        learning_rate=2e-3,
    )  # fmt: skip
    first, _, last = facts["measured"]["length"].partition(" at first, ")
    assert float(last.split()[0]) < 0.8 * float(first)
    assert facts["role"] == "thinker"
    record = json.loads((tmp_path / "out" / "training.json").read_text())
    assert record["settings"]["rewards"] == [f"{OWN}:short", "format=0.1"]


def test_groups_of_equal_rewards_move_nothing(logged: Path, tmp_path: Path) -> None:
    facts = lt.reinforce(logged, tmp_path / "out", role="policy", rewards=f"{OWN}:even", **TINY)
    assert facts["measured"]["groups with equal rewards"] == "1 at first, 1 at last"
    assert distance(tmp_path / "out", BUNDLED / "countdown" / "policy") == 0


def test_an_adapter_alone_moves(logged: Path, tmp_path: Path) -> None:
    _, trainer = setup(logged, tmp_path / "out", role="policy", rewards=f"{OWN}:in_turn", lora_rank=4)
    before = {name: value.clone() for name, value in trainer.model.named_parameters()}
    trainer.train()
    moved = {name for name, value in trainer.model.named_parameters() if not torch.equal(value, before[name])}
    assert moved
    assert all("lora_" in name for name in moved)


def batch(lengths: list[int], prompt: int = 6, masked: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return a batch of made-up replies as TRL scores them; `masked` are positions of tokens from outside."""
    torch.manual_seed(1)
    rows, width = len(lengths), max(lengths)
    reply = torch.arange(width)[None] < torch.tensor(lengths)[:, None]
    own = torch.ones(rows, width, dtype=torch.long)
    own[:, list(masked)] = 0
    left = torch.ones(rows, prompt, dtype=torch.long)
    left[0, :2] = 0
    return {
        "prompt_ids": torch.randint(2, 400, (rows, prompt)),
        "prompt_mask": left,
        "completion_ids": torch.randint(2, 400, (rows, width)),
        "completion_mask": reply.long(),
        "advantages": torch.tensor([1.0, 0.0, -0.5, 0.0, 0.8, -1.3][:rows]),
        "num_items_in_batch": reply.sum(),
        "tool_mask": own,
    }


def test_no_gradient_falls_on_prompts_padding_or_tokens_from_outside(logged: Path, tmp_path: Path) -> None:
    _, trainer = setup(logged, tmp_path / "out", role="policy")
    trainer.current_gradient_accumulation_steps = 1
    hidden: list[torch.Tensor] = []

    def keep(_module: Any, _given: Any, output: Any) -> None:
        output.last_hidden_state.retain_grad()
        hidden.append(output.last_hidden_state)

    trainer.model.model.register_forward_hook(keep)
    given = batch([7, 5, 4, 3, 9, 2], masked=(2, 3))
    trainer._compute_loss(trainer.model, given).backward()
    assert hidden[0].grad is not None
    touched = hidden[0].grad.abs().sum(-1) > 0  # at the position before each token that is learned
    learned = given["completion_mask"].bool() & given["tool_mask"].bool() & (given["advantages"] != 0)[:, None]
    expected = torch.zeros_like(touched)
    expected[:, 5:-1] = learned
    assert torch.equal(touched, expected)
    assert learned.any()


@pytest.mark.parametrize(
    ("role", "reply", "chosen"),
    [
        ("policy", "5 + 3 = 8 left 8 7", "5 + 3"),
        ("critic", "need 22 have 15 1 56 blank none backtrack 0", "backtrack 0"),
        ("critic", "need 22 have 22 found continue", "continue"),
        ("policy", "left left 4", "left left 4"),
    ],
)
def test_a_reward_may_credit_the_choice_of_a_move_alone(
    role: Role, reply: str, chosen: str, logged: Path, tmp_path: Path
) -> None:
    _, trainer = setup(logged, tmp_path / "out", role=role, credit="choice")
    tokenizer = trainer.processing_class
    ids = [*tokenizer.encode(reply, add_special_tokens=False), tokenizer.eos_token_id]
    given = batch([len(ids), 4])
    given["completion_ids"][0, : len(ids)] = torch.tensor(ids)
    asked = [State.model_validate_json(row["state"]) for row in list(trainer.train_dataset)[:2]]
    mask = trainer._on_choices(given, asked)["tool_mask"][0]
    learned = [token for token, kept in zip(ids, mask.tolist(), strict=False) if kept]
    assert tokenizer.decode(learned, skip_special_tokens=True) == chosen
    trainer.credit = "reply"
    assert torch.equal(trainer._on_choices(given, asked)["tool_mask"], given["tool_mask"])


TWICE = (
    "step 5 + 3 = 8 left 8 7 judge need 22 have 15 1 56 blank none backtrack 0 not 5 + 3 dead left 7 5 3 make 22 "
    "step 5 + 3 = 8 left 8 7 judge need 22 have 15 1 56 blank none backtrack 0 not 5 + 3 dead left 7 5 3 make 22 "
    "step 5 * 3 = 15 left 15 7"
)


def test_novelty_may_credit_each_step_of_a_thought_by_itself(problems: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"role": "thinker", "credit": "step", "rewards": "accuracy,novelty=2", "max_tokens": 80}
    _, trainer = setup(problems, tmp_path / "out", **settings)
    assert trainer.args.reward_weights == [1.0, 0.0]
    tokenizer = trainer.processing_class
    ids = tokenizer.encode(TWICE, add_special_tokens=False)
    given = batch([len(ids), 4])
    given["completion_ids"][0] = torch.tensor(ids)
    given["completion_ids"][1] = tokenizer.convert_tokens_to_ids("left")
    outcome = given["advantages"].clone()
    task = countdown_task(Puzzle((3, 5, 7), 22))
    asked = [State(role="thinker", dialect="compact", task=task, view=View(task.problem, (), (), ()))] * 2
    found = trainer._on_steps(given, asked)["advantages"]
    assert not found[1].any()  # it has no steps
    earned = [(word, value) for word, value in zip(TWICE.split(), found[0].tolist(), strict=True) if value]
    moved = [(word, round(value - outcome[0].item(), 3)) for word, value in earned]
    new, again = 2 * (1 / 3) / (2 / 9) ** 0.5, 2 * (-2 / 3) / (2 / 9) ** 0.5  # two of three steps are new
    choices = ((("5", "+", "3"), new), (("5", "+", "3"), again), (("5", "*", "3"), new))
    assert moved == [(word, round(value, 3)) for words, value in choices for word in words]
    parts = informative_parts({**given, "advantages": found}, 2)
    assert [part["advantages"].shape == part["completion_ids"].shape for part in parts] == [True, True]


def test_a_step_on_choices_moves_the_weights_otherwise_than_one_on_replies(logged: Path, tmp_path: Path) -> None:
    for credit in ("reply", "choice"):
        lt.reinforce(
            logged, tmp_path / credit, role="policy", credit=credit, rewards=f"{OWN}:in_turn", temperature=3.0,
            **TINY,
        )  # fmt: skip
    assert distance(tmp_path / "choice", BUNDLED / "countdown" / "policy") > 0
    assert distance(tmp_path / "reply", tmp_path / "choice") > 0


@pytest.mark.parametrize("loss", ["dr_grpo", "grpo", "dapo"])
def test_dropping_what_teaches_nothing_leaves_the_gradient_as_trl_has_it(
    loss: str, logged: Path, tmp_path: Path
) -> None:
    _, trainer = setup(logged, tmp_path / "out", role="policy", loss=loss)
    trainer.model.train()
    trainer.current_gradient_accumulation_steps = 1
    whole = batch([7, 5, 4, 3, 9, 2])
    trainer._compute_loss(trainer.model, whole).backward()
    expected = {name: p.grad.clone() for name, p in trainer.model.named_parameters()}
    trainer.model.zero_grad()
    parts = informative_parts(whole, 3)
    assert sum(len(part["advantages"]) for part in parts) == 4
    assert [part["completion_ids"].shape[1] for part in parts] == [4, 7, 9]
    trainer.current_gradient_accumulation_steps = trainer.args.steps_per_generation = 3
    for part in parts:
        trainer._compute_loss(trainer.model, part).backward()
    for name, parameter in trainer.model.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("loss", "beta"), [("dr_grpo", 0.3), ("bnpo", 0.0)])
def test_what_has_no_advantage_stays_where_it_changes_the_gradient(
    loss: str, beta: float, logged: Path, tmp_path: Path
) -> None:
    _, trainer = setup(logged, tmp_path / "out", role="policy", loss=loss, beta=beta)
    assert trainer.learns_from_all
    trainer.model.train()
    trainer.current_gradient_accumulation_steps = 1
    whole = batch([7, 5, 4, 3, 9, 2])
    ids, mask = (torch.cat([whole[f"prompt_{kind}"], whole[f"completion_{kind}"]], 1) for kind in ("ids", "mask"))
    with torch.no_grad():
        now = trainer._get_per_token_logps_and_entropies(trainer.model, ids, mask, whole["completion_ids"].shape[1])[0]
    whole["ref_per_token_logps"] = now - 0.5
    trainer._compute_loss(trainer.model, whole).backward()
    expected = {name: p.grad.clone() for name, p in trainer.model.named_parameters()}
    trainer.model.zero_grad()
    parts = informative_parts(whole, 2 if beta else 1, whole=True)
    assert sum(len(part["advantages"]) for part in parts) == 6
    trainer.current_gradient_accumulation_steps = trainer.args.steps_per_generation = len(parts)
    for part in parts:
        trainer._compute_loss(trainer.model, part).backward()
    for name, parameter in trainer.model.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-3, atol=1e-6)


def test_a_mean_over_tokens_counts_those_of_the_choices_alone(logged: Path, tmp_path: Path) -> None:
    _, trainer = setup(logged, tmp_path / "out", role="policy", loss="dapo", credit="choice")
    given = batch([5])
    given["completion_ids"][0] = torch.tensor(trainer.processing_class.encode("3 + 5 = 8", add_special_tokens=False))
    task = countdown_task(Puzzle((3, 5, 7), 22))
    asked = [State(role="policy", dialect="compact", task=task, view=View(task.problem, (), (), ()))]
    found = trainer._on_choices(given, asked)
    assert (found["tool_mask"][0].tolist(), found["num_items_in_batch"].item()) == ([1, 1, 1, 0, 0], 3)


def test_a_batch_of_which_no_reward_can_tell_anything_costs_a_step_and_no_more(logged: Path, tmp_path: Path) -> None:
    facts = lt.reinforce(logged, tmp_path / "out", **{**TINY, "role": "policy", "rewards": f"{OWN}:at_first"})
    assert facts["steps"] == 2


def test_a_batch_without_any_lesson_still_has_its_parts() -> None:
    given = batch([3, 2])
    given["advantages"] = torch.zeros(2)
    parts = informative_parts(given, 2)
    assert len(parts) == 2
    assert all(len(part["advantages"]) == 1 for part in parts)


# What stops and goes on.


@pytest.mark.parametrize(
    ("source", "more"), [("logged", {"steps": 12, "batch": 16}), ("problems", {"steps": 4, "batch": 8, "rounds": 4})]
)
def test_a_killed_training_ends_as_if_it_had_not_been_killed(
    source: str, more: dict[str, Any], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    given: Path = request.getfixturevalue(source)
    settings = {"role": "policy", "group": 4, "learning_rate": 1e-3, **more}
    words = [word for name, value in settings.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    out = tmp_path / "out"
    command = [sys.executable, "-m", "longthought", "train", "grpo", str(given), "--out", str(out), *words]
    env = {**os.environ, "COLUMNS": "100"}
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
    until = time.monotonic() + 240
    while not list(out.glob("checkpoints/checkpoint-*/trainer_state.json")):
        assert first.poll() is None, first.communicate()[0].decode()
        assert time.monotonic() < until
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert not (out / "model.safetensors").exists()
    second = subprocess.run([*command, "--json"], capture_output=True, text=True, env=env, check=False)
    assert second.returncode == 0, second.stderr
    assert "going on from checkpoint-" in second.stderr
    facts = json.loads(second.stdout)
    assert (facts["steps"], facts["starts"]) == (more["steps"], 2)
    whole = tmp_path / "whole"
    lt.reinforce(given, whole, **settings)  # type: ignore[arg-type]
    assert distance(out, whole) < 1e-5
    steps = [[json.loads(line)["step"] for line in (folder / "figures.jsonl").open()] for folder in (out, whole)]
    assert steps[0] == steps[1] == list(range(1, more["steps"] + 1))


def test_two_processes_reinforce_one_model(logged: Path, tmp_path: Path) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    words = ["train", "grpo", logged, "--role", "policy", "--out", tmp_path / "out", "--steps", "2", "--batch", "16"]
    command = [*launcher, "-m", "longthought", *map(str, words), "--group", "4", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["devices"].startswith("2 ×")
    assert (facts["plan"]["batch"], facts["plan"]["micro_batch"], facts["steps"]) == (16, 8, 2)
    assert len((tmp_path / "out" / "figures.jsonl").read_text().splitlines()) == 2


def test_a_collapse_stops_the_training_and_keeps_the_last_good_weights(
    logged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = watching.Watch.add
    kept: list[Path] = []

    def collapse_at_nine(self: watching.Watch, figures: Mapping[str, float]) -> str | None:
        found = add(self, figures)
        if len(self.steps) == 9:
            kept.append(tmp_path / "copy")
            checkpoint = tmp_path / "out" / "checkpoints" / "checkpoint-4"
            kept[0].mkdir()
            (kept[0] / "model.safetensors").write_bytes((checkpoint / "model.safetensors").read_bytes())
            return "the share of replies that can be read went from 1 to 0: lower `learning_rate`"
        return found

    monkeypatch.setattr(watching.Watch, "add", collapse_at_nine)
    facts = lt.reinforce(logged, tmp_path / "out", **{**TINY, "role": "policy", "steps": 20})
    assert facts["steps"] == 9
    assert facts["measured"]["stopped"].startswith("at step 9, the share of replies that can be read went from 1 to 0")
    assert facts["measured"]["stopped"].endswith("the weights of step 4 are kept")
    assert distance(tmp_path / "out", kept[0]) == 0
    assert "stopped" in (tmp_path / "out" / "README.md").read_text()


def test_checkpoints_are_good_by_the_steps_that_have_figures(tmp_path: Path) -> None:
    """With replies that are used twice, only every other step has figures."""
    watched = watching.Figures(tmp_path)
    for step in range(1, 21):
        (tmp_path / "checkpoints" / f"checkpoint-{step}").mkdir(parents=True)
    state, control = TrainerState(is_world_process_zero=True), TrainerControl()
    for step in range(1, 20, 2):
        state.global_step = step
        length = 8.0 if step < 11 else 1.0
        watched.on_log(None, state, control, {"reward": 0.0, "length": length})  # type: ignore[arg-type]
    assert watched.stopped_at == 19
    assert watched.last_good() == (10, tmp_path / "checkpoints" / "checkpoint-10")


def test_a_collapse_before_the_first_checkpoint_is_an_error(
    logged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching.Watch, "add", lambda self, figures: "it is gone: lower `learning_rate`")
    with pytest.raises(RunError, match="stopped at step 1, before the first good checkpoint: it is gone"):
        lt.reinforce(logged, tmp_path / "out", **{**TINY, "role": "policy"})


def test_the_settings_of_gpus_are_passed_on(logged: Path, tmp_path: Path) -> None:
    inputs, _ = setup(logged, tmp_path / "out", role="policy")
    request = ReinforcementRequest(
        **TINY, role="policy", vllm="server", beta=0.01, reuse=2,
        trl=("vllm_server_base_url=http://localhost:8000", "epsilon_high=0.28", "top_entropy_quantile=0.2"),
    )  # fmt: skip
    fitted = Hyperparameters.suited(request, 7_000_000_000, devices=2, bf16=True)
    inputs = dataclasses.replace(inputs, request=request)
    given = {**arguments(inputs, fitted, tmp_path), "bf16": False}
    config = grpo_config(request, inputs, fitted, 64, given, [1.0])
    assert (config.use_vllm, config.vllm_mode, config.vllm_max_model_length) == (True, "server", 512)
    assert config.vllm_server_base_url == "http://localhost:8000"
    assert (config.epsilon_high, config.top_entropy_quantile, config.beta) == (0.28, 0.2, 0.01)
    assert (config.loss_type, config.num_iterations, config.num_generations) == ("dr_grpo", 2, 4)
    assert config.save_steps % 2 == 0
    assert lt.ReinforcementRequest(vllm="colocate").vllm == "colocate"


def test_prose_agents_are_asked_in_their_own_template(problems: Path, tmp_path: Path) -> None:
    base = speaker(tmp_path / "base", CHATML)
    facts = lt.reinforce(problems, tmp_path / "out", base=str(base), rewards=f"{OWN}:short", max_tokens=12, **TINY)
    assert facts["data"]["dialect"] == "prose"
    assert facts["steps"] == 2
