from pathlib import Path

import pytest

from longthought.labels.label import LabelBook, LabelWriter, Method
from tests.fakes.labels import guess


def test_a_higher_authority_stands_and_among_equals_the_newest(tmp_path: Path) -> None:
    with LabelWriter(tmp_path) as writer:
        writer.append([guess(1, Method.HUMAN, True), guess(1, Method.EXACT, False), guess(1, Method.MODEL, False)])
        writer.append([guess(2, Method.MODEL, True), guess(2, Method.MODEL, False)])
    best = LabelBook(tmp_path).of("p#0")
    assert (best[1].method, best[1].live) == (Method.HUMAN, True)
    assert best[2].live is False
    assert len(list(LabelBook(tmp_path).all_of("p#0"))) == 5
    assert LabelBook(tmp_path).of("another") == {}


def test_what_is_withdrawn_gives_way_to_what_was_said_before(tmp_path: Path) -> None:
    person, mind = guess(1, Method.HUMAN, True), guess(1, Method.HUMAN, None)
    with LabelWriter(tmp_path) as writer:
        writer.append([guess(1, Method.TREE, False), person, mind, mind.model_copy(update={"withdrawn": True})])
    assert LabelBook(tmp_path).of("p#0") == {1: person}
    with LabelWriter(tmp_path) as writer:
        writer.append([person.model_copy(update={"withdrawn": True})])
    assert LabelBook(tmp_path).of("p#0") == {1: guess(1, Method.TREE, False)}


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ([(Method.MONTE_CARLO, True, False), (Method.MONTE_CARLO, False, False)], 0),
        ([(Method.MONTE_CARLO, True, False), (Method.TREE, False, True)], 0),
        ([(Method.MONTE_CARLO, False, False), (Method.MONTE_CARLO, False, True)], 0),
        ([(Method.MONTE_CARLO, False, True), (Method.MONTE_CARLO, False, False)], 1),
        ([(Method.TREE, True, False), (Method.MONTE_CARLO, True, False)], 1),
        ([(Method.EXACT, True, False), (Method.HUMAN, None, False)], 0),
        ([(Method.HUMAN, None, False), (Method.MONTE_CARLO, True, False)], 1),
        ([(Method.MONTE_CARLO, False, True), (Method.HUMAN, None, False)], 1),
        ([(Method.MODEL, True, False), (Method.HUMAN, None, False)], 1),
        ([(Method.HUMAN, False, False), (Method.EXACT, True, False)], 0),
    ],
)
def test_a_hit_outlives_misses_and_nobody_is_overruled_by_who_cannot_tell(
    tmp_path: Path, said: list[tuple[Method, bool | None, bool]], holds: int
) -> None:
    labels = [guess(1, method, live, doubtful=doubt) for method, live, doubt in said]
    with LabelWriter(tmp_path) as writer:
        writer.append(labels)
    assert LabelBook(tmp_path).of("p#0") == {1: labels[holds]}
