"""Graphs by name, and their settings as they are typed."""

import pytest

from longthought.errors import ConfigError
from longthought.graphs import catalogue
from longthought.graphs.debate import DebateContext


def test_settings_take_the_type_of_the_field() -> None:
    found = catalogue.read("debate", ["patience=4", "veto=false", "tokens=none", "temperature=0.5"])
    assert found == {"patience": 4, "veto": False, "tokens": None, "temperature": 0.5}
    assert catalogue.context("debate", found) == DebateContext(patience=4, veto=False, temperature=0.5)


def test_a_list_is_parted_by_semicolons() -> None:
    found = catalogue.read("tree_search", ["kinds=calculate; look at a special case", "debate=8"])
    assert found == {"kinds": ["calculate", "look at a special case"], "debate": 8}
    assert catalogue.context("tree_search", found)


@pytest.mark.parametrize(
    ("graph", "text", "says"),
    [
        ("debate", "patience", "NAME=VALUE"),
        ("debate", "patienc=3", "debate has no setting patienc: did you mean patience"),
        ("debate", "patience=soon", "valid integer"),
        ("quarrel", "patience=3", "unknown graph 'quarrel'"),
    ],
)
def test_what_makes_no_sense_is_said(graph: str, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        catalogue.read(graph, [text])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"pace": 3}, "unknown setting pace of debate"),
        ({"rounds": 0}, "`rounds` must be at least 1, got 0"),
        ({"temperature": -1.0}, "`temperature` must be at least 0, got -1.0"),
        ({"patience": 0}, "`patience` must be at least 1, got 0"),
    ],
)
def test_senseless_contexts_are_refused(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        catalogue.context("debate", settings)
