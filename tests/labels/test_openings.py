"""Debates of a job that begin in the middle of another one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.domains.countdown import countdown_task
from longthought.graphs.catalogue import context
from longthought.graphs.context import Context, started
from longthought.graphs.debate import DebateContext
from longthought.labels.openings import opening
from longthought.problems.countdown import game
from longthought.problems.problem import Task
from longthought.trajectories.events import AnyEvent, Author, Cause, Moved, Proposed
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Tree
from tests.fakes.logs import plain


def test_an_opening_stands_at_its_node_and_costs_nothing() -> None:
    debate = Trajectory("c", plain())
    problem = debate.problem.model_copy(update={"id": "c@5"})
    settings = context("debate", {})
    tree = Tree.fold(opening(debate, 4, problem, settings, sample=3))
    assert [node.text for node in tree.path()] == ["16 / 16 = 1"]
    assert (tree.cursor, tree.policy_usage.total, tree.critic_usage.total, tree.backtracks) == (1, 0, 0, 0)
    assert tree.started is not None
    assert tree.started.parent is not None
    assert (tree.started.trajectory, tree.started.parent.node) == ("c@5#3", 4)
    judged = Tree.fold(opening(debate, 5, problem, settings, sample=0, judged=True))
    assert (judged.cursor, judged.nodes[2].answer) == (1, "(16 / 16) * 35")


def first_step(task: Task) -> str:
    numbers, target = task.reference.numbers, task.reference.target  # type: ignore[union-attr]
    move = next(game.solutions(sorted(numbers, reverse=True), target))[0]
    left = game.after(numbers, move)
    assert left is not None
    return f"{move} left {' '.join(map(str, left))}"


def begin(task: Task, sample: int) -> Sequence[AnyEvent]:
    """Open with the solver's first step, accepted."""
    settings: Context = DebateContext()
    first = started(task.problem, settings, sample=sample)
    common: dict[str, Any] = {"trajectory": first.trajectory, "at": first.at}
    step = Proposed(seq=1, by=Author.HUMAN, node=1, parent=0, text=first_step(task), **common)
    return [first, step, Moved(seq=2, by=Author.HUMAN, to=1, cause=Cause.SELECTED, accepted=(1,), **common)]


@pytest.mark.parametrize("processes", [None, 2])
def test_every_debate_goes_on_from_its_opening_in_whatever_process(tmp_path: Path, processes: int | None) -> None:
    tasks = [countdown_task(puzzle) for puzzle in game.generate(count=3, split="train", seed=6)]
    ended = {t.id for t in lt.generate(tasks, out=tmp_path / "run", samples=2, begin=begin, processes=processes)}
    run = Run(tmp_path / "run")
    assert ended == set(run.ids())
    for task in tasks:
        for sample in (0, 1):
            debate = run.trajectory(f"{task.problem.id}#{sample}")
            assert debate.finished
            assert [event.seq for event in debate.events] == list(range(len(debate.events)))
            assert debate.tree.nodes[1].text == first_step(task)
            assert (debate.tree.nodes[1].by, debate.sample) == (Author.HUMAN, sample)
    assert not list(lt.generate(tasks, out=tmp_path / "run", samples=2, begin=begin, processes=processes))
