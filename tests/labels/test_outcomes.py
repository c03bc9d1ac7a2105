from pathlib import Path

import pytest

from longthought.labels.label import LabelBook, LabelWriter, Method
from longthought.labels.openings import judgeable_steps, open_steps
from longthought.labels.outcomes import lives
from longthought.labels.review import doubtful
from longthought.labels.tree import tree_labels
from longthought.problems.problem import AnswerReference
from longthought.trajectories.events import Author, Proposed
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from tests.fakes.labels import guess, with_a_refuted_step
from tests.fakes.logs import Log, plain


def test_what_happened_tells_where_steps_lead_and_labels_overrule_it() -> None:
    log = plain()
    log[-1] = log[-1].model_copy(update={"solved": True})
    debate = Trajectory(log.name, log)
    assert lives(debate, {}) == {1: False, 2: False, 4: True, 5: True}
    assert lives(debate, {2: guess(2, Method.HUMAN, True)}) == {1: False, 2: True, 4: True, 5: True}
    assert lives(debate, {5: guess(5, Method.HUMAN, False)}) == {1: False, 2: False, 5: False}


@pytest.mark.parametrize("method", [Method.MODEL, Method.TREE, Method.MONTE_CARLO, Method.HUMAN])
def test_a_right_answer_below_a_step_proves_it_live_whoever_missed_it(method: Method) -> None:
    log = plain()
    log[-1] = log[-1].model_copy(update={"solved": True})
    debate, miss = Trajectory(log.name, log), guess(4, method, False, value=0.0)
    assert lives(debate, {4: miss}) == {1: False, 2: False, 4: True, 5: True}
    assert lives(debate, {4: miss.model_copy(update={"doubtful": True})})[4] is True


def chain(*answers: str | None) -> Trajectory:
    """Return a debate in which each step follows on the last, and nobody says how it went on."""
    log = Log("What is 7 * 6?")
    for node, answer in enumerate(answers, 1):
        log.add(Proposed, Author.POLICY, node=node, parent=node - 1, text=f"{node}", answer=answer)
    return Trajectory(log.name, log)


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        ((Method.MONTE_CARLO, False), (Method.MONTE_CARLO, True), (True, True)),
        ((Method.MONTE_CARLO, False), (Method.TREE, True), (True, True)),
        ((Method.MODEL, False), (Method.EXACT, True), (True, True)),
        ((Method.HUMAN, False), (Method.MONTE_CARLO, True), (True, True)),
        ((Method.EXACT, False), (Method.HUMAN, True), (True, True)),
        ((Method.EXACT, False), (Method.MONTE_CARLO, True), (False, False)),
        ((Method.MONTE_CARLO, False), (Method.MODEL, True), (False, False)),
        ((Method.MODEL, False), (Method.MODEL, True), (False, False)),
        ((Method.MONTE_CARLO, True), (Method.MONTE_CARLO, False), (True, False)),
    ],
)
def test_no_step_below_a_dead_one_is_live(
    above: tuple[Method, bool], below: tuple[Method, bool], expected: tuple[bool, bool]
) -> None:
    said = {1: guess(1, *above), 3: guess(3, *below)}
    found = lives(chain(None, None, None), said)
    assert (found[1], found[3]) == expected
    assert (found.get(2) is True) is expected[1]


def test_a_doubtful_label_says_nothing_but_that_a_step_left_behind_may_be_live() -> None:
    log = plain()
    log[-1] = log[-1].model_copy(update={"solved": True})
    solved = Trajectory(log.name, log)
    for live, expected in ((True, None), (False, False)):
        doubt = guess(2, Method.MODEL, live, doubtful=True)
        assert lives(solved, {2: doubt}).get(2) is expected
        assert lives(Trajectory("p", plain()), {2: doubt}) == {1: False, 5: False}


def test_of_a_step_that_a_person_is_unsure_of_nothing_is_concluded_from_leaving_it() -> None:
    log = plain()
    log[-1] = log[-1].model_copy(update={"solved": True})
    solved = Trajectory(log.name, log)
    assert lives(solved, {})[2] is False
    assert 2 not in lives(solved, {2: guess(2, Method.HUMAN, None)})


async def test_a_step_that_a_tool_refuted_is_dead_and_nothing_is_spent_or_asked_on_it(tmp_path: Path) -> None:
    debate = with_a_refuted_step()
    assert lives(debate, {}) == {2: False, 3: False, 4: False}
    estimates = {n: guess(n, Method.MONTE_CARLO, live, doubtful=not live) for n, live in ((2, False), (3, True))}
    assert lives(debate, estimates) == {2: False, 3: False, 4: False}
    assert lives(debate, {2: guess(2, Method.HUMAN, True)})[2] is True
    assert (list(open_steps(debate)), list(judgeable_steps(debate))) == ([1], [1])
    found = {label.node: label for label in await tree_labels(debate, AnswerReference(answer="42"))}
    assert {n: (x.live, x.trials) for n, x in found.items()} == {1: (False, 1)}
    with RunFolder.create_or_resume(tmp_path / "run", {}) as folder:
        folder.append(debate.events)
    with LabelWriter(tmp_path / "run") as writer:
        writer.append(guess(n, Method.TREE, False, doubtful=True) for n in (1, 2, 3, 4))
    run, book = Run(tmp_path / "run"), LabelBook(tmp_path / "run")
    assert [label.node for label in doubtful(run, book)] == [1]
    assert len(list(doubtful(run, book, everything=True))) == 4


def test_of_a_failed_debate_only_the_answer_and_what_tools_refuted_are_known() -> None:
    assert lives(Trajectory("p", plain()), {}) == {1: False, 5: False}
