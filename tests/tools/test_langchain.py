"""The verifiers as tools of any LangChain agent."""

import json
from collections.abc import Sequence

import pytest

from longthought.errors import ConfigError
from longthought.problems.problem import Problem
from longthought.tools.catalogue import TOOLS
from longthought.tools.langchain import as_tool, tools
from longthought.tools.verifier import Claim
from longthought.trajectories.events import Evidence, EvidenceStatus


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


def test_a_tool_works_in_an_agent_that_doesnt_await() -> None:
    (algebra,) = tools(["algebra"])
    [evidence] = json.loads(algebra.invoke({"step": "So 12 * 13 = 146."}))
    assert evidence["status"] == "refuted"


def test_a_tool_of_ones_own_is_described_by_its_docstring() -> None:
    class Sevens:
        """Finds sevens."""

        name = "sevens"

        def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
            return [Claim(text=step, span=(0, len(step)), problem=problem, path=tuple(path))]

        async def check(self, claim: Claim) -> Evidence:
            return Evidence(tool=self.name, claim=claim.text, status=EvidenceStatus.CONFIRMED)

    tool = as_tool(Sevens())
    assert tool.description == "Finds sevens."
    assert json.loads(tool.invoke({"step": "7"}))[0]["status"] == "confirmed"


def test_an_unknown_tool_is_named() -> None:
    with pytest.raises(ConfigError, match="abacus"):
        tools(["abacus"])
