from pathlib import Path

from longthought.labels.exact import exact_labels, states
from longthought.labels.label import LabelBook
from longthought.problems.countdown import game
from longthought.problems.countdown.puzzle import Puzzle
from longthought.trajectories.events import Author, Proposed
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from tests.fakes.logs import Log


def test_exact_labels_say_what_the_solver_says_of_every_step(labelled: Path) -> None:
    book, seen = LabelBook(labelled), {True: 0, False: 0}
    for trajectory in Run(labelled).trajectories():
        puzzle = Puzzle.read(trajectory.problem.statement)
        assert puzzle is not None
        found = book.of(trajectory.id)
        assert set(found) == {node.id for node in trajectory.steps}
        for number, state in states(trajectory.tree, puzzle).items():
            if number:
                live = state.table is not None and game.solvable(state.table, puzzle.target)
                assert found[number].live is live
                seen[live] += 1
        if trajectory.solved:
            assert all(found[node.id].live for node in trajectory.path)
    assert seen[True] > 20
    assert seen[False] > 20


def test_prose_steps_are_labelled_where_one_equation_tells_the_move() -> None:
    log = Log("Use 16, 16, 8 and 11, each once, to make 35.", id="c")
    texts = ("I take 16 + 8 = 24.", "Then 24 + 11 = 35.", "Maybe 24 * 11 = 264 or 24 - 11 = 13.", "Hm.", "16 - 16 = 0")
    parents = (0, 1, 1, 1, 0)
    for node, (text, parent) in enumerate(zip(texts, parents, strict=True), 1):
        log.add(Proposed, Author.POLICY, node=node, parent=parent, text=text)
    found = {label.node: label.live for label in exact_labels(Trajectory("c#0", log))}
    assert found == {1: game.solvable((16, 24, 11), 35), 2: game.solvable((16, 35), 35)}


def test_a_wrong_step_is_dead_with_all_below_it_even_if_the_answer_it_composes_is_right() -> None:
    log = Log("Use 6, 3 and 2, each once, to make 20.", id="c")
    log.add(Proposed, Author.POLICY, node=1, parent=0, text="6 * 3 = 17 left 17 2")
    log.add(Proposed, Author.POLICY, node=2, parent=1, text="17 + 2 = 20 left 20", answer="(6 * 3) + 2")
    log.add(Proposed, Author.POLICY, node=3, parent=0, text="It is \\boxed{6 * 3 + 2}.", answer="6 * 3 + 2")
    found = {label.node: label for label in exact_labels(Trajectory("c#0", log))}
    assert [found[n].live for n in (1, 2, 3)] == [False, False, True]
    assert found[1].reason == "wrong"
