"""Models as they are asked for: their settings, the file that names them, and whose key goes where."""

from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.agents import catalogue
from longthought.agents.accepting import AcceptingCritic
from longthought.agents.in_process.chat_model import InProcessChatModel
from longthought.agents.model import Model
from longthought.agents.served.chat_model import ServedChatModel
from longthought.errors import ConfigError, ModelError
from longthought.graphs.catalogue import context, read
from longthought.graphs.rules import DebateContext
from tests.fakes.server import FakeServer, says

URL, OTHER = "http://localhost:8000/v1", "http://localhost:9000/v1"
SAMPLING: dict[str, Any] = {
    "top_p": 0.95, "top_k": 20, "min_p": 0.05, "presence_penalty": 0.5, "frequency_penalty": 0.25,
    "repetition_penalty": 1.05, "stop": ["\n\n"],
}  # fmt: skip


def served(model: object) -> ServedChatModel:
    assert isinstance(model, ServedChatModel)
    return model


# What is sent.


def test_a_served_model_gets_what_was_set_and_nothing_else() -> None:
    bare = served(catalogue.policy("openai:m", base_url=URL).model)
    assert (bare.temperature, bare.max_tokens, bare.extra_body) == (None, None, {}), "the server's own"
    assert served(catalogue.critic("openai:m", base_url=URL).model).temperature == 0.0
    thinking = {"chat_template_kwargs": {"enable_thinking": False}}
    model = Model(name="openai:m", base_url=URL, temperature=0.6, max_tokens=9, **SAMPLING, extra_body=thinking)
    asked = served(catalogue.policy(model).model)
    assert (asked.temperature, asked.max_tokens) == (0.6, 9)
    assert asked.extra_body == SAMPLING | thinking


async def test_settings_headers_and_key_arrive_at_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret-1")
    monkeypatch.setenv("MY_TEAM", "blue")
    async with FakeServer([says("ok")]) as server:
        model = catalogue.chat_model(
            "openai:m", "policy", base_url=server.base_url, api_key_env="MY_KEY", top_k=20, timeout=5.0, attempts=1,
            headers={"X-Team": "$MY_TEAM", "X-Plain": "yes"}, extra_body={"reasoning_effort": "low"},
        )  # fmt: skip
        await model.ainvoke("hello")
        (seen,) = server.chats
    assert {"top_k": 20, "reasoning_effort": "low"}.items() <= seen.payload.items()
    assert "max_tokens" not in seen.payload
    assert "temperature" not in seen.payload
    assert (seen.headers["X-Team"], seen.headers["X-Plain"]) == ("blue", "yes")
    assert seen.headers["Authorization"] == "Bearer secret-1"


def test_a_variable_that_is_not_set_is_named() -> None:
    for setting in ({"api_key_env": "NO_SUCH_KEY"}, {"headers": {"X": "$NO_SUCH_KEY"}}):
        with pytest.raises(ConfigError, match="NO_SUCH_KEY"):
            catalogue.policy("openai:m", base_url=URL, **setting)


def test_what_a_model_in_this_process_cannot_follow_is_refused(tmp_path: Path) -> None:
    chat = catalogue.policy(f"transformers:{tmp_path}", top_k=5, top_p=0.5, temperature=0.25).model
    assert isinstance(chat, InProcessChatModel)
    assert (chat.temperature, chat.top_p, chat.top_k) == (0.25, 0.5, 5)
    with pytest.raises(ConfigError, match=r"`extra_body`: .* runs in this process"):
        catalogue.policy(f"transformers:{tmp_path}", extra_body={"x": 1})


# From the command line.


