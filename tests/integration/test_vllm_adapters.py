"""Policy and critic as two LoRA adapters on one base, in prose: structured verdicts, tokens, the prefix cache.

The model babbles (`benchmarks/babble.py`): its steps are words without sense, so what is well-formed here is so because
of the server and the dialect.
"""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from langchain_core.messages import HumanMessage
from transformers import AutoTokenizer

import longthought as lt
from benchmarks import babble
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.agents.served.chat_model import ServedChatModel
from longthought.errors import OutageError
from longthought.jobs.progress import Progress
from longthought.problems.problem import Problem
from longthought.trajectories.events import Action, Author, Call, StopReason
from longthought.trajectories.trajectory import Trajectory
from tests.integration.conftest import Serve

pytestmark = pytest.mark.vllm
DEBATES, ROUNDS = 4, 5


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return babble.write(tmp_path_factory.mktemp("babble"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def base_url(serve: Serve, model: Path) -> AsyncGenerator[str]:
    adapters = f"--enable-lora --lora-modules policy={model / 'policy'} critic={model / 'critic'}"
    async with serve(f"{model / 'base'} --served-model-name base {adapters}") as server:
        yield server.base_url


def chat(name: str, base_url: str, **settings: float) -> ServedChatModel:
    return ServedChatModel(model=name, base_url=base_url, tokens=True, attempts=3, **{"temperature": 1.0, **settings})


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress()


@pytest.fixture(scope="module")
def debates(base_url: str, progress: Progress, tmp_path_factory: pytest.TempPathFactory) -> list[Trajectory]:
    """Long debates between the two adapters."""
    policy = Policy("openai:policy", chat("policy", base_url, max_tokens=1024), Prose())
    critic = Critic("openai:critic", chat("critic", base_url, max_tokens=1024), Prose())
    problems = [Problem(id=f"depot-{n}", statement=babble.depot(n)) for n in range(DEBATES)]
    return list(
        lt.generate(
            problems, out=tmp_path_factory.mktemp("run"), policy=policy, critic=critic, tools=[], rounds=ROUNDS,
            progress=progress,
        )
    )  # fmt: skip


def calls(debates: list[Trajectory], by: Author) -> list[Call]:
    return [call for debate in debates for event in debate.events if event.by is by for call in event.calls]


def test_debates_between_two_adapters_come_to_an_end(debates: list[Trajectory]) -> None:
    assert len(debates) == DEBATES
    for debate in debates:
        assert debate.stop_reason in (StopReason.ROUNDS, StopReason.GAVE_UP, StopReason.ANSWERED), debate.failure
        assert debate.rounds > 0
    assert {call.model for call in calls(debates, Author.POLICY)} == {"openai:policy"}
    assert {call.model for call in calls(debates, Author.CRITIC)} == {"openai:critic"}


def test_every_verdict_keeps_to_the_schema(debates: list[Trajectory]) -> None:
    said = [json.loads(call.text) for call in calls(debates, Author.CRITIC)]
    assert len(said) >= DEBATES
    for verdict in said:
        assert set(verdict) == {"critique", "action", "target", "score"}
        assert verdict["action"] in list(Action)
        assert verdict["target"] is None or isinstance(verdict["target"], int)
        assert 0 <= verdict["score"] <= 1
    assert len({verdict["action"] for verdict in said}) > 1


def test_tokens_and_logprobs_reach_the_events(debates: list[Trajectory], model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(model / "base")
    for call in calls(debates, Author.POLICY) + calls(debates, Author.CRITIC):
        assert call.token_ids is not None
        assert call.logprobs is not None
        assert len(call.token_ids) == len(call.logprobs) == call.usage.completion
        decoded: str = tokenizer.decode(call.token_ids, skip_special_tokens=True)
        # a reply cut at its limit may end within a character, which the server leaves out
        assert decoded.removesuffix("\N{REPLACEMENT CHARACTER}") == call.text.removesuffix("\N{REPLACEMENT CHARACTER}")
        assert max(call.logprobs) <= 0


def test_long_prompts_come_from_the_prefix_cache(debates: list[Trajectory], progress: Progress, tmp_path: Path) -> None:
    progress.summary().write(tmp_path)
    tokens = json.loads((tmp_path / "summary.json").read_text())["tokens"]
    for role, by in (("policy", Author.POLICY), ("critic", Author.CRITIC)):
        asked = calls(debates, by)
        assert min(call.usage.prompt for call in asked) >= 1_000
        assert tokens[role]["cached"] == sum(call.usage.cached for call in asked)
        assert tokens[role]["cached"] > 0.5 * tokens[role]["prompt"], role


async def test_attempts_are_written_in_one_request_and_its_cost_is_theirs(base_url: str, tmp_path: Path) -> None:
    policy = Policy("openai:policy", chat("policy", base_url, max_tokens=64), Prose())
    critic = Critic("openai:critic", chat("critic", base_url, max_tokens=1024), Prose())
    problem = Problem(id="depot", statement=babble.depot(0))
    [run] = lt.generate(
        [problem], out=tmp_path, graph="sampling", policy=policy, critic=critic,
        attempts=4, choose="critic",
    )  # fmt: skip
    written = [event for event in run.events if event.by is Author.POLICY and event.calls]
    sent = [call for event in written for call in event.calls]
    assert len(sent) == 4
    assert [call.usage.prompt > 0 for call in sent].count(True) == 1  # one request
    assert all(call.token_ids is not None and len(call.token_ids) == call.usage.completion for call in sent)


async def test_each_adapter_is_a_model_of_its_own(base_url: str) -> None:
    said = {
        name: await chat(name, base_url, temperature=0.0, max_tokens=4).ainvoke([HumanMessage("Who are you?")])
        for name in ("base", "policy", "critic")
    }
    first = {name: round(message.response_metadata["logprobs"][0], 4) for name, message in said.items()}
    assert len(set(first.values())) == 3, first


async def test_several_replies_to_one_request(base_url: str) -> None:
    result = await chat("policy", base_url, max_tokens=8).agenerate([[HumanMessage("Go on.")]], n=3)
    assert len({generation.text for generation in result.generations[0]}) == 3


async def test_an_adapter_that_is_not_there_is_answered_with_those_that_are(base_url: str) -> None:
    with pytest.raises(OutageError, match="the models it has are base, policy, critic"):
        await chat("judge", base_url).ainvoke([HumanMessage("Who are you?")])
