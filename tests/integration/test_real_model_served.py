"""A small real language model debates behind a vLLM server."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import longthought as lt
from longthought.trajectories.events import Author
from tests.integration import real_model
from tests.integration.conftest import Serve

pytestmark = pytest.mark.smollm
MODEL = "openai:smollm"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def base_url(serve: Serve, smollm: Path) -> AsyncGenerator[str]:
    """Its blocks are small, so that short prompts share some."""
    options = "--dtype bfloat16 --max-model-len 4096 --block-size 32"
    async with serve(f"{smollm} --served-model-name smollm {options}") as server:
        yield server.base_url


@pytest.fixture(scope="module")
def debates(base_url: str, tmp_path_factory: pytest.TempPathFactory) -> list[lt.Trajectory]:
    return real_model.play(tmp_path_factory.mktemp("played") / "run", MODEL, base_url=base_url)


def test_every_verdict_is_one_of_the_schema(debates: list[lt.Trajectory]) -> None:
    assert len(debates) == len(real_model.TASKS)
    real_model.expect_verdicts_of_the_schema(debates)


def test_a_path_is_read_once(debates: list[lt.Trajectory]) -> None:
    assert sum(call.usage.cached for call in real_model.calls(debates, Author.CRITIC)) > 0


@pytest.mark.parametrize(
    ("settings", "expect"),
    [
        ({"critic_settings": {"dialect": "yes-no"}}, real_model.expect_scores_from_logprobs),
        ({"policy_settings": {"max_tokens": 6}}, real_model.expect_cut_replies_to_be_no_steps),
    ],
    ids=["a word has a probability", "what is cut is no step"],
)
def test_short_replies(settings: dict[str, Any], expect: Any, base_url: str, tmp_path: Path) -> None:
    expect(real_model.play(tmp_path / "run", MODEL, base_url=base_url, rounds=2, **settings))
