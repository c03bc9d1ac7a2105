"""The verifiers as tools of any LangChain agent."""

import json

import pytest

from longthought.errors import ConfigError
from longthought.tools.catalogue import TOOLS
from longthought.tools.langchain import tools


def test_every_verifier_is_a_tool_with_words_to_choose_it_by() -> None:
    assert tools([]) == []
    found = tools()
    assert [tool.name for tool in found] == list(TOOLS)
    assert all(len(tool.description) > 20 for tool in found)
    assert all(set(tool.args) == {"step", "statement", "domain"} for tool in found)


async def test_a_tool_answers_with_evidence() -> None:
    algebra, python = tools(["algebra", "python"])
    [evidence] = json.loads(await algebra.ainvoke({"step": "So 12 * 13 = 146."}))
    assert (evidence["status"], evidence["span"]) == ("refuted", [3, 16])
    [ran] = json.loads(await python.ainvoke({"step": "```python\nprint(6 * 7)\n```"}))
    assert (ran["status"], ran["output"]) == ("abstained", "42")
    assert "nothing" in await python.ainvoke({"step": "no code"})


def test_an_unknown_tool_is_named() -> None:
    with pytest.raises(ConfigError, match="abacus"):
        tools(["abacus"])
