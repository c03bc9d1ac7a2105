"""From debates to adapters to one server: both roles are trained by LoRA on one base, and debate through vLLM."""

import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

import longthought as lt
from longthought.agents.catalogue import BUNDLED
from longthought.trajectories.events import Author
from tests.integration.conftest import Serve

pytestmark = pytest.mark.vllm
BASE = BUNDLED / "countdown" / "solo"
"""It can play both roles, so that a few steps of training suffice to see that nothing is lost on the way."""
ROOT = Path(lt.__file__).parents[1]


def longthought(*words: object) -> None:
    command = [sys.executable, "-c", "from longthought.cli.main import main; main()", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Play, label, export and train, as a user would."""
    folder = tmp_path_factory.mktemp("loop")
    longthought("problems", "countdown", "--count", 40, "--split", "train", "--out", folder / "train.jsonl")
    longthought("generate", folder / "train.jsonl", "--out", folder / "run", "--json")
    longthought("label", folder / "run", "--method", "exact")
    for role in ("policy", "critic"):
        longthought("export", folder / "run", "--format", role, "--out", folder / f"{role}-data")
        longthought(
            *("train", "sft", folder / f"{role}-data", "--base", BASE, "--lora-rank", 8, "--steps", 12),
            *("--learning-rate", 1e-4, "--out", folder / role),
        )
    return {role: folder / role for role in ("policy", "critic")}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def base_url(serve: Serve, adapters: dict[str, Path]) -> AsyncGenerator[str]:
    modules = " ".join(f"{role}={path}" for role, path in adapters.items())
    async with serve(f"{BASE} --served-model-name base --enable-lora --lora-modules {modules}") as server:
        yield server.base_url


def test_two_trained_adapters_debate_on_one_server(base_url: str, tmp_path: Path) -> None:
    longthought(
        "problems", "countdown", "--count", 20, "--split", "test", "--seed", 7, "--out", tmp_path / "test.jsonl"
    )
    longthought(
        *("generate", tmp_path / "test.jsonl", "--out", tmp_path / "run", "--json", "--dialect", "compact"),
        *("--policy", "openai:policy", "--critic", "openai:critic", "--base-url", base_url),
    )
    debates = list(lt.Run(tmp_path / "run").trajectories())
    assert len(debates) == 20
    assert sum(debate.solved is True for debate in debates) >= 14
    asked = {(event.by, call.model) for debate in debates for event in debate.events for call in event.calls}
    assert asked == {(Author.POLICY, "openai:policy"), (Author.CRITIC, "openai:critic")}
