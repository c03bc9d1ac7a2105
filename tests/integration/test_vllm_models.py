"""Policy and critic as two served models: the bundled agents, each behind a vLLM server of its own."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

import longthought as lt
from longthought.agents.catalogue import BUNDLED
from longthought.trajectories.events import Author, Judged, Proposed
from tests.integration.conftest import Serve

pytestmark = pytest.mark.vllm
AGENTS = BUNDLED / "countdown"
PROBLEMS = 40
ROOT = Path(lt.__file__).parents[1]


class Servers(NamedTuple):
    policy: str
    critic: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(serve: Serve) -> AsyncGenerator[Servers]:
    """Two servers, started side by side; their blocks are small, as compact prompts are."""
    policy, critic = (serve(f"{AGENTS / role} --served-model-name {role} --block-size 32") for role in Servers._fields)
    async with asyncio.TaskGroup() as group:
        starting = [group.create_task(server.__aenter__()) for server in (policy, critic)]
    try:
        yield Servers(*(task.result().base_url for task in starting))
    finally:
        await policy.__aexit__(None, None, None)
        await critic.__aexit__(None, None, None)


def generate(problems: Path, out: Path, servers: Servers, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-c", "from longthought.cli.main import main; main()"),
            *("generate", str(problems), "--out", str(out), "--json", "--dialect", "compact"),
            *("--policy", "openai:policy", "--base-url", servers.policy),
            *("--critic", "openai:critic", "--critic-base-url", servers.critic),
            *more,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("problems") / "countdown.jsonl"
    command = "from longthought.cli.main import main; main()"
    options = ("--count", str(PROBLEMS), "--split", "test", "--seed", "7", "--out", str(path))
    subprocess.run([sys.executable, "-c", command, "problems", "countdown", *options], cwd=ROOT, check=True)
    return path


class Done(NamedTuple):
    out: Path
    summary: dict[str, Any]


@pytest.fixture(scope="module")
def done(problems: Path, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A job that went well."""
    out = tmp_path_factory.mktemp("job") / "run"
    ran = generate(problems, out, servers)
    assert ran.returncode == 0, ran.stderr
    return Done(out, json.loads(ran.stdout))


def test_two_served_agents_solve_problems(done: Done) -> None:
    assert (done.summary["finished"], done.summary["failed"]) == (PROBLEMS, 0)
    assert done.summary["solved"] >= 0.75 * PROBLEMS  # in process they solve 95 of 100


def test_the_summary_says_what_came_from_the_prefix_cache(done: Done) -> None:
    written = json.loads((done.out / "summary.json").read_text())
    assert written == done.summary
    for role in Servers._fields:
        bill = written["tokens"][role]
        assert bill["completion"] > 0
        assert 0 < bill["cached"] < bill["prompt"], role


def test_a_compact_critic_is_as_sure_as_its_logprobs(done: Done) -> None:
    verdicts = [
        event
        for trajectory in lt.Run(done.out).trajectories()
        for event in trajectory.events
        if isinstance(event, Judged) and event.by is Author.CRITIC
    ]
    assert verdicts
    for event in verdicts:
        call = event.calls[-1]
        assert call.model == "openai:critic"
        assert call.logprobs is not None
        assert len(call.logprobs) == call.usage.completion
        assert all(value <= 0 for value in call.logprobs)
    assert any(event.verdict.score not in (0.0, 1.0) for event in verdicts)


def test_attempts_of_a_served_policy_are_chosen_among_by_a_served_critic(
    problems: Path, servers: Servers, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    chosen = ("--graph", "sampling", "--set", "samples=4", "--set", "choose=critic", "--limit", "10")
    ran = generate(problems, out, servers, *chosen)
    assert ran.returncode == 0, ran.stderr
    summary = json.loads(ran.stdout)
    assert (summary["finished"], summary["failed"]) == (10, 0)
    for role in Servers._fields:
        assert summary["tokens"][role]["completion"] > 0
    for run in lt.Run(out).trajectories():
        answered = [event for event in run.events if isinstance(event, Proposed) and event.answer is not None]
        judged = {event.node: event.verdict.score for event in run.events if isinstance(event, Judged)}
        chosen = run.tree.finished and run.tree.finished.node
        assert chosen is None or judged[chosen] == max(judged[event.node] for event in answered if event.node in judged)


def test_a_model_that_is_not_there_is_answered_with_those_that_are(
    problems: Path, servers: Servers, tmp_path: Path
) -> None:
    ran = generate(problems, tmp_path / "run", servers, "--limit", "1", "--policy", "openai:polizy")
    assert ran.returncode == 1
    assert "the models it has are policy" in ran.stderr
    assert "Traceback" not in ran.stderr
