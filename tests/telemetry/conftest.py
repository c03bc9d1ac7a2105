"""The command line in a process of its own, with a fake model server, so that no weights are loaded."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from aiohttp import web

from tests.fakes.server import FakeServer, completion
from tests.fakes.sums import critic_says, policy_says

Command = Callable[..., Awaitable[CompletedProcess[str]]]
SERVED = ("--policy", "openai:fake-model", "--critic", "openai:fake-model", "--tools", "algebra", "--base-url")


async def checkable(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
    """Play the debate of `tests.fakes.sums`, with an equation in its second step."""
    prompt = payload["messages"][-1]["content"]
    says = critic_says if "response_format" in payload else policy_says
    return web.json_response(completion(says(prompt).replace("I add the thousand", "As 500 + 500 = 1000, I add that")))


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Run `longthought WORDS` in a folder of its own; `served=True` adds agents on a fake server."""

    async def run(*words: str, served: bool = False, **variables: str) -> CompletedProcess[str]:
        async with FakeServer([checkable]) as server:
            agents = (*SERVED, server.base_url) if served else ()
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "longthought", *words, *agents),
                cwd=tmp_path, env=os.environ | variables,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, err = await process.communicate()
        return CompletedProcess(words, process.returncode or 0, out.decode(), err.decode())

    return run
