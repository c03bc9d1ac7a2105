"""LangSmith's tracing, when its variables switch it on: a debate is a tree of runs, with its calls and checks."""

from typing import Any

import pytest

from tests.fakes import sums
from tests.fakes.collector import collecting
from tests.telemetry.conftest import Command

STATEMENT = "What is 1 + 1000?"


@pytest.mark.parametrize("thread", [False, True], ids=["played", "in a LangGraph thread"])
async def test_a_debate_is_a_tree_of_runs(thread: bool, command: Command) -> None:
    more = ("--thread", "first") if thread else ()
    with collecting() as collector:
        done = await command(
            "solve", STATEMENT, "--json", *more, served=True,
            LANGSMITH_TRACING="true", LANGSMITH_ENDPOINT=collector.url, LANGSMITH_API_KEY="none",
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    runs = collector.runs()
    by_id = {run["id"]: run for run in runs}

    def above(run: dict[str, Any]) -> list[str]:
        parent = by_id.get(run.get("parent_run_id", ""))
        return [] if parent is None else [*above(parent), parent["name"]]

    (debate,) = [run for run in runs if not above(run)]
    assert (debate["name"], debate["inputs"]) == ("invoke_workflow debate", {"statement": STATEMENT})
    assert debate["outputs"] == {"answer": "1001", "stop_reason": "answered"}
    calls = [run for run in runs if run["run_type"] == "llm"]
    checks = [run for run in runs if run["run_type"] == "tool"]
    assert [run["name"].split()[0] for run in calls] == ["policy", "critic"] * sums.ROUNDS
    assert [(run["name"], run["outputs"]["status"]) for run in checks] == [("execute_tool algebra", "confirmed")]
    assert all(above(run)[0] == debate["name"] for run in (*calls, *checks))
    assert above(calls[0]) == [debate["name"], *(["debate", "propose"] if thread else [])]
    assert all("end_time" in run and not run.get("error") for run in runs)
