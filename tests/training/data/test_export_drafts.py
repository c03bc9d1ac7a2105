"""Rows of debates in prose as they were asked: whole drafts, and the agents' own texts."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.chairs import DIALOGUE
from longthought.agents.dialects.prose import Prose
from longthought.errors import ConfigError
from longthought.labels.label import Label, LabelWriter, Method
from longthought.problems.problem import AnswerReference, Problem, Task
from longthought.training.data.export import export
from longthought.training.data.rows import messages
from tests.fakes.scripted import ScriptedChatModel

TASK = Task(problem=Problem(id="sum", statement="What is 12 * 13 + 7 * 8?"), reference=AnswerReference(answer="212"))
FIRST, SECOND, LAST = "First, 12 * 13 = 156.", "Then 7 * 8 = 56.", "So 156 + 56 = 212, which is \\boxed{212}."
RIGHT = f"1. {FIRST}\n2. {SECOND}\n3. {LAST}"
ASTRAY = f"{FIRST}\n\nThen 8 * 8 = 64.\n\nSo 156 + 64 = 220, which is \\boxed{{220}}."


def says(action: str, target: int | None = None) -> str:
    return json.dumps({"critique": "so it is", "action": action, "target": target, "score": 0.5})


class Played:
    """A run of one debate, and what its agents were asked."""

    def __init__(self, out: Path, policy: Sequence[str], critic: Sequence[str], **settings: Any) -> None:
        self.out, self.models = out, {"policy": ScriptedChatModel(policy), "critic": ScriptedChatModel(critic)}
        texts = {
            chair: DIALOGUE.replaced(given["prompts"]) if (given := settings.get(f"{chair}_settings")) else DIALOGUE
            for chair in self.models
        }
        agents: dict[str, Any] = {
            "policy": Policy("fake:policy", self.models["policy"], Prose(texts["policy"])),
            "critic": Critic("fake:critic", self.models["critic"], Prose(texts["critic"])),
        }
        if not critic:
            agents["critic"] = "tools"
        settings = {"tools": ["algebra"], "draft": None, **settings}
        assert [debate.solved for debate in lt.generate([TASK], out=out, **agents, **settings)] == [True]

    def rows(self, format: str) -> list[dict[str, Any]]:
        made = export(self.out, self.out.parent / f"{format}-data", formats=format, validation=0.0)
        return [json.loads(line) for line in (made.out / "train.jsonl").read_text().splitlines()]

    def asked(self, chair: str) -> list[Any]:
        return [messages(request) for request in self.models[chair].seen]


def said(row: dict[str, Any]) -> str:
    return row["completion"][0]["content"]


def test_a_draft_is_one_row_in_the_words_of_its_reply(tmp_path: Path) -> None:
    thought = f"<think>Easy.</think>\n{RIGHT}"
    played = Played(tmp_path / "run", [ASTRAY, thought], [says("backtrack"), says("terminate")])
    (row,) = played.rows("policy")
    assert (said(row), row["kind"]) == (RIGHT, "draft")
    assert row["prompt"] == played.asked("policy")[1]
    assert ASTRAY in row["prompt"][-1]["content"], "shown whole, as it was rejected"


def test_a_program_that_confirmed_a_right_answer_is_learned_too(tmp_path: Path) -> None:
    wrong, right = "```python\nprint(12 * 13)\n```", "```python\nprint(12 * 13 + 7 * 8)\n```"
    played = Played(tmp_path / "run", [RIGHT, wrong, RIGHT, right], [], tools=["program"])
    rows = {row["kind"]: row for row in played.rows("policy")}
    assert {kind: said(row) for kind, row in rows.items()} == {"draft": RIGHT, "program": right}
    assert [rows[kind]["prompt"] for kind in ("draft", "program")] == played.asked("policy")[2:]


def test_a_cut_draft_is_one_row_of_the_steps_that_were_asked_for(tmp_path: Path) -> None:
    played = Played(tmp_path / "run", [RIGHT, LAST], [says("continue"), says("terminate")], draft=2)
    rows = played.rows("policy")
    assert [(said(row), row["kind"]) for row in rows] == [(f"{FIRST}\n\n{SECOND}", "draft"), (LAST, "step")]
    assert [row["prompt"] for row in rows] == played.asked("policy")


def test_the_rest_of_a_draft_that_a_tool_broke_off_teaches_nothing(tmp_path: Path) -> None:
    wrong = f"{FIRST}\n\nThen 7 * 8 = 54.\n\n{LAST}"
    played = Played(tmp_path / "run", [wrong, f"{SECOND}\n\n{LAST}"], [says("terminate")])
    assert [said(row) for row in played.rows("policy")] == [f"{SECOND}\n\n{LAST}"]


def test_a_right_and_a_wrong_draft_of_one_prompt_are_a_pair(tmp_path: Path) -> None:
    played = Played(tmp_path / "run", [ASTRAY, RIGHT], [says("backtrack"), says("terminate")])
    (row,) = played.rows("dpo-policy")
    assert (row["chosen"][0]["content"], row["rejected"][0]["content"]) == (RIGHT, ASTRAY)
    assert row["prompt"] == played.asked("policy")[0]


@pytest.mark.parametrize(("live", "target"), [((True, False), 1), ((False, False), 0), ((None, None), None)])
def test_the_critic_of_a_wrong_draft_learns_the_last_right_step(
    tmp_path: Path, live: tuple[bool | None, bool | None], target: int | None
) -> None:
    played = Played(tmp_path / "run", [ASTRAY, RIGHT], [says("backtrack"), says("terminate")])
    with LabelWriter(played.out) as writer:
        for node, verdict in enumerate(live, 1):
            if verdict is not None:
                writer.append([Label(trajectory="sum#0", node=node, method=Method.HUMAN, live=verdict)])
    rows = played.rows("critic")
    assert [row["prompt"] for row in rows] == played.asked("critic")
    verdicts = [json.loads(said(row)) for row in rows]
    assert [verdict["action"] for verdict in verdicts] == ["backtrack", "terminate"]
    assert verdicts[0]["target"] == target


def test_texts_of_a_file_are_those_of_the_rows(tmp_path: Path) -> None:
    for chair in ("policy", "critic"):
        (tmp_path / f"{chair}.toml").write_text(f'system = "You are the {chair} in a play."\n')
    given = {f"{chair}_settings": {"prompts": str(tmp_path / f"{chair}.toml")} for chair in ("policy", "critic")}
    played = Played(tmp_path / "run", [RIGHT], [says("terminate")], **given)
    for chair in ("policy", "critic"):
        (row,) = played.rows(chair)
        assert row["prompt"][0]["content"] == f"You are the {chair} in a play."
        assert [row["prompt"]] == played.asked(chair)
    (tmp_path / "critic.toml").unlink()
    with pytest.raises(ConfigError, match="can't be read"):
        export(played.out, tmp_path / "more", formats="critic")
