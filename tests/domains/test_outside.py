"""A domain from outside the package: debated, graded, labelled and exported; and what is said when it is gone."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import web

import longthought as lt
from examples.game24 import GAME24, Game24, Numbers
from longthought.agents.dialects.prose import Prose
from longthought.cli.render.thought import ThoughtTeller, figures
from longthought.domains import catalogue
from longthought.domains.grade import grade
from longthought.domains.posing import posed
from longthought.errors import ConfigError, ProblemError
from longthought.evaluation.runs import with_references
from longthought.jobs.scheduler import Assignment
from longthought.labels.job import label
from longthought.training.data.contamination import TestSets
from longthought.training.data.export import export
from tests.fakes.scripted import ScriptedChatModel
from tests.fakes.server import Act, FakeServer, completion

ROOT = Path(lt.__file__).parents[1]
ADDRESS = "examples.game24:GAME24"
STATEMENT = "Make 24 of 3, 3, 8 and 8."
RIGHT = "8 / (3 - 8 / 3)"
POLICY = ("I multiply the eights first.", "I divide 8 by 3, which leaves 1/3.", rf"So it is \boxed{{{RIGHT}}}.")


def verdict(action: str) -> str:
    return json.dumps({"critique": "so I say", "action": action, "target": None, "score": 0.5})


CRITIC = tuple(map(verdict, ("backtrack", "continue", "terminate")))


def agents() -> dict[str, Any]:
    """Seat agents who try a wrong step, go back, and find the answer."""
    policy = lt.Policy("policy", ScriptedChatModel(POLICY), Prose())
    return {"policy": policy, "critic": lt.Critic("critic", ScriptedChatModel(CRITIC), Prose()), "tools": []}


def debates() -> Act:
    """Answer the same way as a server."""

    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        prompt = payload["messages"][-1]["content"]
        if "response_format" in payload:
            new = prompt.rpartition("\n\nStep ")[2]
            said = CRITIC[0 if POLICY[0] in new else 2 if "gives the final answer:" in new else 1]
        else:
            said = POLICY[2 if "Step " in prompt else 1 if "Tried from here" in prompt else 0]
        return web.json_response(completion(said))

    return act


def hand() -> Numbers:
    return Numbers(numbers=(3, 3, 8, 8))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    out = tmp_path / "run"
    (trajectory,) = lt.generate([lt.Task(problem=posed(STATEMENT, ADDRESS), reference=hand())], out=out, **agents())
    assert trajectory.solved
    return out


def test_a_statement_is_debated_and_graded_by_the_domain_given_as_an_object() -> None:
    trajectory = lt.solve(STATEMENT, domain=GAME24, **agents())
    assert trajectory.problem == lt.Problem(id="game24-3-3-8-8", statement=STATEMENT, domain=ADDRESS)
    assert (trajectory.answer, trajectory.solved) == (RIGHT, True)


def test_prompts_say_how_the_domain_wants_its_answer() -> None:
    policy = ScriptedChatModel(POLICY)
    lt.solve(STATEMENT, domain=GAME24, **agents() | {"policy": lt.Policy("policy", policy, Prose())})
    assert all(GAME24.answer_form in prompt for prompt in policy.prompts)


def test_a_problem_keeps_the_address_of_a_domain_given_as_an_object() -> None:
    problem = lt.Problem(id="a", statement=STATEMENT, domain=GAME24)  # type: ignore[arg-type]
    assert problem.domain == ADDRESS
    assert lt.Problem.model_validate_json(problem.model_dump_json()) == problem


def test_rows_name_their_domain_or_leave_it_to_the_reader(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "statement": STATEMENT, "domain": ADDRESS, "reference": {"numbers": [3, 3, 8, 8]}},
        {"id": "b", "statement": STATEMENT},
        {"id": "c", "statement": "What is 1 + 1?", "domain": "math", "reference": {"answer": "2"}},
    ]
    file = tmp_path / "p.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tasks = list(lt.load(file, domain=GAME24))
    assert [task.problem.domain for task in tasks] == [ADDRESS, ADDRESS, "math"]
    assert [task.reference for task in tasks] == [hand(), hand(), lt.AnswerReference(answer="2")]
    assert [task.problem.domain for task in lt.load(file)] == [ADDRESS, "math", "math"]


class Hinted(lt.AnswerReference):
    """A reference like a bundled one, and yet another."""


@pytest.mark.parametrize("reference", [hand(), Hinted(answer="24"), lt.AnswerReference(answer="24"), None])
def test_a_reference_is_the_same_in_another_process(reference: lt.Reference | None) -> None:
    task = lt.Task(problem=posed(STATEMENT, ADDRESS), reference=reference)
    assignment = Assignment(task=task, sample=0)
    again = Assignment.model_validate_json(assignment.model_dump_json())
    assert again == assignment
    assert type(again.task.reference) is type(reference)


@pytest.mark.parametrize(
    ("answer", "solved"),
    [
        (RIGHT, True),
        ("(8 - 3) * 8 - 3", False),
        ("8 * 3", False),
        ("8 ** 3 + 8 - 3", False),
        ("8 / (3 - 3) + 8", False),
    ],
)
async def test_its_own_checker_grades(answer: str, solved: bool) -> None:
    assert (await grade(posed(STATEMENT, ADDRESS), hand(), answer))[0] is solved


async def test_two_processes_play_it_too(tmp_path: Path) -> None:
    tasks = [
        lt.Task(problem=lt.Problem(id=f"g{n}", statement=STATEMENT, domain=ADDRESS), reference=hand()) for n in range(4)
    ]
    async with FakeServer([debates()]) as server:
        given = {"policy": "openai:fake", "critic": "openai:fake", "base_url": server.base_url, "tools": []}

        def play() -> list[lt.Trajectory]:
            return list(lt.generate(tasks, out=tmp_path / "run", processes=2, concurrency=2, **given))

        found = await asyncio.to_thread(play)
    assert [(t.answer, t.solved) for t in found] == [(RIGHT, True)] * 4


def test_it_is_labelled_told_and_exported(run: Path, tmp_path: Path) -> None:
    labels = label(run, method="tree")
    assert (labels.live, labels.dead) == (2, 0)
    _, [row] = figures(ThoughtTeller(lt.Run(run), "chronological", 3, 0, "prose"))
    assert (row["difficulty"], row["outcome"]) == ("game24", "right")
    export([run], tmp_path / "data", formats="sft-journey", validation=0.0)
    (line,) = (tmp_path / "data" / "train.jsonl").read_text().splitlines()
    assert RIGHT in json.loads(line)["completion"][-1]["content"]


# What is wrong with a domain is said in one line, and nothing is lost.


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Make an empty module that can be imported, and forget its domains afterwards."""
    made = ModuleType("riddles")
    monkeypatch.setitem(sys.modules, "riddles", made)
    monkeypatch.setattr(catalogue, "_imported", {})
    return made


