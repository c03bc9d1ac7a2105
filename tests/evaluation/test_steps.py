"""Critics on labelled steps: reading the files, reciting the solutions, scoring what was said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.agents.agent import Reply
from longthought.agents.dialects.dialect import Unreadable
from longthought.agents.view import View
from longthought.errors import ProblemError
from longthought.evaluation.ablations import OracleCritic, TokenlessCritic
from longthought.evaluation.critic_report import counted_share
from longthought.evaluation.steps import Solution, StepReport, load, named, recite, score
from longthought.trajectories.events import Action, Author, Verdict

RIGHT = {
    "problem": "What is 3 + 4 + 5?",
    "steps": ["3 + 4 = 7", "7 + 5 = 12: \\boxed{12}"],
    "first_error": None,
}
FALSE = {"problem": "What is 2 * 3 + 1?", "steps": ["2 * 3 = 6", "6 + 1 = 8", "So the answer is 8."], "first_error": 1}
LOOSE = {"problem": "What is twice six?", "steps": ["Twice six is thirteen.", "So it is 13."], "first_error": 0}


def file(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


class Scripted(TokenlessCritic):
    """A critic that says what a function says."""

    name = "fake:scripted"

    def __init__(self, says: Callable[[View], Verdict | Unreadable]) -> None:
        self.says = says

    def unsuitable(self, view: View) -> str | None:
        return None

    async def judge(self, view: View) -> Reply[Verdict]:
        return Reply(self.says(view), ())


def accept(view: View) -> Verdict:
    assert view.candidate
    return Verdict(action=Action.TERMINATE if view.candidate.answer else Action.CONTINUE)


def judged(tmp_path: Path, critic: Any, *rows: Any, **given: Any) -> tuple[StepReport, list[Any]]:
    solutions = list(load(file(tmp_path / "s.jsonl", *rows)))
    settings: dict[str, Any] = {"tools": [], **given}
    for _ in recite(solutions, tmp_path / "run", critic=critic, **settings):
        pass
    debates = {t.problem.id: t for t in lt.Run(tmp_path / "run").trajectories()}
    return score(solutions, tmp_path / "run"), [named(debates[s.problem.id]) for s in solutions]


def test_the_fields_of_several_benchmarks_are_read(tmp_path: Path) -> None:
    rows = (
        RIGHT,
        {"id": "gsm8k-0", "problem": "p", "steps": ["a", "b"], "label": 1, "generator": "m"},
        {"problem": "p", "steps": ["a"], "label": -1},
        {"input": "i =", "steps": ["a", "b"], "target": "1", "mistake_index": 0},
        {"question": "q", "steps": ["a"], "mistake_index": None},
        {"problem": "Use 3 and 7, each once, to make 21.", "steps": ["7 * 3 = 21 left 21"], "first_error": None},
    )
    found = list(load(file(tmp_path / "s.jsonl", *rows)))
    assert [s.first_error for s in found] == [None, 1, None, 0, None, None]
    assert [s.problem.statement for s in found][3:5] == ["i =", "q"]
    assert len({s.problem.id for s in found}) == len(rows)
    assert found[-1].problem.domain == "countdown"

    # tables with gaps keep their whole numbers as decimals, and a benchmark may be one list over many lines
    table = [{"id": f"gsm8k-{n}", "problem": "p", "steps": ["a", "b"], "final_answer_correct": 1.0, "label": label}
             for n, label in enumerate((-1.0, 1.0, float("nan"), 0.0))]  # fmt: skip
    (tmp_path / "p.json").write_text(json.dumps(table, indent=2))
    assert [s.first_error for s in load(tmp_path / "p.json")] == [None, 1, None, 0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"steps": ["a"], "label": 0}, ':1: "problem": expected among the fields (or question, input, statement)'),
        ({"problem": "p", "steps": ["a"]}, '"first_error": expected among the fields'),
        ({"problem": " ", "steps": ["a"], "label": 0}, '"problem": expected a problem in words'),
        ({"problem": "p", "label": 0}, '"steps": expected a list of texts, found null'),
        ({"problem": "p", "steps": [], "label": None}, '"steps": expected a list of texts, found []'),
        ({"problem": "p", "steps": ["a", 1], "label": None}, '"steps": expected a list of texts'),
        ({"problem": "p", "steps": ["a", "b"], "label": 2}, "expected a step from 0 to 1, or null or -1, found 2"),
        ({"problem": "p", "steps": ["a"], "label": True}, "found true"),
        ({"problem": "p", "steps": ["a"], "label": "0"}, 'found "0"'),
        ({"problem": "p", "steps": ["a", "b"], "label": 0.5}, "found 0.5"),
        ({"problem": "p", "steps": ["a", "b"], "label": float("inf")}, "found Infinity"),
        ([1], "expected one JSON object"),
    ],
)
def test_rows_that_cannot_be_read(tmp_path: Path, row: Any, said: str) -> None:
    with pytest.raises(ProblemError) as error:
        list(load(file(tmp_path / "s.jsonl", row)))
    assert said in str(error.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="no such file"):
        list(load(tmp_path / "none.jsonl"))
    with pytest.raises(ProblemError, match="found an empty file"):
        list(load(file(tmp_path / "s.jsonl")))


def test_the_tools_alone(tmp_path: Path) -> None:
    report, said = judged(tmp_path, "tools", RIGHT, FALSE, LOOSE, tools=["algebra"])
    assert said == [(None, None), (1, Author.TOOL), (None, None)]
    errors = report.first_errors
    assert (errors.wrong, errors.found, errors.right, errors.spared, errors.flagged) == (2, 1, 1, 1, 1)
    f1 = errors.f1()
    assert f1 is not None
    assert f1[0] == pytest.approx(2 * 0.5 * 1 / 1.5)
    assert report.by_tools == counted_share(1, 1)
    assert (report.critic, report.tools, report.undecided) == ("tools", ("algebra",), 0)


def test_a_critic_names_a_step_or_one_before_it(tmp_path: Path) -> None:
    def says(view: View) -> Verdict:
        assert view.candidate
        if "answer is 8" in view.candidate.text:
            return Verdict(action=Action.BACKTRACK, target=view.path_nodes[0])  # the step after the first was wrong
        if "13." in view.candidate.text:
            return Verdict(action=Action.BACKTRACK, target=0)
        if "12" in view.candidate.text:
            return Verdict(action=Action.BACKTRACK)
        return accept(view)

    report, said = judged(tmp_path, Scripted(says), RIGHT, FALSE, LOOSE)
    assert said == [(1, Author.CRITIC), (1, Author.CRITIC), (0, Author.CRITIC)]
    errors = report.first_errors
    assert (errors.found, errors.wrong, errors.spared, errors.right, errors.flagged) == (2, 2, 0, 1, 3)
    assert report.by_tools == counted_share(0, 3)


def test_a_tool_has_the_first_word_and_without_a_veto_the_critic_has_it(tmp_path: Path) -> None:
    def says(view: View) -> Verdict:
        assert view.candidate
        seen.append([e.status.value for e in view.candidate.evidence])
        return accept(view)

    seen: list[list[str]] = []
    _, said = judged(tmp_path, Scripted(says), FALSE, tools=["algebra"])
    assert said == [(1, Author.TOOL)]
    assert seen == [["confirmed"]]
    seen.clear()
    (tmp_path / "b").mkdir()
    _, said = judged(tmp_path / "b", Scripted(says), FALSE, tools=["algebra"], veto=False)
    assert said == [(None, None)]
    assert seen[:2] == [["confirmed"], ["refuted"]]


def test_doubt_is_answered_once_and_what_cannot_be_read_counts_as_missed(tmp_path: Path) -> None:
    def says(view: View) -> Verdict | Unreadable:
        assert view.candidate
        if "13." in view.candidate.text:
            return Unreadable("hm")
        if "= 12" in view.candidate.text and not view.candidate.remarks:
            return Verdict(action=Action.REFLECT, critique="Is it?")
        return accept(view)

    report, said = judged(tmp_path, Scripted(says), RIGHT, LOOSE)
    assert said == [(None, None), (None, None)]
    assert report.undecided == 1
    assert (report.first_errors.found, report.first_errors.spared, report.first_errors.flagged) == (0, 1, 0)


def test_an_undecided_right_solution_is_not_left_alone(tmp_path: Path) -> None:
    report, _ = judged(tmp_path, Scripted(lambda _: Unreadable("hm")), RIGHT)
    assert (report.undecided, report.first_errors.spared) == (1, 0)


def test_moves_of_countdown_before_the_exact_critic(tmp_path: Path) -> None:
    statement = "Use 20, 3 and 2, each once, to make 34."
    rows = (
        {"problem": statement, "steps": ["20 - 3 = 17 left 17 2", "17 * 2 = 34 left 34"], "first_error": None},
        {"problem": statement, "steps": ["20 + 3 = 23 left 23 2", "23 * 2 = 46 left 46"], "first_error": 0},
        {"problem": statement, "steps": ["20 - 3 = 17 left 17 2", "17 + 2 = 19 left 19"], "first_error": 1},
        {"problem": statement, "steps": ["20 - 3 = 17 left 17 2"], "first_error": None},  # unfinished, and sound
        {"problem": statement, "steps": ["20 - 3 = 16 left 16 2"], "first_error": 0},
    )
    report, said = judged(tmp_path, OracleCritic(), *rows, tools=["countdown"])
    assert said == [(None, None), (0, Author.CRITIC), (1, Author.CRITIC), (None, None), (0, Author.TOOL)]
    value, low, high = report.first_errors.f1() or (0.0, 0.0, 0.0)
    assert low < 0.9 < value == high == 1.0, "all of five is not certain"
    assert report.undecided == 0


def test_judged_once_and_never_again(tmp_path: Path) -> None:
    asked: list[str] = []

    def says(view: View) -> Verdict:
        asked.append(view.problem.id)
        return accept(view)

    judged(tmp_path, Scripted(says), RIGHT, FALSE)
    assert len(asked) == 5
    judged(tmp_path, Scripted(says), RIGHT, FALSE)
    assert len(asked) == 5
    assert isinstance(next(load(tmp_path / "s.jsonl")), Solution)
