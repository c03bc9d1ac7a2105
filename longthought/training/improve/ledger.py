"""The ledger of an improvement loop: one line of JSON for each stage and each decision, never changed.

What is in the ledger has happened, so a loop that was stopped goes on behind its last line.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from longthought.errors import RunFolderError
from longthought.record import Record
from longthought.training.request import Role

FILE: Final = "ledger.jsonl"


class Stage(Record):
    """Something that was done: debates, labels, problems, data, a training or a validation."""

    kind: Literal["stage"] = "stage"
    round: int
    lesson: str = ""
    """The lesson that it belongs to; empty if it belongs to the whole round."""
    stage: str
    """What was done: generate, label, problems, export, train, validate, or skip where there was nothing to learn."""
    folder: str
    """Where the result is, relative to the loop's folder."""
    seconds: float
    """Seconds that it took, since it was last begun."""
    tokens: int = 0
    """Computed tokens of both agents, where debates were played."""
    figures: dict[str, Any] = Field(default_factory=dict)
    """What came of it."""


class Decision(Record):
    """Whether a candidate took its chair."""

    kind: Literal["decision"] = "decision"
    round: int
    lesson: str
    role: Role
    level: int
    """The level of the validation problems, from 0."""
    candidate: str
    """The candidate, as a model's name."""
    before: str
    """The agent that was in the chair; empty if there was none."""
    rival: str = ""
    """The validation run of the agents in the chairs, relative to the loop's folder; empty if there was none."""
    solved: tuple[int, int]
    """Validation problems that candidate and the agent before it solved."""
    of: int
    """Number of validation problems."""
    gain: float
    """Difference of the shares solved."""
    low: float
    high: float
    """The interval of the gain."""
    promoted: bool
    why: str
    seed: int
    settings: dict[str, Any]
    """The lesson, as the recipe has it."""
    tokens: int
    """Computed tokens of the whole loop so far, validation included."""


class NewLevel(Record):
    """The problems get harder."""

    kind: Literal["level"] = "level"
    round: int
    """The last round of the level before."""
    level: int
    solved: float
    """Share of validation problems of the level before that were solved."""


Line = Annotated[Stage | Decision | NewLevel, Field(discriminator="kind")]
_LINE: Final[TypeAdapter[Stage | Decision | NewLevel]] = TypeAdapter(Line)


class Ledger:
    """The lines of a loop's folder."""

    def __init__(self, folder: Path) -> None:
        """Read what has happened; a last line that was cut off is dropped.

        Raises:
            RunFolderError: if another line can't be read.

        """
        self.path = folder / FILE
        self.lines: list[Stage | Decision | NewLevel] = []
        whole = self.path.read_bytes() if self.path.exists() else b""
        sound = whole[: whole.rfind(b"\n") + 1]
        if len(sound) < len(whole):
            os.truncate(self.path, len(sound))
        for number, line in enumerate(sound.splitlines(), start=1):
            try:
                self.lines.append(_LINE.validate_json(line))
            except ValidationError as error:
                raise RunFolderError(f"{self.path}: line {number} can't be read; restore the file") from error

    def add(self, line: Stage | Decision | NewLevel) -> None:
        """Append a line, and wait until it is on the disk."""
        with self.path.open("ab") as file:
            file.write(line.model_dump_json().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self.lines.append(line)

    def stage(self, round: int, lesson: str, stage: str) -> Stage | None:
        """Return the line of a stage; None if it hasn't ended."""
        wanted = (round, lesson, stage)
        return next((s for s in self.stages if (s.round, s.lesson, s.stage) == wanted), None)

    @property
    def stages(self) -> list[Stage]:
        """The stages that have ended."""
        return [line for line in self.lines if isinstance(line, Stage)]

    @property
    def decisions(self) -> list[Decision]:
        """The decisions so far."""
        return [line for line in self.lines if isinstance(line, Decision)]

    def decision(self, round: int, lesson: str) -> Decision | None:
        """Return a decision; None if it hasn't been made."""
        return next((d for d in self.decisions if (d.round, d.lesson) == (round, lesson)), None)

    @property
    def level(self) -> int:
        """The level of the problems."""
        return max((line.level for line in self.lines if isinstance(line, NewLevel)), default=0)

    @property
    def tokens(self) -> int:
        """Computed tokens of all debates."""
        return sum(stage.tokens for stage in self.stages)

    def champion(self, role: Role, first: str) -> str:
        """Return the agent in a chair."""
        return next((d.candidate for d in reversed(self.decisions) if d.promoted and d.role == role), first)
