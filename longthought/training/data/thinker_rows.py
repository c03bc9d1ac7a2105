"""Rows for thinkers: a journey with its wrong turns, and the shortcut that is its twin.

Both come from one tree and lead by the same path to the same answer. A tree gives both or neither, so the twins match
example by example, whichever is exported.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from longthought.agents.dialects.thinkers import ThinkerVoice
from longthought.errors import ConfigError
from longthought.labels.label import Label
from longthought.thoughts.thought import LongThought
from longthought.thoughts.walks import Walk, right_end
from longthought.training.data.annotated import AnnotatedDebate
from longthought.training.data.request import Format
from longthought.training.data.rewrites import fingerprint
from longthought.training.data.rows import RULE, PairCandidate, RowOrigin, Ruler, TrainingRow, messages, reply
from longthought.trajectories.events import Action, Author
from longthought.trajectories.trajectory import Trajectory


@dataclass(frozen=True)
class Telling:
    """How thoughts are told."""

    voice: ThinkerVoice
    walk: Walk = Walk.DEPTH_FIRST
    wrong: int | None = 3
    """Maximum number of wrong children told at each node of a depth-first walk; None for all."""
    seed: int = 0
    thinkers: frozenset[str] = frozenset()
    """Runs in which a thinker wrote whole thoughts, which are not told again."""

    def thought(
        self, trajectory: Trajectory, walk: Walk, lives: Mapping[int, bool], reasons: Mapping[int, str]
    ) -> LongThought:
        """Tell a debate.

        Raises:
            ConfigError: if this voice can't tell the debate, or it has no right answer.

        """
        return trajectory.long_thought(
            walk, wrong=self.wrong, labels=lives, reasons=reasons, seed=self.seed, voice=self.voice
        )  # fmt: skip


def told_twins(
    debate: AnnotatedDebate, telling: Telling, left_out: Counter[str]
) -> tuple[LongThought, LongThought] | None:
    """Tell a debate as a journey and as its shortcut; None, with the reason counted, unless both can be told."""
    trajectory = debate.trajectory
    if right_end(trajectory.tree, debate.lives) is None:
        left_out["with no right answer"] += 1
        return None
    if telling.walk is Walk.CHRONOLOGICAL and not trajectory.solved:
        left_out["that did not end with a right answer"] += 1
        return None
    why = failure_reasons(trajectory, debate.labels, debate.lives)
    try:
        journey = telling.thought(trajectory, telling.walk, debate.lives, why)
        return journey, telling.thought(trajectory, Walk.SHORTCUT, debate.lives, why)
    except ConfigError:
        left_out[f"that can't be said in {telling.voice.name}"] += 1
        return None


def twins(
    debate: AnnotatedDebate, telling: Telling, ruler: Ruler, wanted: Format, left_out: Counter[str]
) -> Iterator[TrainingRow]:
    """Yield the wanted twin, if both can be told; a journey is in a model's words if a rewrite is accepted.

    Of a thinker's run, the thoughts with a right answer are yielded as they were written.
    """
    if debate.source.run in telling.thinkers:
        yield from _own_thoughts(debate, telling, ruler, wanted)
        return
    told = told_twins(debate, telling, left_out)
    if told is None:
        return
    journey, shortcut = told
    rewrite = (debate.rewrites or {}).get(fingerprint(journey.text))
    texts = (rewrite.text if rewrite else journey.text, shortcut.text)
    text, other = texts if wanted is Format.JOURNEY else texts[::-1]
    by = rewrite.model if rewrite and wanted is Format.JOURNEY else RULE
    prompt = messages(telling.voice.ask(debate.trajectory.problem))
    length, twin = ruler(text), ruler(other)
    total = sum(ruler(message["content"]) for message in prompt) + max(length, twin)
    kind = "straight" if journey.wrong_turns == 0 else "with wrong turns"
    columns: dict[str, Any] = {"prompt": prompt, "completion": reply(text)}
    if debate.rewrites is not None:
        columns["by"] = by
    yield TrainingRow(wanted, kind, debate.source, columns, shortcut.text, length, total, twin, by)


def _own_thoughts(debate: AnnotatedDebate, telling: Telling, ruler: Ruler, wanted: Format) -> Iterator[TrainingRow]:
    prompt = messages(telling.voice.ask(debate.trajectory.problem))
    asked = sum(ruler(message["content"]) for message in prompt)
    for node in debate.trajectory.steps:
        if node.answer is not None and debate.lives.get(node.id):
            length = ruler(node.text)
            columns = {"prompt": prompt, "completion": reply(node.text)}
            yield TrainingRow(wanted, "own", debate.at(node.id), columns, node.text, length, asked + length, length)


def failure_reasons(trajectory: Trajectory, labels: Mapping[int, Label], lives: Mapping[int, bool]) -> dict[int, str]:
    """Return why dead steps fail, as their labels say, where the debate itself gives no reason."""
    found: dict[int, str] = {}
    for number, label in labels.items():
        if number >= len(trajectory.tree.nodes):  # a label of another run
            continue
        node = trajectory.tree.nodes[number]
        explained = node.reason.strip() or any(
            v.action is Action.BACKTRACK and v.critique.strip() for v in node.verdicts
        )
        dead = label.live is False and lives.get(number) is False
        if dead and label.reason and not (explained and node.rejected_by is not Author.STRATEGY):
            found[number] = label.reason
    return found


def whole_samples(
    trajectory: Trajectory, source: RowOrigin, telling: Telling, left_out: Counter[str]
) -> Iterator[PairCandidate]:
    """Yield the whole debate as one thought, good if its answer was graded right and bad if it was not.

    The thought of a thinker is taken as it was written.
    """
    if trajectory.solved is None or not trajectory.finished:
        left_out["not graded"] += 1
        return
    try:
        text = _own_thought(trajectory) if source.run in telling.thinkers else _told(trajectory, telling)
    except ConfigError as error:
        left_out[str(error)] += 1
        return
    prompt = messages(telling.voice.ask(trajectory.problem))
    yield PairCandidate("dpo-policy", "sample", source, prompt, text, trajectory.solved)


def _told(trajectory: Trajectory, telling: Telling) -> str:
    try:
        return trajectory.long_thought(Walk.CHRONOLOGICAL, seed=telling.seed, voice=telling.voice).text
    except ConfigError as error:
        raise ConfigError(f"can't be said in {telling.voice.name}") from error


def _own_thought(trajectory: Trajectory) -> str:
    attempts = trajectory.tree.nodes[1:]
    if len(attempts) != 1:  # the grade is of one of them
        raise ConfigError("several attempts in one run, or none: generate one attempt per debate")
    return attempts[0].text