def domain(module: ModuleType, kind: type[lt.Domain], name: str) -> lt.Domain:
    """Put a domain into the module, as its own code would."""
    made = type("Riddles", (kind,), {"name": name, "__module__": "riddles"})()
    module.RIDDLES = made  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("nowhere:GAME", "'nowhere:GAME'.*No module named 'nowhere'"),
        ("examples.game24:GAME25", "'examples.game24:GAME25'.*no attribute 'GAME25'"),
        ("examples.game24:OPERATORS", "'examples.game24:OPERATORS'.*no domain but a dict"),
        ("contdown", "'contdown'.*choose from countdown"),
    ],
)
def test_what_is_no_domain_is_refused(address: str, why: str) -> None:
    with pytest.raises(ProblemError, match=why):
        lt.solve(STATEMENT, domain=address)


@pytest.mark.parametrize("name", ["math", "game24"])
def test_a_name_is_taken_once(module: ModuleType, name: str) -> None:
    catalogue.named(ADDRESS)
    domain(module, lt.Domain, name)
    with pytest.raises(ProblemError, match=f"'riddles:RIDDLES': its name '{name}' is taken by"):
        catalogue.named("riddles:RIDDLES")


def test_a_domain_without_a_name_in_its_module_has_no_address() -> None:
    with pytest.raises(ProblemError, match="Game24: it has no name that other processes can import"):
        lt.solve(STATEMENT, domain=Game24())


async def test_without_a_checker_nothing_is_known_and_asking_for_grades_is_refused(
    module: ModuleType, tmp_path: Path
) -> None:
    domain(module, lt.Domain, "riddles")
    task = lt.Task(
        problem=lt.Problem(id="r", statement="Who am I?", domain="riddles:RIDDLES"),
        reference=lt.AnswerReference(answer="a"),
    )
    assert await grade(task.problem, lt.AnswerReference(answer="a"), "a") == (None, "the domain riddles has no checker")
    with pytest.raises(ProblemError, match=r"'r'.*riddles has no checker"):
        with_references([task])
    with pytest.raises(ProblemError, match="riddles has no checker"):
        list(lt.generate([task], out=tmp_path / "run", **agents()))
    with pytest.raises(ProblemError, match="riddles has no checker"):
        await lt.asolve("Who am I?", domain="riddles:RIDDLES", answer="a", **agents())
    assert not (tmp_path / "run").exists()
    file = tmp_path / "p.jsonl"
    file.write_text('{"id": "r", "statement": "Who?", "domain": "riddles:RIDDLES", "reference": {"answer": "a"}}\n')
    with pytest.raises(ProblemError, match=r"p\.jsonl:1: .*riddles has no checker"):
        list(lt.load(file))


