import json
from pathlib import Path

import pytest

from longthought.errors import ConfigError, RunFolderError
from longthought.problems import countdown
from longthought.problems.puzzle import Puzzle
from longthought.training.data.exact import exact_labels, states
from longthought.training.data.labelling import doubtful, label
from longthought.training.data.labels import FILE, Label, LabelBook, LabelWriter, Method
from longthought.training.data.outcomes import lives
from longthought.trajectories.events import Author, Cause, Finished, Graded, Moved, Proposed, StopReason
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from tests.trajectories.logs import Log, plain


def guess(node: int, method: Method, live: bool | None, **more: object) -> Label:
    return Label.model_validate({"trajectory": "p#0", "node": node, "method": method, "live": live, **more})


def test_a_higher_authority_stands_and_among_equals_the_newest(tmp_path: Path) -> None:
    with LabelWriter(tmp_path) as writer:
        writer.append([guess(1, Method.HUMAN, True), guess(1, Method.EXACT, False), guess(1, Method.MODEL, False)])
        writer.append([guess(2, Method.TREE, True), guess(2, Method.TREE, False)])
    best = LabelBook(tmp_path).of("p#0")
    assert (best[1].method, best[1].live) == (Method.HUMAN, True)
    assert best[2].live is False
    assert len(list(LabelBook(tmp_path).all_of("p#0"))) == 5
    assert LabelBook(tmp_path).of("another") == {}


def test_a_torn_line_is_cut_off_and_what_stands_before_it_stays(tmp_path: Path) -> None:
    with LabelWriter(tmp_path) as writer:
        writer.append([guess(1, Method.EXACT, True)])
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"trajectory":"p#0","node":2,"met')
    assert set(LabelBook(tmp_path).of("p#0")) == {1}
    with LabelWriter(tmp_path) as writer:
        writer.append([guess(3, Method.EXACT, False)])
    assert set(LabelBook(tmp_path).of("p#0")) == {1, 3}


def test_labels_of_a_newer_schema_are_refused_before_any_is_used(tmp_path: Path) -> None:
    line = json.loads(guess(1, Method.EXACT, True).model_dump_json()) | {"schema_version": 9, "mood": "glad"}
    (tmp_path / FILE).write_text(json.dumps(line, separators=(",", ":")) + "\n")
    with pytest.raises(RunFolderError, match=r"schema 9.*upgrade"):
        LabelBook(tmp_path)


def test_two_writers_never_share_the_labels(tmp_path: Path) -> None:
    with LabelWriter(tmp_path), pytest.raises(RunFolderError, match="another process"):
        LabelWriter(tmp_path)


# By the solver.


def test_exact_labels_say_what_the_solver_says_of_every_step(labelled: Path) -> None:
    book, seen = LabelBook(labelled), {True: 0, False: 0}
    for trajectory in Run(labelled).trajectories():
        puzzle = Puzzle.read(trajectory.problem.statement)
        assert puzzle is not None
        found = book.of(trajectory.id)
        assert set(found) == {node.id for node in trajectory.steps}
        for number, state in states(trajectory.tree, puzzle).items():
            if number:
                live = state.table is not None and countdown.solvable(state.table, puzzle.target)
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
    assert found == {1: countdown.solvable((16, 24, 11), 35), 2: countdown.solvable((16, 35), 35)}


def test_a_wrong_step_is_dead_with_all_below_it_even_if_the_answer_it_composes_is_right() -> None:
    log = Log("Use 6, 3 and 2, each once, to make 20.", id="c")
    log.add(Proposed, Author.POLICY, node=1, parent=0, text="6 * 3 = 17 left 17 2")
    log.add(Proposed, Author.POLICY, node=2, parent=1, text="17 + 2 = 20 left 20", answer="(6 * 3) + 2")
    log.add(Proposed, Author.POLICY, node=3, parent=0, text="It is \\boxed{6 * 3 + 2}.", answer="6 * 3 + 2")
    found = {label.node: label for label in exact_labels(Trajectory("c#0", log))}
    assert [found[n].live for n in (1, 2, 3)] == [False, False, True]
    assert found[1].reason == "wrong"


# By what happened.


def test_what_happened_tells_where_steps_lead_and_labels_overrule_it() -> None:
    log = plain()
    log[-1] = log[-1].model_copy(update={"solved": True})
    debate = Trajectory(log.name, log)
    assert lives(debate, {}) == {1: False, 2: False, 4: True, 5: True}
    assert lives(debate, {2: guess(2, Method.HUMAN, True), 4: guess(4, Method.HUMAN, False)}) == {
        1: False, 2: True, 4: False, 5: True
    }  # fmt: skip


def test_of_a_failed_debate_only_the_answer_and_what_tools_refuted_are_known() -> None:
    assert lives(Trajectory("p", plain()), {}) == {1: False, 5: False}


async def test_tree_labels_grade_every_answer_in_the_tree() -> None:
    from longthought.problems.problem import AnswerReference
    from longthought.training.data.outcomes import tree_labels

    log = Log("What is 7 * 6?")
    for node, parent, text, answer in ((1, 0, "a", None), (2, 1, "b", "42"), (3, 1, "c", "41"), (4, 0, "d", "40")):
        log.add(Proposed, Author.POLICY, node=node, parent=parent, text=text, answer=answer)
    log.add(Proposed, Author.POLICY, node=5, parent=0, text="open")
    log.add(Moved, Author.STRATEGY, to=3, cause=Cause.SELECTED, accepted=(1, 3))
    log.add(Finished, Author.STRATEGY, reason=StopReason.ANSWERED, node=3, answer="41")
    log.add(Graded, Author.GRADER, solved=False)
    debate = Trajectory(log.name, log)
    found = {label.node: label for label in await tree_labels(debate, AnswerReference(answer="42"))}
    assert {n: (x.live, x.value, x.trials, x.doubtful) for n, x in found.items()} == {
        1: (True, 0.5, 2, False), 2: (True, 1.0, 1, False), 3: (False, 0.0, 1, True), 4: (False, 0.0, 1, True)
    }  # fmt: skip
    without = {label.node: label.live for label in await tree_labels(debate, None)}
    assert without == {1: False, 3: False}  # the debate's own grade is all there is


def test_labelling_again_writes_nothing_new_and_an_unknown_method_is_refused(run: Path) -> None:
    first, again = label(run, "tree"), label(run, "tree")
    assert first.labels > 20
    assert (again.labels, again.known) == (0, first.labels)
    with pytest.raises(ConfigError, match="--method guess: choose from model, tree"):
        label(run, "guess")
    with pytest.raises(ConfigError, match=r"--method human.*--review"):
        label(run, "human")


def test_doubtful_labels_come_up_until_a_person_has_settled_them(run: Path) -> None:
    label(run, "tree")
    waiting = list(doubtful(Run(run), LabelBook(run)))
    assert waiting
    assert all(one.doubtful for one in waiting)
    with LabelWriter(run) as writer:
        writer.append([waiting[0].model_copy(update={"method": Method.HUMAN, "live": True, "doubtful": False})])
    assert list(doubtful(Run(run), LabelBook(run))) == waiting[1:]
    assert len(list(doubtful(Run(run), LabelBook(run), everything=True))) > len(waiting)
