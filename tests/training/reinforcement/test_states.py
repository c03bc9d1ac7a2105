"""The prompts of reinforcement: states of logged debates, with what is known of them."""

import json
from pathlib import Path
from typing import Any

import longthought as lt
from longthought.domains.countdown import countdown_task
from longthought.domains.loader import write
from longthought.labels.exact import table_after_all
from longthought.labels.label import LabelBook
from longthought.problems.countdown import game
from longthought.problems.countdown.puzzle import Puzzle
from longthought.training.data.contamination import problem_key
from longthought.training.data.states import Prompts, prompts_of
from longthought.training.reinforcement.rewards.state import State
from longthought.training.request import ReinforcementRequest


def told(prompts: Prompts) -> list[State]:
    return [State.model_validate_json(row["state"]) for row in prompts.prompts]


def made(source: Path, **settings: Any) -> Prompts:
    return prompts_of(source, ReinforcementRequest(**settings), "compact")


def test_states_of_policies_are_those_they_were_in_and_can_be_won(logged: Path) -> None:

    found = made(logged, role="policy")
    assert len({json.dumps(row["prompt"]) for row in found.prompts}) == len(found.prompts) > 16
    asked = {call.text for t in lt.Run(logged).trajectories() for call in t.calls}
    for row, state in zip(found.prompts, told(found), strict=True):
        puzzle = Puzzle.read(row["statement"])
        assert puzzle is not None
        table = table_after_all(puzzle.numbers, state.view.path)
        assert table is not None
        assert table.table is not None
        assert game.solvable(table.table, puzzle.target)
        assert state.solver
        assert row["logged"] in asked


def test_states_of_critics_are_balanced_and_hold_the_label(logged: Path) -> None:
    states = told(made(logged, role="critic"))
    assert sum(bool(state.live) for state in states) * 2 == len(states) > 0
    assert all((state.back_to is None) == bool(state.live) for state in states)


def test_without_labels_the_outcome_tells_and_the_solver_is_not_asked(logged: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in logged.iterdir():
        if file.name != "labels.jsonl" and file.is_file():
            (bare / file.name).write_bytes(file.read_bytes())
    assert LabelBook(logged).of(lt.Run(logged).ids()[0])
    states = told(made(bare, role="policy"))
    assert not any(state.solver for state in states)
    assert all(state.known for state in states)


def test_states_of_unknown_worth_are_taken_on_request_and_of_several_runs(logged: Path, tmp_path: Path) -> None:
    tasks = [countdown_task(puzzle) for puzzle in game.generate(count=12, split="train", seed=7)]
    run = list(lt.generate(tasks, out=tmp_path / "few", concurrency=1, rounds=4))  # few are solved
    known, all_of_them = (told(made(tmp_path / "few", role="critic", unknown=also)) for also in (False, True))
    new = [state for state in all_of_them if state.live is None]
    assert len(all_of_them) == len(known) + len(new) > len(known)
    assert all(state.back_to is None for state in new)
    some, more = (told(made(tmp_path / "few", role="policy", unknown=also)) for also in (False, True))
    assert len(more) > len(some)
    asked = ReinforcementRequest(role="critic", unknown=True)
    both = prompts_of([logged, tmp_path / "few"], asked, "compact")
    assert {row["problem"] for row in both.prompts} >= {problem_key(debate.problem) for debate in run}
    assert len(both.prompts) > len(all_of_them)


def test_what_one_run_knows_of_a_state_counts_for_the_other_that_does_not(logged: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in logged.glob("*.json*"):
        if file.name != "labels.jsonl":
            (bare / file.name).write_bytes(file.read_bytes())
    asked = ReinforcementRequest(role="critic", unknown=True)
    alone, both = (told(prompts_of(sources, asked, "compact")) for sources in ([logged], [bare, logged]))
    assert sum(state.live is not None for state in both) == sum(state.live is not None for state in alone)
    assert not any(state.live is None for state in both)


def test_test_problems_are_left_out(tmp_path: Path) -> None:

    tasks = [countdown_task(p) for split in ("train", "test") for p in game.generate(count=4, split=split, seed=1)]
    write(tasks, tmp_path / "mixed.jsonl")
    found = made(tmp_path / "mixed.jsonl")
    assert len(found.prompts) == 4
    assert dict(found.left_out) == {"in the test split of Countdown": 4}
