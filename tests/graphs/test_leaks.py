"""Answers can't leak: a nonsense string planted in every reference turns up in no prompt, no file and no log."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.catalogue import DIALECTS
from longthought.errors import EndpointError
from longthought.trajectories.events import Failure, StopReason
from longthought.trajectories.trajectory import Trajectory
from tests.fakes.scripted import Line, ScriptedChatModel
from tests.graphs.test_debate import COMPACT, PROSE, Language

WORD = "zyxquorblefenwick"
"""An answer in words, which is compared as text."""
NUMBER = "73190462858113"
"""An answer that is a number, which is compared as one."""
ID = "gribblethwaite"
"""In the ids of problems: they are in the log, and no agent's business."""


@dataclass
class Job:
    """A job that was run, and everywhere a string could turn up in."""

    trajectories: list[Trajectory]
    prompts: list[str]
    folder: list[str]
    logged: str

    def places(self, canary: str) -> set[str]:
        """Say where a string turns up, however it is written."""
        found = {"prompts": self.prompts, "folder": self.folder, "log": [self.logged]}
        found["trajectories"] = [repr(event) for t in self.trajectories for event in t.events]
        return {place for place, texts in found.items() if any(canary in plain(text) for text in texts)}


def plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())


class Said:
    """What the policy says: debates go every way, and some break. Told apart by the mark in the statement."""

    def __init__(self, told: Language) -> None:
        self.told, self.asked = told, 0

    def policy(self, messages: list[Any]) -> Line:
        self.asked += 1
        if self.asked % 11 == 0:
            return EndpointError("the server is gone")
        if self.asked % 13 == 0:
            return ZeroDivisionError("a defect, for the log")
        steps = (self.told.first, self.told.second, self.told.last, self.told.miscalculated, self.told.nonsense)
        return steps[min(self.path(messages), 2) if self.asked % 4 else self.asked % 5]

    def critic(self, messages: list[Any]) -> Line:
        self.asked += 1
        if self.asked % 17 == 0:
            return self.told.nonsense
        if self.asked % 7 == 0:
            return self.told.says(("reflect", "backtrack")[self.asked % 2])
        return self.told.says("terminate" if self.path(messages) == 3 else "continue")

    def path(self, messages: list[Any]) -> int:
        text = "".join(str(m.content) for m in messages)
        known = [step in text for step in (self.told.first, self.told.second, self.told.last)]
        return known.index(False) if False in known else 3


@pytest.fixture
def run(tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Any:
    caplog.set_level(logging.DEBUG)

    def run(told: Language, statement: str, references: list[str]) -> Job:
        problems = tmp_path / f"problems-{told.dialect}.jsonl"
        with problems.open("w") as file:
            for number, answer in enumerate(references):
                line = {"id": f"{ID}-{number}", "statement": statement, "domain": "math"}
                file.write(json.dumps({**line, "reference": {"answer": answer}}) + "\n")
        said, dialect = Said(told), DIALECTS[told.dialect]()
        models = [ScriptedChatModel(said.policy), ScriptedChatModel(said.critic)]
        found = list(
            lt.generate(
                problems,
                out=tmp_path / f"run-{told.dialect}",
                samples=2,
                concurrency=1,
                rounds=12,
                policy=Policy("fake:policy", models[0], dialect),
                critic=Critic("fake:critic", models[1], dialect),
            )
        )
        printed = capfd.readouterr()
        return Job(
            trajectories=found,
            prompts=[
                text for model in models for text in [*model.prompts, *map(repr, model.seen), repr(model.options)]
            ],
            folder=list(files(tmp_path / f"run-{told.dialect}")),
            logged=caplog.text + printed.out + printed.err,
        )

    return run


def files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        yield path.name
        if path.is_file():
            yield from path.read_text().splitlines()


@pytest.mark.parametrize("told", [PROSE, COMPACT], ids=lambda told: told.dialect)
def test_no_reference_turns_up_anywhere(run: Any, told: Language) -> None:
    job: Job = run(told, told.statement, [WORD, NUMBER, told.answer] * 6)
    assert job.places(WORD) == set()
    assert job.places(NUMBER) == set()
    assert job.places(ID) == {"folder", "log", "trajectories"}, "ids are the log's business, and no agent's"

    # The references were there: answers were graded by them. And debates ended in every way that writes something.
    graded = [(t.problem.id, t.solved) for t in job.trajectories if t.answer]
    right = {f"{ID}-{n}" for n in range(2, 18, 3)}
    assert {solved for name, solved in graded if name in right} == {True}
    assert {solved for name, solved in graded if name not in right} <= {False, None}
    assert {name in right for name, _ in graded} == {True, False}
    assert {StopReason.ANSWERED, StopReason.FAILED} <= {t.stop_reason for t in job.trajectories}
    failures = {getattr(event, "failure", None) for t in job.trajectories for event in t.events}
    assert {Failure.MODEL, Failure.INTERNAL} <= failures
    assert "a defect, for the log" in job.logged


def test_a_leak_would_be_found(run: Any) -> None:
    leaky = f"{PROSE.statement} (It is {WORD[:8].upper()}-{WORD[8:]}.)"
    job: Job = run(PROSE, leaky, [WORD] * 6)
    assert job.places(WORD) == {"prompts", "folder", "trajectories"}
    assert job.places(PROSE.answer) >= {"prompts", "folder", "trajectories"}
