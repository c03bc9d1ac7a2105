"""What is asked of a real language model, in this process and behind a server: the protocol, never its wits."""

import json
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import longthought as lt
from longthought.agents.dialects.prose import FIELDS, LONGEST_CRITIQUE
from longthought.labels.label import FILE, Label, Method
from longthought.problems.problem import AnswerReference, Problem, Task
from longthought.trajectories.events import Author, Call, Failed, Failure, Judged, Proposed

ROOT: Final = Path(lt.__file__).parents[1]
_STATEMENTS: Final = {
    "Mia has 7 red marbles and twice as many blue ones. How many marbles does she have in all?": "21",
    "A ticket costs 4 coins. Omar buys 6 tickets and pays with 30 coins. How many coins does he get back?": "6",
    "A shelf holds 5 rows of 8 jars. Nine of the jars are empty. How many jars are full?": "31",
}
TASKS: Final = [
    Task(problem=Problem(id=f"p{n}", statement=statement, domain="math"), reference=AnswerReference(answer=answer))
    for n, (statement, answer) in enumerate(_STATEMENTS.items())
]
SETTINGS: Final[Mapping[str, Any]] = {
    "rounds": 2,
    "tools": [],
    "policy_settings": {"max_tokens": 80, "temperature": 0.0, "stop": [". ", "\n\n"]},
    "critic_settings": {"max_tokens": 1_100},
}
"""A critique takes at most a token a character, so that no verdict is cut; a step is a sentence, and no tool keeps it
from the critic."""


def longthought(*words: object) -> None:
    command = [sys.executable, "-m", "longthought", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr


def play(out: Path, model: str, **settings: Any) -> list[lt.Trajectory]:
    """Let a model debate the problems, in both chairs."""
    return list(lt.generate(TASKS, out=out, policy=model, critic=model, **{**SETTINGS, **settings}))


def calls(debates: Sequence[lt.Trajectory], by: Author) -> list[Call]:
    return [call for debate in debates for event in debate.events if event.by is by for call in event.calls]


def failures(debates: Sequence[lt.Trajectory]) -> list[Failed]:
    return [event for debate in debates for event in debate.events if isinstance(event, Failed)]


def expect_verdicts_of_the_schema(debates: Sequence[lt.Trajectory]) -> None:
    """Check that every call of the critic was a verdict that is legal there, at the first try."""
    lost = {failure.failure for failure in failures(debates)}
    assert not lost & {Failure.UNREADABLE_VERDICT, Failure.ILLEGAL_VERDICT, Failure.MODEL, Failure.INTERNAL}
    judged = [event for debate in debates for event in debate.events if isinstance(event, Judged)]
    assert len(judged) == len(calls(debates, Author.CRITIC)) > 0
    for call in calls(debates, Author.CRITIC):
        said = json.loads(call.text)
        assert tuple(said) == FIELDS
        assert len(said["critique"]) <= LONGEST_CRITIQUE
        assert 0 <= said["score"] <= 1
        assert call.finish_reason == "stop"


def expect_scores_from_logprobs(debates: Sequence[lt.Trajectory]) -> None:
    """Check that the critic of one word was as sure as its first token."""
    assert calls(debates, Author.CRITIC)
    for call in calls(debates, Author.CRITIC):
        assert call.logprobs
        assert call.logprobs[0] <= 0
        assert call.usage.completion <= 2
    for debate in debates:
        for event in debate.events:
            if isinstance(event, Judged):
                (call,) = event.calls
                assert call.logprobs
                sure = math.exp(call.logprobs[0])
                holds = call.text.lower().lstrip().startswith("yes")
                assert event.verdict.score is not None
                assert abs(event.verdict.score - (sure if holds else 1 - sure)) < 1e-3


def expect_cut_replies_to_be_no_steps(debates: Sequence[lt.Trajectory]) -> None:
    """Check that a policy that may write few tokens gets nothing into the tree but what it ended itself."""
    cut = [call for call in calls(debates, Author.POLICY) if call.finish_reason == "length"]
    assert cut
    for debate in debates:
        for event in debate.events:
            if isinstance(event, Proposed) and event.by is Author.POLICY and event.calls:
                assert event.calls[-1].finish_reason == "stop"
    lost = [failure for failure in failures(debates) if failure.failure is Failure.UNREADABLE_STEP]
    assert lost
    assert all("cut off after" in failure.detail for failure in lost)


def label_all(run: Path) -> None:
    """Say as a person that every step is wrong but one, so that there is something to learn whatever was solved."""
    lines: list[str] = []
    for debate in lt.Run(run).trajectories():
        steps = [event for event in debate.events if isinstance(event, Proposed)]
        for step in steps:
            live = not lines
            label = {"trajectory": step.trajectory, "node": step.node, "method": Method.HUMAN, "live": live}
            lines.append(Label.model_validate({**label, "reason": "" if live else "It is wrong."}).model_dump_json())
    assert len(lines) > 1
    (run / FILE).write_text("\n".join(lines) + "\n")


def train_a_step(run: Path, base: Path, folder: Path) -> dict[str, Path]:
    """Export the run for each chair and train one step of LoRA on it; return the adapters."""
    label_all(run)
    for role in ("policy", "critic"):
        longthought("export", run, "--format", role, "--out", folder / f"{role}-data", "--validation", 0)
        longthought(
            *("train", "sft", folder / f"{role}-data", "--base", base, "--out", folder / role),
            *("--lora-rank", 4, "--steps", 1, "--batch", 1, "--max-length", 512),
        )
    return {role: folder / role for role in ("policy", "critic")}
