"""Real vLLM servers, on the CPU, and a small real model: where they are, and how servers are started.

`LONGTHOUGHT_VLLM` names the environment of vLLM, which `.ci/vllm DIR` makes, and `LONGTHOUGHT_SMOLLM` the folder of the
model, which `.ci/smollm DIR` makes.
"""

import os
import shutil
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from benchmarks.babble import ON_A_CPU
from longthought.jobs.vllm import Server, serving

Serve = Callable[..., AbstractAsyncContextManager[Server]]


@pytest.fixture(scope="module")
def vllm() -> Iterator[Path]:
    """The environment, its `vllm` on the path; without it the test fails, since one that was asked for must run."""
    given = os.environ.get("LONGTHOUGHT_VLLM")
    if not given or not (Path(given) / "bin" / "vllm").exists():
        pytest.fail(f"LONGTHOUGHT_VLLM={given}: there is no vLLM; .ci/vllm DIR makes an environment with one")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ON_A_CPU.items():
            patch.setenv(name, value)
        found = Path(given).resolve() / "bin"
        patch.setenv("PATH", f"{found}{os.pathsep}{os.environ['PATH']}")
        assert shutil.which("vllm") == str(found / "vllm")
        yield Path(given).resolve()


@pytest.fixture(scope="session")
def smollm() -> Path:
    """The folder of SmolLM2-135M-Instruct; without it the test fails, since one that was asked for must run."""
    given = os.environ.get("LONGTHOUGHT_SMOLLM")
    if not given or not (Path(given) / "complete").exists():
        pytest.fail(f"LONGTHOUGHT_SMOLLM={given}: there is no model; .ci/smollm DIR makes a folder with one")
    return Path(given).resolve()


@pytest.fixture(scope="module")
def serve(vllm: Path, tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Serve a model while a block runs, compiled for nothing."""

    @asynccontextmanager
    async def start(model: str) -> AsyncGenerator[Server]:
        log = tmp_path_factory.mktemp("server") / "vllm.log"
        async with serving(f"{model} --enforce-eager", log) as server:
            yield server

    return start
