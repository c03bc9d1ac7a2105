"""Runs whose agents were asked otherwise than in a debate give no rows that pretend they were."""

from pathlib import Path
from typing import Any

import pytest

from longthought.errors import ConfigError
from longthought.graphs import catalogue
from longthought.graphs.context import started
from longthought.problems.problem import Problem
from longthought.training.data.export import export
from longthought.training.data.formats import Format
from longthought.training.data.settings import ExportSettings
from longthought.trajectories.folder import RunFolder

SUM = Problem(id="sum", statement="What is 12 * 13?")
REFUSED = "never saw"
NOTHING_TO_LEARN = "nothing to learn from"


def objection(tmp_path: Path, graph: str, dialect: str, wanted: Format, samples: bool, **settings: Any) -> str:
    """Return what an export says to a run that was begun so, and in which nothing is solved."""
    context = catalogue.context(graph, {"dialect": dialect, **settings})
    with RunFolder.create_or_resume(tmp_path / "run", context.written()) as folder:
        folder.append([started(SUM, context)])
    with pytest.raises(ConfigError) as said:
        export([tmp_path / "run"], tmp_path / "data", ExportSettings(formats=(wanted,), samples=samples))
    assert not (tmp_path / "data").exists()
    return str(said.value)


@pytest.mark.parametrize("wanted", [Format.POLICY, Format.DPO_POLICY])
@pytest.mark.parametrize(
    ("graph", "dialect", "settings"),
    [
        ("sampling", "prose", {}),
        ("sampling", "compact", {"revise": True}),
        ("self_critique", "prose", {}),
        ("decompose", "prose", {}),
        ("tree_search", "prose", {"kinds": ["calculate"]}),
    ],
)
def test_steps_that_were_asked_for_otherwise_are_refused(
    tmp_path: Path, graph: str, dialect: str, settings: dict[str, Any], wanted: Format
) -> None:
    said = objection(tmp_path, graph, dialect, wanted, samples=False, **settings)
    assert REFUSED in said
    assert f"a run of {graph}" in said


@pytest.mark.parametrize("wanted", [Format.CRITIC, Format.DPO_CRITIC])
def test_verdicts_of_an_agent_alone_are_refused(tmp_path: Path, wanted: Format) -> None:
    assert REFUSED in objection(tmp_path, "self_critique", "prose", wanted, samples=False)


@pytest.mark.parametrize(
    ("graph", "dialect", "wanted", "samples"),
    [
        ("debate", "prose", Format.POLICY, False),
        ("tree_search", "prose", Format.POLICY, False),
        ("sampling", "compact", Format.POLICY, False),
        ("self_critique", "compact", Format.CRITIC, False),
        ("sampling", "prose", Format.CRITIC, False),
        ("decompose", "prose", Format.CRITIC, False),
        ("sampling", "prose", Format.DPO_POLICY, True),
        ("self_critique", "prose", Format.JOURNEY, False),
    ],
)
def test_what_was_asked_as_in_a_debate_passes(
    tmp_path: Path, graph: str, dialect: str, wanted: Format, samples: bool
) -> None:
    assert NOTHING_TO_LEARN in objection(tmp_path, graph, dialect, wanted, samples)