def test_settings_of_a_model_are_written_with_its_chair() -> None:
    written = ["policy.top_p=0.9", 'critic.extra_body={"reasoning_effort": "low"}', "policy.stop=A;B", "critic.seed=4"]
    settings = context("debate", {**read("debate", written), "base_url": URL, "policy": "openai:p"})
    assert settings.model("policy") == Model(name="openai:p", base_url=URL, top_p=0.9, stop=["A", "B"], seed=0)
    critic = settings.model("critic")
    assert (critic.extra_body, critic.seed, critic.top_p) == ({"reasoning_effort": "low"}, 4, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("policy.top_p=many", "top_p must be a valid number"),
        ("critic.extra_body=low", "extra_body must be a JSON object"),
        ("policy.temprature=1", "did you mean policy.temperature"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read("debate", [text])
    with pytest.raises(ConfigError, match="`top_p` must be at most 1"):
        DebateContext(policy_settings={"top_p": 7})
    with pytest.raises(ConfigError, match=r"`temperature` is 0\.5, and `policy_settings` says 0\.7"):
        DebateContext(temperature=0.5, policy_settings={"temperature": 0.7})


# The file of models.

FILE = """
[small]
model = "openai:Qwen/Qwen3-8B"
base_url = "http://localhost:8000/v1"
temperature = 0.6
top_p = 0.95
extra_body.chat_template_kwargs.enable_thinking = false

[judge]
model = "openai:gpt"
base_url = "https://api.example.com/v1"
api_key_env = "JUDGE_KEY"
"""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "models.toml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "models.toml"


@pytest.mark.usefixtures("models")
def test_a_name_in_the_file_stands_for_a_model_and_its_settings() -> None:
    small = Model.of("small", temperature=0.1)
    assert (small.name, small.temperature, small.top_p) == ("openai:Qwen/Qwen3-8B", 0.1, 0.95)
    assert small.extra_body == {"chat_template_kwargs": {"enable_thinking": False}}
    settings = lt.JobRequest.of(policy="small", critic="judge", temperature=0.3, tools=["algebra"]).context
    assert (settings.policy, settings.base_url, settings.temperature) == ("openai:Qwen/Qwen3-8B", URL, 0.3)
    assert settings.model("critic").api_key_env == "JUDGE_KEY"
    assert settings.model("critic").top_p is None, "that is the policy's"
    assert DebateContext.read(settings.written()) == settings


def test_another_file_can_be_named(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = models.rename(models.with_name("mine.toml"))
    with pytest.raises(ModelError, match="'small' is not a model"):
        catalogue.policy("small")
    monkeypatch.setenv("LONGTHOUGHT_MODELS", str(elsewhere))
    assert Model.of("small").name == "openai:Qwen/Qwen3-8B"


@pytest.mark.usefixtures("models")
def test_names_that_are_not_in_the_file_are_left_to_live_agents_and_to_logs() -> None:
    settings = DebateContext(policy="mine", critic="tools")
    assert (settings.policy, settings.critic) == ("mine", "tools")
    assert isinstance(catalogue.critic("tools"), AcceptingCritic)
    with pytest.raises(ConfigError, match="has no model mine: it has small, judge"):
        settings.seats()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[other]\nmodel = 'openai:x'", "has no model small: it has other"),
        ("[small]\ntemperature = 1", r"\[small\] needs a line such as model"),
        ("[small]\nmodel = 'openai:x'\ntop_p = 5", r"\[small\]: `top_p` must be at most 1"),
        ("[small]\nmodel = 'openai:x'\ntop-p = 5", r"\[small\]: unknown setting `top-p`"),
        ("[small", "can't be read as TOML"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(models: Path, content: str, said: str) -> None:
    models.write_text(content)
    with pytest.raises(ConfigError, match=said):
        Model.of("small")


# Keys.


def key_of(model: object) -> str | None:
    key = served(model).api_key
    return key.get_secret_value() if key else None


def keys(**settings: Any) -> tuple[str | None, str | None]:
    seats = DebateContext(policy="openai:p", critic="openai:c", **settings).seats()
    assert isinstance(seats.policy, lt.Policy)
    assert isinstance(seats.critic, lt.Critic)
    return key_of(seats.policy.model), key_of(seats.critic.model)


def test_a_key_goes_to_one_server_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("HOSTED", "h")
    assert keys(base_url=URL) == ("k", "k"), "one server"
    assert keys(base_url=URL, critic_base_url=OTHER) == (None, None), "whose is it?"
    hosted = {"base_url": URL, "critic_base_url": "https://api.openai.com/v1"}
    assert keys(**hosted) == (None, "k"), "OpenAI's own"
    assert keys(**hosted, critic_settings={"api_key_env": "HOSTED"}) == (None, "h")
    assert keys(base_url=URL, policy_settings={"api_key_env": "HOSTED"}) == ("h", "h"), "one server, one key"
    named = {"policy_settings": {"api_key_env": "HOSTED"}, "critic_settings": {"api_key_env": "OPENAI_API_KEY"}}
    assert keys(base_url=URL, critic_base_url=OTHER, **named) == ("h", "k")


@pytest.mark.parametrize(
    "url",
    ["https://evilopenai.com/v1", "https://api.openai.com.example.org/v1", "https://mine.example.com.evil.org/v1"],
)
def test_no_look_alike_gets_the_key(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://mine.example.com")
    assert keys(base_url=URL, critic_base_url=url) == (None, None)
    assert keys(base_url=URL, critic_base_url="https://mine.example.com/v1") == (None, "k")


def test_secrets_do_not_reach_the_log_but_reach_a_worker() -> None:
    headers = {"A": "secret", "B": "$B"}
    settings = DebateContext(policy="openai:p", base_url=URL, tools=[], policy_settings={"headers": headers})
    assert settings.written()["policy_settings"] == {"headers": {"B": "$B"}}
    job = lt.JobRequest(context=settings)
    assert lt.JobRequest.model_validate(job.model_dump(mode="json")) == job
    assert "policy_settings" not in job.config(), "a job may be resumed with other headers"


def test_a_critic_of_another_kind_takes_no_server_from_the_policy(tmp_path: Path) -> None:
    given: dict[str, Any] = {"policy": "openai:p", "base_url": URL, "policy_settings": {"headers": {"X-Team": "a"}}}
    here = DebateContext(**given, critic="bundled:countdown").model("critic")
    assert (here.base_url, here.headers) == (None, None)
    elsewhere = DebateContext(**given, critic="anthropic:claude").model("critic")
    assert (elsewhere.base_url, elsewhere.headers) == (None, None)
    same = DebateContext(**given, critic="openai:c").model("critic")
    assert (same.base_url, same.headers) == (URL, {"X-Team": "a"})
    assert DebateContext(policy="bundled:countdown", critic="openai:c", base_url=URL).model("critic").base_url == URL
