import json
from pathlib import Path

import pytest

from longthought.errors import ConfigError, RunFolderError
from longthought.labels.exact import exact_labels, states
from longthought.labels.job import doubtful, label
from longthought.labels.label import FILE, Label, LabelBook, LabelWriter, Method
from longthought.labels.openings import judgeable_steps, open_steps
from longthought.labels.outcomes import estimated, lives, tree_labels
from longthought.problems.countdown import game
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import AnswerReference
from longthought.trajectories.events import (
    Author,
    Cause,
    Checked,
    Evidence,
    EvidenceStatus,
    Finished,
    Graded,
    Moved,
    Proposed,
    StopReason,
)
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from tests.fakes.logs import Log, plain


def guess(node: int, method: Method, live: bool | None, **more: object) -> Label:
    return Label.model_validate({"trajectory": "p#0", "node": node, "method": method, "live": live, **more})


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


@pytest.mark.parametrize("head", [rb'"a\q#0"', b'"\xff#0"'])
def test_a_line_that_names_no_debate_is_refused(tmp_path: Path, head: bytes) -> None:
    (tmp_path / FILE).write_bytes(b'{"trajectory":' + head + b',"node":1}\n' + b'{"trajectory":"p#0","node":1}\n')
    with pytest.raises(RunFolderError, match="is not a label"):
        LabelBook(tmp_path)


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


# By what happened.


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


def test_few_misses_are_doubtful_and_eight_are_not() -> None:
    doubts = [estimated("p#0", 1, Method.MONTE_CARLO, 0, k, by="me", at=0.0).doubtful for k in (1, 4, 7, 8, 32)]
    assert doubts == [True, True, True, False, False]
    assert not estimated("p#0", 1, Method.MONTE_CARLO, 1, 8, by="me", at=0.0).doubtful


def with_a_refuted_step() -> Trajectory:
    """Return a failed debate whose first step miscalculates, and whose answer below that is right."""
    log = Log("What is 7 * 6?")
    wrong = Evidence(tool="algebra", status=EvidenceStatus.REFUTED, claim="7 * 3 = 20")
    log.add(Proposed, Author.POLICY, node=1, parent=0, text="twice 7 * 3")
    log.add(Proposed, Author.POLICY, node=2, parent=1, text="7 * 3 = 20")
    log.add(Checked, Author.TOOL, node=2, evidence=(wrong,))
    log.add(Proposed, Author.POLICY, node=3, parent=2, text="on", answer=None)
    log.add(Proposed, Author.POLICY, node=4, parent=3, text="so 42", answer="42")
    log.add(Finished, Author.STRATEGY, reason=StopReason.BACKTRACKS)
    return Trajectory(log.name, log)


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


async def test_tree_labels_grade_every_answer_in_the_tree() -> None:
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
        1: (True, 0.5, 2, False), 2: (True, 1.0, 1, False), 3: (False, 0.0, 1, False), 4: (False, 0.0, 1, False)
    }  # fmt: skip
    without = {label.node: label.live for label in await tree_labels(debate, None)}
    assert without == {1: False, 3: False}  # the debate's own grade is all there is


def test_labelling_again_writes_nothing_new_and_an_unknown_method_is_refused(run: Path) -> None:
    first, again = label(run, method="tree"), label(run, method="tree")
    assert first.labels > 20
    assert (again.labels, again.known) == (0, first.labels)
    with pytest.raises(ConfigError, match=r"`method` must be one of exact, monte-carlo, tree, model, got .guess"):
        label(run, method="guess")
    with pytest.raises(ConfigError, match=r"`method` .*human.*--review"):
        label(run, method="human")


def test_labels_that_were_overwritten_are_written_again(run: Path) -> None:
    first = label(run, method="tree")
    name = Run(run).ids()[0]
    node, one = next(iter(LabelBook(run).of(name).items()))
    with LabelWriter(run) as writer:
        writer.append([one.model_copy(update={"trials": 99})])
    again = label(run, method="tree")
    assert (again.labels, again.known) == (1, first.labels - 1)
    assert LabelBook(run).of(name)[node].trials == one.trials


def test_doubtful_labels_come_up_until_a_person_has_settled_them(run: Path) -> None:
    with LabelWriter(run) as writer:
        for debate in Run(run).trajectories():
            unsure = {"trajectory": debate.id, "doubtful": True}
            writer.append(guess(n.id, Method.MODEL, True).model_copy(update=unsure) for n in debate.steps)
    waiting = list(doubtful(Run(run), LabelBook(run)))
    assert waiting
    assert all(one.doubtful for one in waiting)
    with LabelWriter(run) as writer:
        writer.append([waiting[0].model_copy(update={"method": Method.HUMAN, "live": True, "doubtful": False})])
    assert list(doubtful(Run(run), LabelBook(run))) == waiting[1:]
    assert len(list(doubtful(Run(run), LabelBook(run), everything=True))) > len(waiting)


def test_a_label_of_a_step_that_the_debate_lacks_is_not_put_before_a_person(run: Path) -> None:
    stray = guess(99, Method.MODEL, True, doubtful=True).model_copy(update={"trajectory": Run(run).ids()[0]})
    with LabelWriter(run) as writer:
        writer.append([stray])
    assert not [one for all_ in (False, True) for one in doubtful(Run(run), LabelBook(run), everything=all_)]
