"""Worked examples in a debate: shown to both agents before the problem, and never the problem itself."""

import json
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.prose import Prose
from longthought.agents.view import view
from longthought.errors import ProblemError
from longthought.graphs import catalogue
from longthought.graphs.context import started
from longthought.graphs.debate import DebateContext
from longthought.graphs.sampling.settings import SamplingContext
from longthought.problems.problem import AnswerReference, Problem, Task
from longthought.problems.worked import load_worked
from longthought.training.data.export import export
from longthought.training.data.rows import messages
from longthought.trajectories.tree import Tree
from tests.fakes.scripted import ScriptedChatModel

PROBLEM = Problem(id="sum", statement="What is 12 * 13?")
STEP, ANSWER = "First, 12 * 10 = 120.", "So it is \\boxed{156}."
SHOTS = [
    ("What is 3 * 21?", "1. First, 3 * 20 = 60.\n2. So it is \\boxed{63}."),
    ("What is  12 * 13?", "LEAK"),
    ("What is 2 + 2?", "It is \\boxed{4}."),
]
SHOWN = (
    "Example 1\n\nProblem:\nWhat is 3 * 21?\n\nStep 1:\nFirst, 3 * 20 = 60.\n\nStep 2:\nSo it is \\boxed{63}.\n\n"
    "Example 2\n\nProblem:\nWhat is 2 + 2?\n\nStep 1:\nIt is \\boxed{4}.\n\n"
    "Now the problem to solve\n\nProblem:\nWhat is 12 * 13?\n\n"
)


@pytest.fixture
def shots(tmp_path: Path) -> str:
    path = tmp_path / "shots.jsonl"
    path.write_text("\n".join(json.dumps({"statement": s, "solution": t}) for s, t in SHOTS))
    return str(path)


def says(action: str) -> str:
    return json.dumps({"critique": "so it is", "action": action, "target": None, "score": 0.5})


def played(out: Path, shots: str) -> tuple[ScriptedChatModel, ScriptedChatModel]:
    policy, critic = ScriptedChatModel([STEP, ANSWER]), ScriptedChatModel([says("continue"), says("terminate")])
    agents: dict[str, Any] = {
        "policy": Policy("fake:policy", policy, Prose()), "critic": Critic("fake:critic", critic, Prose())
    }  # fmt: skip
    task = Task(problem=PROBLEM, reference=AnswerReference(answer="156"))
    assert [debate.solved for debate in lt.generate([task], out=out, **agents, tools=[], few_shot=shots)] == [True]
    return policy, critic


def test_both_agents_read_the_same_examples_before_the_problem(tmp_path: Path, shots: str) -> None:
    policy, critic = played(tmp_path / "run", shots)
    asked = [str(request[-1].content) for request in (*policy.seen, *critic.seen)]
    assert all(text.startswith(SHOWN) for text in asked)
    assert not any("LEAK" in text for text in asked)
    first, judged = asked[1], asked[3]
    shared = first[: first.rindex(STEP) + len(f"{STEP}\n\n")]
    assert judged.startswith(shared), "up to the end of the path, so that a server reads it once"
    assert len({str(request[0].content) for request in (*policy.seen, *critic.seen)}) == 1


@pytest.mark.parametrize("format", ["policy", "critic"])
def test_rows_show_the_examples_too(tmp_path: Path, shots: str, format: str) -> None:
    policy, critic = played(tmp_path / "run", shots)
    asked = (policy if format == "policy" else critic).seen
    made = export(tmp_path / "run", tmp_path / "data", formats=format, validation=0.0)
    rows = [json.loads(line) for line in (made.out / "train.jsonl").read_text().splitlines()]
    assert sorted(map(json.dumps, (row["prompt"] for row in rows))) == sorted(json.dumps(messages(m)) for m in asked)
    Path(shots).rename(f"{shots}.gone")
    load_worked.cache_clear()
    with pytest.raises(ProblemError, match="shots"):
        export(tmp_path / "run", tmp_path / "more", formats=format)


def test_sampling_shows_them_in_its_own_way(shots: str) -> None:
    tree = Tree.fold([started(PROBLEM, SamplingContext(few_shot=shots))])
    assert view(tree).examples == ()


def test_a_log_without_examples_reads_as_before() -> None:
    assert "few_shot" not in DebateContext().written()
    assert DebateContext(few_shot="shots.jsonl").written()["few_shot"] == "shots.jsonl"
    assert "few_shot" in SamplingContext().written()


def test_a_file_that_cannot_be_read_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="missing"):
        catalogue.context("debate", {"few_shot": str(tmp_path / "missing.jsonl")})


def test_agents_that_read_no_prose_refuse_examples(shots: str) -> None:
    game = Problem(id="game", statement="Use 3, 5 and 8, each once, to make 16.")
    for given in (shots, None):
        objection = Compact().unsuitable(view(Tree.fold([started(game, DebateContext(few_shot=given))])))
        assert ("leave `few_shot` out" in str(objection)) is (given is not None)