async def test_a_checker_that_fails_leaves_the_answer_ungraded(module: ModuleType) -> None:
    class Failing(lt.Domain):
        async def grade(self, problem: lt.Problem, reference: lt.Reference, answer: str) -> tuple[bool | None, str]:
            raise ZeroDivisionError("secret")

    domain(module, Failing, "riddles")
    problem = lt.Problem(id="r", statement="Who am I?", domain="riddles:RIDDLES")
    found, detail = await grade(problem, lt.AnswerReference(answer="a"), "a")
    assert found is None
    assert "ZeroDivisionError" in detail
    assert "secret" not in detail


async def test_a_reference_of_another_kind_is_not_graded() -> None:
    found, detail = await grade(posed(STATEMENT, ADDRESS), lt.AnswerReference(answer="24"), RIGHT)
    assert found is None
    assert "game24 grades by a Numbers" in detail


def test_a_domain_of_the_running_program_is_refused_in_other_processes(
    tmp_path: Path, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = domain(module, lt.Domain, "riddles")
    monkeypatch.setattr(sys.modules["__main__"], "RIDDLES", made, raising=False)
    problem = lt.Problem(id="r", statement="Who am I?", domain="__main__:RIDDLES")
    given = {"policy": "openai:fake", "critic": "openai:fake", "base_url": "http://127.0.0.1:1/v1"}
    with pytest.raises(ProblemError, match="other processes can't import"):
        list(lt.generate([problem], out=tmp_path / "run", processes=2, **given))
    assert not (tmp_path / "run").exists()


def test_problems_that_a_domain_holds_out_are_not_trained_on(module: ModuleType) -> None:
    class Halved(lt.Domain):
        def split(self, problem: lt.Problem) -> str | None:
            return "test" if "?" in problem.statement else "train"

    domain(module, Halved, "riddles")
    test_sets = TestSets(["riddles:RIDDLES"])
    held, free = (lt.Problem(id="r", statement=words, domain="riddles:RIDDLES") for words in ("Who?", "Say who."))
    assert test_sets.objection(held) == "in the test split of Riddles"
    assert test_sets.objection(free) is None
    assert TestSets(["none"]).objection(held) is None


def test_the_command_line_imports_a_domain_from_the_folder_it_runs_in(tmp_path: Path) -> None:
    (tmp_path / "puns.py").write_text(
        "import longthought as lt\n\n\nclass Puns(lt.Domain):\n    name = 'puns'\n\n\nPUNS = Puns()\n"
    )
    file = tmp_path / "p.jsonl"
    file.write_text('{"id": "r", "statement": "Who?", "reference": {"answer": "a"}}\n')
    words = ["generate", str(file), "--out", str(tmp_path / "run"), "--domain", "puns:PUNS"]
    command = [sys.executable, "-P", "-c", "from longthought.cli.main import main; main()", *words]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 2
    assert "domain puns has no checker" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_a_run_outlives_its_domain(run: Path, tmp_path: Path) -> None:
    for log in run.glob("events-*.jsonl"):
        log.write_text(log.read_text().replace(ADDRESS, "gone:GONE"))
    (trajectory,) = lt.Run(run).trajectories()
    assert (trajectory.problem.domain, trajectory.solved) == ("gone:GONE", True)
    assert RIGHT in trajectory.long_thought().text
    assert figures(ThoughtTeller(lt.Run(run), "chronological", 3, 0, "prose"))[1]
    export([run], tmp_path / "data", formats="sft-journey", validation=0.0)
    with pytest.raises(ProblemError, match=r"'gone:GONE'.*No module named 'gone'"):
        label(run, method="tree")
    with pytest.raises((ProblemError, ConfigError), match=r"'gone:GONE'.*No module named 'gone'"):
        with_references([lt.Task(problem=trajectory.problem)])
    found, detail = asyncio.run(grade(trajectory.problem, hand(), RIGHT))
    assert found is None
    assert "No module named 'gone'" in detail
