"""One debate: found by its index, and answered whole or as a thought."""

from collections.abc import Mapping
from dataclasses import dataclass

from longthought.errors import RunFolderError
from longthought.labels.label import Label, in_force
from longthought.thoughts.compiler import long_thought
from longthought.thoughts.walks import Walk
from longthought.trajectories.events import AnyEvent, Started
from longthought.trajectories.trajectory import Trajectory
from longthought.viewer.answers import Debate, Row, SentenceView, Thought
from longthought.viewer.errors import UnknownError
from longthought.viewer.index import RunIndex
from longthought.viewer.store import Store


@dataclass(frozen=True, slots=True)
class LocatedDebate:
    """A debate that was found through the index, and read."""

    index: RunIndex
    key: int
    trajectory: Trajectory
    labels: Mapping[int, Label]
    """The label in force on each node that has one."""
    parts: tuple[str, ...]
    """The names of its sub-debates."""


def located(store: Store, index: RunIndex, name: str) -> LocatedDebate:
    """Read a debate.

    Raises:
        UnknownError: if the run has no such debate.
        RunFolderError: if a line can't be read.

    """
    found = store.ask(
        "SELECT key, lines, labels FROM debates JOIN places USING (key) WHERE run = ? AND id = ?",
        (index.number, name),
    )
    if not found:
        raise UnknownError(f"{index.path} has no debate {name!r}")
    key, events, labels = found[0]
    parts = store.ask("SELECT id FROM debates WHERE run = ? AND root = ? ORDER BY key", (index.number, name))
    trajectory = index.trajectory(name, events)
    return LocatedDebate(index, key, trajectory, in_force(index.labels(labels)), tuple(part for (part,) in parts))


def whole(record: LocatedDebate, row: Row) -> Debate:
    """Return a debate with all its events.

    Raises:
        RunFolderError: if its log holds no first event.

    """
    events = record.trajectory.events
    first = events[0] if events else None
    if not isinstance(first, Started):
        raise RunFolderError(f"{row.run}: the first event of {row.id!r} is missing: its log has a hole")
    error = f"event {len(events)} is missing: the debate is shown up to there" if row.broken else ""
    return Debate(
        row=row, problem=first.problem, config=first.config, events=tuple(map(_light, events)),
        labels=tuple(record.labels.values()), parts=record.parts,
        grade_detail=record.trajectory.grade_detail, error=error,
    )  # fmt: skip


def _light(event: AnyEvent) -> AnyEvent:
    """Return an event without token ids and log-probabilities."""
    if not any(call.token_ids or call.logprobs for call in event.calls):
        return event
    calls = (call.model_copy(update={"token_ids": None, "logprobs": None}) for call in event.calls)
    return event.model_copy(update={"calls": tuple(calls)})


def told(record: LocatedDebate, walk: Walk) -> Thought:
    """Return a debate as one long thought.

    Raises:
        ConfigError: if there is no right answer to walk to.

    """
    live = {node: label.live for node, label in record.labels.items() if label.live is not None}
    thought = long_thought(record.trajectory, walk, labels=live)
    return Thought(
        walk=thought.walk, voice=thought.voice, answer=thought.answer, wrong_turns=thought.wrong_turns,
        steps=thought.steps,
        sentences=tuple(
            SentenceView(text=s.text, gap=s.gap, factor=s.factor, node=s.node, events=s.events)
            for s in thought.sentences
        ),
    )  # fmt: skip
