"""Agents by name: what each name makes, and the errors for unknown names."""

from pathlib import Path

import pytest

from longthought.agents import catalogue
from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.prose import Prose
from longthought.agents.dialects.thinkers import CompactThinker, ProseThinker
from longthought.agents.in_process.chat_model import InProcessChatModel
from longthought.agents.served.chat_model import ServedChatModel
from longthought.agents.view import View
from longthought.errors import ModelError
from longthought.problems.problem import Problem

URL = "http://localhost:8000/v1"


@pytest.fixture
def trained(tmp_path: Path) -> str:
    """A folder such as training writes, but for the weights."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "compact.json").write_text("{}")
    return f"transformers:{tmp_path}"


def test_a_served_agent_speaks_prose_and_is_asked_with_its_settings() -> None:
    policy = catalogue.policy("openai:Qwen/Qwen3-8B", base_url=URL, seed=5)
    assert policy.name == "openai:Qwen/Qwen3-8B"
    assert isinstance(policy.dialect, Prose)
    assert isinstance(policy.model, ServedChatModel)
    assert (policy.model.model, policy.model.base_url) == ("Qwen/Qwen3-8B", URL)
    assert policy.model.seed is None  # the same for every request would make every sample the same
    assert policy.model.max_tokens is None


def test_names_may_hold_colons() -> None:
    model = catalogue.chat_model("openai:qwen3:8b", "policy", base_url=URL)
    assert isinstance(model, ServedChatModel)
    assert model.model == "qwen3:8b"


def test_policies_are_sampled_and_critics_are_greedy_unless_told_otherwise() -> None:
    policy, critic = catalogue.policy("openai:m", base_url=URL), catalogue.critic("openai:m", base_url=URL)
    assert isinstance(policy.model, ServedChatModel)
    assert isinstance(critic.model, ServedChatModel)
    assert (policy.model.temperature, critic.model.temperature) == (None, 0.0)
    cold = catalogue.policy("openai:m", base_url=URL, temperature=0.0, max_tokens=7)
    assert isinstance(cold.model, ServedChatModel)
    assert (cold.model.temperature, cold.model.max_tokens) == (0.0, 7)


def test_a_model_trained_here_speaks_compact_and_is_loaded_later(trained: str) -> None:
    critic = catalogue.critic(trained, seed=3)
    assert isinstance(critic.dialect, Compact)
    assert isinstance(critic.model, InProcessChatModel)
    assert (critic.model.path, critic.model.model, critic.model.seed) == (trained.partition(":")[2], trained, 3)
    assert critic.model.max_tokens == 64


def test_a_folder_below_the_home_is_known_by_what_it_holds(
    trained: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    name = f"~/{tmp_path.name}"
    assert isinstance(catalogue.critic(f"transformers:{name}").dialect, Compact)
    (tmp_path / "compact.json").unlink()
    (tmp_path / "training.json").write_text('{"facts": {"role": "thinker"}}')
    assert isinstance(catalogue.policy(f"transformers:{name}").dialect, ProseThinker)
    (tmp_path / "critic").mkdir()
    (tmp_path / "critic" / "config.json").write_text("{}")
    assert catalogue.bundled_folder(name, "critic") == tmp_path / "critic"


def test_another_folder_speaks_prose(tmp_path: Path) -> None:
    policy = catalogue.policy(f"transformers:{tmp_path}")
    assert isinstance(policy.dialect, Prose)
    assert isinstance(policy.model, InProcessChatModel)
    assert policy.model.max_tokens is None, "as many as fit"


def test_the_dialect_can_be_chosen(trained: str) -> None:
    assert isinstance(catalogue.policy(trained, dialect="prose").dialect, Prose)
    assert isinstance(catalogue.policy("openai:m", base_url=URL, dialect="compact").dialect, Compact)


def test_a_bundled_agent_is_found_by_its_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "BUNDLED", tmp_path)
    for role in ("policy", "critic"):
        (tmp_path / "game" / role).mkdir(parents=True)
        (tmp_path / "game" / role / "config.json").write_text("{}")
    policy, critic = catalogue.policy("bundled:game"), catalogue.critic("bundled:game")
    assert isinstance(policy.model, InProcessChatModel)
    assert isinstance(critic.model, InProcessChatModel)
    assert policy.model.path.endswith("game/policy")
    assert critic.model.path.endswith("game/critic")
    assert isinstance(policy.dialect, Compact)
    built = catalogue.critic(f"bundled:{tmp_path / 'game'}")
    assert isinstance(built.model, InProcessChatModel)
    assert built.model.path == critic.model.path, "the folder of a build is a name too"
    with pytest.raises(ModelError, match=r"bundled:chess does not exist; there is: bundled:game"):
        catalogue.policy("bundled:chess")
    assert catalogue.bundled_folder("game", "solo", "critic") == tmp_path / "game" / "critic"
    with pytest.raises(ModelError, match="bundled:game has no solo"):
        catalogue.bundled_folder("game", "solo")
    (tmp_path / "game" / "policy" / "training.json").write_text('{"facts": {"role": "thinker"}}')
    assert isinstance(catalogue.policy("bundled:game").dialect, CompactThinker)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gpt-5", ["'gpt-5' is not a model", "provider:model", "bundled:countdown", "openai:NAME"]),
        ("", ["'' is not a model", "bundled:countdown"]),
        ("openai:", ["'openai:' is not a model"]),
        ("nobody:model", ["nobody:model", "openai:NAME"]),
        ("openai:m", ["openai:m", "`base_url=http://localhost:8000/v1`"]),
    ],
)
def test_names_that_make_nothing_say_what_there_is(name: str, said: list[str]) -> None:
    with pytest.raises(ModelError) as raised:
        catalogue.policy(name)
    for words in said:
        assert words in str(raised.value)


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(ModelError, match=r"unknown dialect 'verse': choose from prose, compact"):
        catalogue.critic("openai:m", base_url=URL, dialect="verse")


def test_a_base_url_without_scheme_is_refused() -> None:
    with pytest.raises(ModelError, match="http://"):
        catalogue.policy("openai:m", base_url="localhost:8000/v1")


def test_a_served_model_that_speaks_compact_is_asked_for_short_replies() -> None:
    policy = catalogue.policy("openai:p", base_url=URL, dialect="compact")
    critic = catalogue.critic("openai:c", base_url=URL, dialect="compact")
    view = View(Problem(id="p", statement="?"), path=(), path_nodes=(), attempts=())
    assert isinstance(policy.model, ServedChatModel)
    assert isinstance(critic.model, ServedChatModel)
    assert (policy.model.max_tokens, policy.model.temperature) == (64, 0.7)
    assert (critic.model.max_tokens, critic.model.temperature) == (64, 0.0)
    assert critic.dialect.critic_options(view) == {"logprobs": True}
