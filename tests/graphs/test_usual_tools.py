"""The tools of settings that name none: by what the policy writes, the problem's domain, and this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import longthought as lt
from longthought.agents.view import view
from longthought.cli.app import app
from longthought.errors import RunFolderError
from longthought.graphs import catalogue
from longthought.graphs import context as contexts
from longthought.graphs.context import Context, started
from longthought.graphs.debate import DebateContext
from longthought.graphs.sampling.settings import SamplingContext
from longthought.jobs.request import JobRequest
from longthought.problems.problem import Problem
from longthought.tools.sandbox import confinement
from longthought.trajectories.tree import Tree
from tests.fakes.sums import tasks
from tests.jobs.test_generate import agents

EARLIER = ["algebra", "countdown"]
"""The usual tools before Python was one of them."""
SERVED: dict[str, Any] = {"policy": "openai:m", "base_url": "http://localhost:8000/v1"}


@pytest.fixture(params=["works", "is missing"])
def sandbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    works = request.param == "works"
    found = confinement.Probe("landlock" if works else None, "as the test says")
    monkeypatch.setattr(confinement, "probe", lambda: found)
    contexts._runs_python.cache_clear()  # pyright: ignore[reportPrivateUsage]
    yield works
    contexts._runs_python.cache_clear()  # pyright: ignore[reportPrivateUsage]


def test_a_policy_that_writes_prose_may_compute_where_the_sandbox_works(*, sandbox: bool) -> None:
    context = DebateContext(**SERVED)
    usual = [*EARLIER, "python"] if sandbox else EARLIER
    assert context.used_tools == context.written()["tools"] == JobRequest(context=context).config()["tools"] == usual
    assert [tool.name for tool in context.seats().verifiers] == usual


@pytest.mark.parametrize(
    ("context", "tools"),
    [
        (DebateContext(), EARLIER),
        (DebateContext(**SERVED, dialect="compact"), EARLIER),
        (DebateContext(**SERVED, tools=()), []),
        (DebateContext(**SERVED, tools=("algebra",)), ["algebra"]),
        (SamplingContext(**SERVED), []),
    ],
)
def test_no_other_run_has_it_unless_told(context: Context, tools: list[str], *, sandbox: bool) -> None:
    assert context.used_tools == tools


def test_a_log_keeps_what_was_used_whatever_this_machine_has(*, sandbox: bool) -> None:
    written = DebateContext(**SERVED, tools=[*EARLIER, "python"]).written()
    assert DebateContext.read(written).used_tools == [*EARLIER, "python"]
    assert DebateContext.read({**written, "tools": EARLIER}).used_tools == EARLIER


@pytest.mark.parametrize(
    ("domain", "computes"), [("math", True), ("lean", False), ("code", False), ("algebra-2", True)]
)
def test_only_where_a_program_helps_is_the_policy_asked_for_one(domain: str, *, computes: bool) -> None:
    problem = Problem(id="p", statement="What is 2 + 2?", domain=domain)
    tree = Tree.fold([started(problem, DebateContext(tools=["python"]))])
    assert view(tree).runs_code is computes


def test_none_is_a_list_of_no_tools() -> None:
    assert catalogue.read("debate", ["tools=none"]) == {"tools": []}


def test_a_run_that_is_resumed_keeps_its_tools(tmp_path: Path, *, sandbox: bool) -> None:
    given = {**agents(), "tools": EARLIER}
    assert len(list(lt.generate(tasks(2), out=tmp_path / "run", **given))) == 2
    del given["tools"]
    assert len(list(lt.generate(tasks(3), out=tmp_path / "run", **given))) == 1
    with pytest.raises(RunFolderError, match="another configuration"):
        list(lt.generate(tasks(3), out=tmp_path / "run", **given, tools=["algebra"]))


def test_the_help_says_which_tools_are_usual() -> None:
    said = " ".join(
        CliRunner().invoke(app, ["solve", "--help"], env={"COLUMNS": "200"}).output.replace("│", "").split()
    )
    assert "also python, if the sandbox works here" in said
