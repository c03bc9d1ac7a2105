"""Runs whose agents were asked otherwise than in a debate give no rows that pretend they were."""

from pathlib import Path
from typing import Any

import pytest

from longthought.errors import ConfigError, ProblemError
from longthought.graphs import catalogue
from longthought.graphs.context import started
from longthought.problems.problem import Problem
from longthought.training.data.export import export
from longthought.training.data.request import Format
from longthought.trajectories.folder import RunFolder

SUM = Problem(id="sum", statement="What is 12 * 13?")
REFUSED = "never saw"
NOTHING_TO_LEARN = "nothing to learn from"


def objection(tmp_path: Path, graph: str, dialect: str, wanted: Format, pair_by: str, **settings: Any) -> str:
    """Return what an export says to a run that was begun so, and in which nothing is solved."""
    context = catalogue.context(graph, {"dialect": dialect, **settings})
    with RunFolder.create_or_resume(tmp_path / "run", context.written()) as folder:
        folder.append([started(SUM, context)])
    with pytest.raises((ConfigError, ProblemError)) as said:
        export([tmp_path / "run"], tmp_path / "data", formats=(wanted,), pair_by=pair_by)
    assert not (tmp_path / "data").exists()
    return str(said.value)


@pytest.mark.parametrize("wanted", [Format.POLICY, Format.DPO_POLICY])
@pytest.mark.parametrize(
    ("graph", "dialect", "settings"),
    [
        ("sampling", "prose", {"merge": True}),
        ("sampling", "compact", {"revise": True}),
        ("self_critique", "prose", {}),
        ("decompose", "prose", {}),
        ("tree_search", "prose", {"kinds": ["calculate"]}),
    ],
)
def test_steps_that_were_asked_for_otherwise_are_refused(
    tmp_path: Path, graph: str, dialect: str, settings: dict[str, Any], wanted: Format
) -> None:
    said = objection(tmp_path, graph, dialect, wanted, pair_by="siblings", **settings)
    assert REFUSED in said
    assert f"a run of {graph}" in said


@pytest.mark.parametrize("wanted", [Format.CRITIC, Format.DPO_CRITIC])
def test_verdicts_of_an_agent_alone_are_refused(tmp_path: Path, wanted: Format) -> None:
    assert REFUSED in objection(tmp_path, "self_critique", "prose", wanted, pair_by="siblings")


@pytest.mark.parametrize(
    ("graph", "dialect", "wanted", "pair_by"),
    [
        ("debate", "prose", Format.POLICY, "siblings"),
        ("tree_search", "prose", Format.POLICY, "siblings"),
        ("sampling", "compact", Format.POLICY, "siblings"),
        ("self_critique", "compact", Format.CRITIC, "siblings"),
        ("sampling", "prose", Format.CRITIC, "siblings"),
        ("decompose", "prose", Format.CRITIC, "siblings"),
        ("sampling", "prose", Format.DPO_POLICY, "samples"),
        ("self_critique", "prose", Format.JOURNEY, "siblings"),
    ],
)
def test_what_was_asked_as_in_a_debate_passes(
    tmp_path: Path, graph: str, dialect: str, wanted: Format, pair_by: str
) -> None:
    assert NOTHING_TO_LEARN in objection(tmp_path, graph, dialect, wanted, pair_by)
