"""The request of a job: what it refuses, what it writes, and that what earlier versions wrote is the same job."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.in_process.chat_model import InProcessChatModel
from longthought.errors import ConfigError, RunFolderError
from longthought.graphs.context import OWN, Context, setting_of
from longthought.graphs.rules import DebateContext
from longthought.graphs.sampling.settings import SamplingContext
from tests.fakes.enumerator import Enumerator, Solver

GAME = "Use 3, 7, 16 and 20, each once, to make 46."


def test_a_request_comes_back_from_json_as_it_was() -> None:
    for context in (DebateContext(rounds=3, tools=["algebra"]), SamplingContext(attempts=2, choose="critic")):
        request = lt.JobRequest(context=context, samples=3, concurrency=5, deadline=2.5)
        again = lt.JobRequest.model_validate(json.loads(json.dumps(request.model_dump(mode="json"))))
        assert again == request
        assert type(again.context) is type(context)


def test_settings_by_name_go_where_they_belong() -> None:
    request = lt.JobRequest.of("sampling", samples=4, attempts=2, concurrency=3, temperature=0.5)
    assert (request.samples, request.concurrency) == (4, 3)
    assert request.context == SamplingContext(attempts=2, temperature=0.5)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"samples": 0}, "`samples` must be at least 1, got 0"),
        ({"deadline": float("nan")}, "`deadline` must be more than 0, got nan"),
        ({"rounds": 0}, "`rounds` must be at least 1, got 0"),
        ({"colour": "red"}, "unknown setting colour of debate"),
        ({"ray_address": "auto"}, "`ray_address` and `ray_resources` are for `executor=ray`"),
        ({"serve_vllm": "m", "base_url": "http://localhost/v1"}, "give one of the two"),
        ({"policy": lt.Model(seed=4), "seed": 5}, "`seed` is given twice, as 5 and with bundled:countdown as 4"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        lt.JobRequest.of(**settings)


def test_agents_that_are_not_named_are_the_model_that_is_served() -> None:
    served = lt.JobRequest.of(serve_vllm="Qwen/Qwen3-8B --max-model-len 4096", critic="bundled:other")
    assert (served.context.policy, served.context.critic) == ("openai:Qwen/Qwen3-8B", "bundled:other")


# Models.


def test_every_setting_of_a_model_is_a_setting_of_a_run_for_both_chairs() -> None:
    known = {field.name for field in fields(Context)}
    for name in OWN:
        assert {setting_of("policy", name), setting_of("critic", name)} <= known
    policy, critic = lt.Model(name="openai:p", top_p=0.5), lt.Model(name="openai:c", stop=["END"])
    context = lt.JobRequest.of(policy=policy, critic=critic).context
    assert (context.policy_settings, context.critic_settings) == ({"top_p": 0.5}, {"stop": ["END"]})


def test_each_chair_gets_its_own_model() -> None:
    policy = lt.Model(name="openai:p", base_url="http://p/v1", temperature=0.5, dialect="compact", max_tokens=9)
    critic = lt.Model(name="openai:c", base_url="http://c/v1", temperature=0.25, max_tokens=7, seed=3)
    context = lt.JobRequest.of(policy=policy, critic=critic, seed=1).context
    unnamed = {"api_key_env": ""}
    assert context.model("policy") == policy.model_copy(update={"seed": 1, **unnamed})
    assert context.model("critic") == critic.model_copy(update={"dialect": "prose", **unnamed}), (
        "and not what the policy speaks"
    )
    assert DebateContext.read(context.written()) == replace(context, tools=context.used_tools)
    shared = lt.JobRequest.of(policy=policy, critic="openai:c").context.model("critic")
    assert (shared.base_url, shared.dialect, shared.temperature) == ("http://p/v1", "compact", None)


def test_agents_are_made_as_their_models_say() -> None:
    context = DebateContext(temperature=0.5, max_tokens=9, critic_temperature=0.25, critic_max_tokens=7, critic_seed=3)
    seats = context.seats()
    assert isinstance(seats.policy, Policy)
    assert isinstance(seats.critic, Critic)
    for agent, expected in ((seats.policy, (0.5, 9, 0)), (seats.critic, (0.25, 7, 3))):
        model = agent.model
        assert isinstance(model, InProcessChatModel)
        assert (model.temperature, model.max_tokens, model.seed) == expected


# Run folders.


def test_the_value_and_the_short_form_are_one_job(tmp_path: Path) -> None:
    request = lt.JobRequest.of(samples=2, rounds=30, tools=["countdown"], concurrency=2)
    ended = list(lt.generate([GAME], request, out=tmp_path, policy=Enumerator(), critic=Solver()))
    assert len(ended) == 2
    config = json.loads((tmp_path / "run.json").read_text())["config"]
    assert (config["policy"], config["critic"]) == (Enumerator().name, Solver().name)
    given: dict[str, Any] = {"rounds": 30, "tools": ["countdown"], "policy": Enumerator(), "critic": Solver()}
    assert list(lt.generate([GAME], out=tmp_path, samples=2, **given)) == []
    with pytest.raises(ConfigError, match="`samples`: given beside a request"):
        next(lt.generate([GAME], request, out=tmp_path, samples=3))
    with pytest.raises(RunFolderError, match="rounds 30 -> 31"):
        next(lt.generate([GAME], out=tmp_path, samples=2, **given | {"rounds": 31}))


def test_a_sampling_run_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    """Its `samples` were the attempts, in the folder's configuration and in each log."""
    given: dict[str, Any] = {"graph": "sampling", "attempts": 2, "policy": Enumerator()}
    assert len(list(lt.generate([GAME], out=tmp_path, **given))) == 1
    manifest = json.loads((tmp_path / "run.json").read_text())
    manifest["config"]["samples"] = manifest["config"].pop("attempts")
    manifest["config"]["max_tokens"] = None
    (tmp_path / "run.json").write_text(json.dumps(manifest))
    assert len(list(lt.generate([GAME], out=tmp_path, **given))) == 0
    with pytest.raises(RunFolderError, match="attempts 2 -> 3"):
        next(lt.generate([GAME], out=tmp_path, **given | {"attempts": 3}))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"rounds": "x"}, "`rounds` must be a valid integer"),
        ({"tools": "algebra"}, "`tools` must be a list, got 'algebra'"),
        ({"policy": 42}, "`policy` must be provider:model, a Model, or made with lt.policy, got 42"),
        ({"critic": object()}, "`critic` must be provider:model, a Model, or made with lt.critic, got "),
    ],
)
def test_values_of_wrong_types_get_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        lt.solve("Use 3, 7, 16 and 20, each once, to make 46.", **settings)
