"""Texts of the prose dialect from a file."""

from pathlib import Path

import pytest

from longthought.agents import catalogue
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.chairs import ALONE, DIALOGUE
from longthought.agents.view import View
from longthought.errors import ConfigError
from longthought.graphs.catalogue import context, read
from longthought.problems.problem import Problem

URL = "http://localhost:8000/v1"
VIEW = View(Problem(id="p", statement="2 + 2?", domain="math"), (), (), ())


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text('system = "Be brief."\nwrite_steps = "At most {most}, please."\nin_words = ""\n')
    return path


def test_texts_are_replaced_for_the_role_that_names_the_file(mine: Path) -> None:
    given = read("debate", [f"policy.prompts={mine}", "draft=3"])
    seats = context("debate", {**given, "policy": "openai:m", "critic": "openai:m", "base_url": URL}).seats()
    assert isinstance(seats.policy, Policy)
    assert isinstance(seats.critic, Critic)
    system, asked = seats.policy.dialect.ask_policy(View(VIEW.problem, (), (), (), draft=3))
    assert (system.text, asked.text.rpartition("\n\n")[2]) == ("Be brief.", "At most 3, please.")
    assert seats.critic.dialect.ask_policy(VIEW)[0].text == DIALOGUE.system
    policy, critic = catalogue.solo("openai:m", base_url=URL, prompts=str(mine))
    assert policy.dialect is critic.dialect
    assert policy.dialect.ask_policy(VIEW)[0].text == "Be brief."
    assert ALONE.system != "Be brief."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("system", "can't be read as TOML"),
        ('sistem = "x"', "there is no text sistem: did you mean system?"),
        ("system = 7", "system is no text"),
        ('write_steps = "{number} steps"', r"write_steps has the placeholder \{number\}, and there is \{most\}"),
        ('system = "{"', "system is no text with placeholders"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(mine: Path, content: str, said: str) -> None:
    mine.write_text(content)
    with pytest.raises(ConfigError, match=said):
        catalogue.policy("openai:m", base_url=URL, prompts=str(mine))


def test_only_prose_has_texts(mine: Path) -> None:
    with pytest.raises(ConfigError, match="bundled:countdown speaks compact; only prose has such texts"):
        catalogue.policy("bundled:countdown", prompts=str(mine))
