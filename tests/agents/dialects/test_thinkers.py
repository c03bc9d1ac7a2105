"""Thinkers as policies: one reply is one thought is one attempt."""

import json
from pathlib import Path

import pytest

import longthought as lt
from longthought.agents.agent import Policy
from longthought.agents.catalogue import THINKERS, dialect_of
from longthought.agents.dialects.thinkers import VOICES, CompactThinker, ProseThinker, Thinker
from longthought.agents.view import view
from longthought.errors import ConfigError, ModelError
from longthought.problems.problem import Problem, Task
from longthought.trajectories.events import StopReason
from longthought.trajectories.tree import Tree
from tests.fakes.scripted import ScriptedChatModel

GAME = Problem(id="game", statement="Use 3, 7, 16 and 20, each once, to make 46.", domain="countdown")
RIGHT = """\
step 20 - 16 = 4 left 7 4 3 judge 7 need 39 53 have 7 1 12 4 need 42 50 have 10 4 21 3 need 43 49 have 11 3 28 none \
backtrack 0 not 20 - 16 dead left 20 16 7 3 make 46
step 16 + 7 = 23 left 23 20 3
step 23 + 3 = 26 left 26 20
step 26 + 20 = 46 left 46 judge need 46 have 46 found terminate"""
WRONG = RIGHT.replace("26 + 20 = 46 left 46", "26 - 20 = 6 left 6")
CUT = "step 16 + 7 = 23 left 23 20 3"


def thinker(*lines: str) -> Policy:
    return Policy("scripted:thinker", ScriptedChatModel(list(lines)), CompactThinker())


def test_a_thought_is_one_attempt_with_its_answer() -> None:
    policy = thinker(RIGHT)
    found = lt.solve(GAME, graph="sampling", policy=policy, samples=1)
    assert found.answer == "((16 + 7) + 3) + 20"
    assert [node.text for node in found.tree.nodes[1:]] == [RIGHT]
    (asked,) = policy.model.prompts  # type: ignore[attr-defined]
    assert asked == "use 20 16 7 3 make 46", "as it was asked in training"


@pytest.mark.parametrize("line", [CUT, "", "   "])
def test_a_thought_without_an_end_gives_no_answer(line: str) -> None:
    found = lt.solve(GAME, graph="sampling", policy=thinker(line), attempts=1)
    assert (found.answer, found.stop_reason) == (None, StopReason.GAVE_UP)


def test_several_thoughts_vote() -> None:
    found = lt.solve(GAME, graph="sampling", policy=thinker(WRONG, RIGHT, RIGHT), attempts=3, batch=1)
    assert found.answer == "((16 + 7) + 3) + 20"


def test_prose_is_asked_and_read_as_in_training() -> None:
    seen = view(Tree.fold(lt.solve(GAME, graph="sampling", policy=thinker(RIGHT), attempts=1).events), at=0)
    dialect = ProseThinker()
    assert dialect.ask_solution(seen) == VOICES["prose"].ask(GAME)
    assert dialect.read_solution(r"So it is \boxed{26 + 20}.", seen).answer == "26 + 20"  # type: ignore[union-attr]


def test_a_thinker_is_refused_where_steps_are_asked_for(tmp_path: Path) -> None:
    for ask in (
        lambda: lt.solve(GAME, policy=thinker(RIGHT)),
        lambda: list(lt.generate([Task(problem=GAME)], out=tmp_path / "run", policy=thinker(RIGHT))),
    ):
        with pytest.raises(
            ConfigError,
            match=r"whole solutions, and debate asks for steps; take `graph=sampling`",
        ):
            ask()
    assert not (tmp_path / "run").exists()


def test_a_thinker_is_shown_the_problem_alone() -> None:
    settings = {"revise": True, "samples": 2, "stop_early": False}
    found = lt.solve(GAME, graph="sampling", policy=thinker(WRONG, WRONG), **settings)
    assert found.stop_reason is StopReason.FAILED
    assert "leave `few_shot`, `revise` and `merge` out" in str(found.failure)


@pytest.mark.parametrize(("compact", "expected"), [(True, CompactThinker), (False, ProseThinker)])
def test_a_folder_says_that_a_thinker_was_trained(tmp_path: Path, compact: bool, expected: type[Thinker]) -> None:
    (tmp_path / "training.json").write_text(json.dumps({"facts": {"role": "thinker"}}))
    if compact:
        (tmp_path / "compact.json").write_text("{}")
    assert type(dialect_of(f"transformers:{tmp_path}")) is expected
    assert type(dialect_of("openai:any", expected.name)) is expected
    (tmp_path / "training.json").write_text(json.dumps({"facts": {"role": "policy"}}))
    assert type(dialect_of(f"transformers:{tmp_path}")) not in THINKERS.values()
    (tmp_path / "training.json").write_text("{")
    with pytest.raises(ModelError, match=r"training\.json: can't be read"):
        dialect_of(f"transformers:{tmp_path}")
