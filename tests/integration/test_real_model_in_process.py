"""A small real language model debates in this process, and learns from its debates."""

from pathlib import Path

import pytest

import longthought as lt
from longthought.agents.agent import Critic
from longthought.trajectories.events import Author
from tests.integration import real_model

pytestmark = pytest.mark.smollm


@pytest.fixture(scope="module")
def run(smollm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of three debates."""
    out = tmp_path_factory.mktemp("played") / "run"
    real_model.play(out, f"transformers:{smollm}")
    return out


@pytest.fixture(scope="module")
def debates(run: Path) -> list[lt.Trajectory]:
    return list(lt.Run(run).trajectories())


def test_every_verdict_is_one_of_the_schema(debates: list[lt.Trajectory]) -> None:
    assert len(debates) == len(real_model.TASKS)
    real_model.expect_verdicts_of_the_schema(debates)


def test_a_path_is_read_once(debates: list[lt.Trajectory]) -> None:
    for role in (Author.POLICY, Author.CRITIC):
        calls = real_model.calls(debates, role)
        assert sum(call.usage.cached for call in calls) > 0
        assert all(call.usage.cached < call.usage.prompt for call in calls)


def test_a_word_has_a_probability(smollm: Path, tmp_path: Path) -> None:
    settings = {"critic_settings": {"dialect": "yes-no"}, "rounds": 1}
    real_model.expect_scores_from_logprobs(real_model.play(tmp_path / "run", f"transformers:{smollm}", **settings))


def test_what_is_cut_is_no_step(smollm: Path, tmp_path: Path) -> None:
    settings = {"policy_settings": {"max_tokens": 6}, "rounds": 1}
    debates = real_model.play(tmp_path / "run", f"transformers:{smollm}", **settings)
    real_model.expect_cut_replies_to_be_no_steps(debates)


def test_a_stop_string_ends_a_step(smollm: Path, tmp_path: Path) -> None:
    settings = {"policy_settings": {"stop": ["\n", "."], "max_tokens": 100}, "rounds": 1}
    debates = real_model.play(tmp_path / "run", f"transformers:{smollm}", **settings)
    said = [call.text for call in real_model.calls(debates, Author.POLICY)]
    assert said
    assert not any("." in text or "\n" in text for text in said)


def test_its_debates_train_adapters_that_debate(run: Path, smollm: Path, tmp_path: Path) -> None:
    adapters = real_model.train_a_step(run, smollm, tmp_path)
    policy, critic = (f"transformers:{adapters[role]}" for role in ("policy", "critic"))
    settings = {**real_model.SETTINGS, "rounds": 1}
    task = real_model.TASKS[0]
    debate = lt.solve(task.problem, policy=policy, critic=critic, **settings)
    asked = {(event.by, call.model) for event in debate.events for call in event.calls}
    assert (Author.POLICY, policy) in asked
    assert asked <= {(Author.POLICY, policy), (Author.CRITIC, critic)}
    judge = lt.critic(critic)
    assert isinstance(judge, Critic)
