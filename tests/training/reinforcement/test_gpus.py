"""GRPO with vLLM, as far as a CPU allows: what is refused, and what TRL's own objects are given."""

import asyncio
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from aiohttp import web
from aiohttp.test_utils import TestServer

import longthought as lt
from longthought.errors import ConfigError
from longthought.training.data.states import prompts_of
from longthought.training.fine_tuning import TrainerInputs, arguments, prepare
from longthought.training.hyperparameters import Hyperparameters
from longthought.training.reinforcement import gpus
from longthought.training.reinforcement.grpo import GroupLearning
from longthought.training.reinforcement.rewards.table import CheckedReward, reward_named
from longthought.training.request import ReinforcementRequest

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
TINY: dict[str, Any] = {"batch": 16, "group": 4, "steps": 20}


@pytest.mark.parametrize("vllm", ["colocate", "server", "async"])
def test_without_a_gpu_it_is_refused_before_anything_is_written(vllm: str, logged: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"`vllm` {vllm}: there is no CUDA GPU here; leave it out"):
        lt.reinforce(logged, tmp_path / "out", role="critic", vllm=vllm, **TINY)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("settings", "packages", "said"),
    [
        ({"vllm": "server"}, (), "`vllm` server needs vllm; run `pip install vllm`"),
        ({"vllm": "async"}, ("vllm",), "`vllm` async needs kernels; run `pip install kernels`"),
        ({"vllm": "async", "beta": 0.1}, ("vllm", "kernels"), "`beta`: TRL's asynchronous trainer doesn't have it"),
        ({"vllm": "async", "loss": "dapo"}, ("vllm", "kernels"), "`loss`: TRL's asynchronous trainer doesn't have it"),
        (
            {"vllm": "async", "rewards": "critic-score", "judge": "bundled:countdown"},
            ("vllm", "kernels"),
            "holds a model",
        ),
        ({"vllm": "async", "trl": "max_stalenes=2"}, ("vllm", "kernels"), "did you mean max_staleness?"),
        ({"vllm": "colocate", "trl": "max_staleness=2"}, ("vllm",), "`trl` max_staleness: there is no such setting"),
    ],
)
def test_what_is_missing_on_a_machine_with_a_gpu_is_named(
    settings: dict[str, Any], packages: tuple[str, ...], said: str, logged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = gpus.installed
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(gpus, "installed", lambda package: package in packages or real(package))
    with pytest.raises(ConfigError) as error:
        inspected(logged, **settings)
    assert said in str(error.value)


def inspected(source: Path, **settings: Any) -> tuple[GroupLearning, TrainerInputs]:
    request = ReinforcementRequest(**{**TINY, "role": "critic", **settings})
    learning = GroupLearning()
    inputs = prepare(learning, request, prompts_of(source, request, "compact"))
    learning.inspect(inputs.train, inputs, "train")
    return learning, inputs


def made(source: Path, out: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Any:
    """Return the trainer that a machine with a GPU and vLLM would make, made on this CPU."""
    monkeypatch.setattr("longthought.training.reinforcement.grpo.expect_possible", lambda *_: None)
    learning, inputs = inspected(source, **settings)
    model = learning.model(inputs, torch.float32)
    fitted = Hyperparameters.suited(inputs.request, model.num_parameters())
    return learning.trainer(inputs, fitted, model, arguments(inputs, fitted, out))


@pytest.mark.parametrize("vllm", ["colocate", "server"])
def test_trl_is_told_how_vllm_writes(vllm: str, logged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    def keep(**settings: Any) -> SimpleNamespace:
        given.append(settings)
        return SimpleNamespace()

    monkeypatch.setattr("longthought.training.reinforcement.grpo.GroupTrainer", keep)
    url = "http://other:8000"
    made(logged, tmp_path / "out", monkeypatch, vllm=vllm, trl=f"vllm_server_base_url={url},save_steps=3")
    config = given[0]["args"]
    assert (config.use_vllm, config.vllm_mode, config.vllm_server_base_url) == (True, vllm, url)
    assert (config.vllm_max_model_length, config.num_generations, config.save_steps) == (512, 4, 2)
    assert config.generation_batch_size == 16


async def serve(lora: dict[str, int] | None) -> TestServer:
    """A server that says what a vLLM server says of itself, with or without adapters."""

    async def info(_: web.Request) -> web.Response:
        told = {"lora_config": lora, "parallel_config": {"data_parallel_size": 1}, "model_config": {"dtype": "float32"}}
        return web.json_response({"vllm_config": told})

    async def alive(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/server_info", info)
    app.router.add_get("/health", alive)
    server = TestServer(app)
    await server.start_server()
    return server


class Worker:
    """In place of TRL's rollout worker, which asks a vLLM server: keeps what it is given."""

    def __init__(self, **given: Any) -> None:
        self.given = given
        self.rollout_buffer = None


async def test_the_asynchronous_trainer_sends_adapters_to_the_server(
    logged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "a GPU")
    kinds = gpus.async_grpo()
    monkeypatch.setattr(sys.modules[kinds[1].__module__], "AsyncRolloutWorker", Worker)
    server = await serve({"max_lora_rank": 16, "max_loras": 6})
    settings = {
        "vllm": "async", "lora_rank": 8, "rewards": "reason,verdict=2", "temperature": 0.9,
        "trl": f"vllm_server_base_url=http://127.0.0.1:{server.port},max_staleness=4",
    }  # fmt: skip
    try:
        trainer = await asyncio.to_thread(made, logged, tmp_path / "out", monkeypatch, **settings)
        short = {**settings, "lora_rank": 32}
        with pytest.raises(ValueError, match="--max-lora-rank"):
            await asyncio.to_thread(made, logged, tmp_path / "other", monkeypatch, **short)
    finally:
        await server.close()
    assert trainer._lora_sync
    assert trainer.args.max_steps == 20
    learned = [name for name, weight in trainer.model.named_parameters() if weight.requires_grad]
    assert learned
    assert all("lora_" in name for name in learned)
    given = trainer.rollout_worker.given
    assert (given["num_generations"], given["temperature"], given["max_tokens"]) == (4, 0.9, 64)
    assert given["lora_name"]
    assert {"prompt", "state", "limit"} <= set(given["dataset"].column_names)
    assert [reward.__name__ for reward in pickle.loads(pickle.dumps(given["reward_funcs"]))] == ["reason", "verdict"]


def test_rewards_work_in_a_process_of_their_own(logged: Path, tmp_path: Path) -> None:
    """As TRL's worker calls them: unpickled, with the columns and no more."""
    _, inputs = inspected(logged)
    rows = list(inputs.train)[:4]
    reward = gpus.WeightedReward(CheckedReward("verdict", reward_named("verdict")), 2.0)
    columns = {name: [row[name] for row in rows] for name in rows[0] if name != "prompt"}
    said = [[{"role": "assistant", "content": row["logged"]}] for row in rows]
    given = {"prompts": [row["prompt"] for row in rows], "completions": said, "completion_ids": [[1]] * 4, **columns}
    (tmp_path / "given").write_bytes(pickle.dumps((reward, given)))
    code = "import pickle, sys; reward, given = pickle.load(open(sys.argv[1], 'rb')); print(reward(**given))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "given")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(reward(**given))
    assert set(reward(**given)) <= {0.0, 1.0, 2.0}
