"""Which debates training data is made of, by what they are as a whole."""

from collections.abc import Mapping

from pydantic import Field, ValidationError, model_validator

from longthought.errors import ConfigError
from longthought.record import Record
from longthought.training.data.annotated import agrees
from longthought.trajectories.events import Judged
from longthought.trajectories.trajectory import Trajectory


class Filters(Record):
    """Conditions that a debate, or a row made of it, must meet; None asks for nothing."""

    outcome: str | None = Field(default=None, pattern="^(solved|failed)$")
    """`solved` or `failed`, by the grade."""
    backtracks: tuple[int, int | None] | None = None
    """At least and at most so many times back; None for no upper limit."""
    agreement: float | None = Field(default=None, ge=0, le=1)
    """At least this share of the critic's verdicts must fit where their steps lead, of those known."""
    max_length: int | None = Field(default=None, ge=1)
    """Prompt and completion together at most."""

    @model_validator(mode="after")
    def _in_order(self) -> "Filters":
        if self.backtracks and self.backtracks[1] is not None and self.backtracks[1] < self.backtracks[0]:
            low, high = self.backtracks
            raise ValueError(f"the upper limit is below the lower one; write {high}-{low}")
        return self

    @classmethod
    def read(
        cls, *, outcome: str | None, backtracks: str | None, agreement: float | None, max_length: int | None
    ) -> "Filters":
        """Read filters as they are written on a command line, backtracks as `2`, `1-8` or `1-`.

        Raises:
            ConfigError: naming the one that makes no sense.

        """
        try:
            limits = None if backtracks is None else _limits(backtracks)
            return cls(outcome=outcome, backtracks=limits, agreement=agreement, max_length=max_length)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = "-".join(str(part) for part in first["loc"][:1]) or "backtracks"
            given = {"outcome": outcome, "agreement": agreement, "max_length": max_length}.get(name, backtracks)
            said = (
                "choose solved or failed" if name == "outcome" else first["msg"].removeprefix("Value error, ").lower()
            )
            raise ConfigError(f"--{name.replace('max_length', 'max-length')} {given}: {said}") from error

    def objection(self, trajectory: Trajectory, lives: Mapping[int, bool]) -> str | None:
        """Say why a debate is left out; None if it is not."""
        if self.outcome is not None and trajectory.solved is not (self.outcome == "solved"):
            return f"not {self.outcome}"
        if self.backtracks is not None:
            low, high = self.backtracks
            if trajectory.backtracks < low or (high is not None and trajectory.backtracks > high):
                return "with too few or too many backtracks"
        if self.agreement is not None and agreement(trajectory, lives) < self.agreement:
            return "whose critic disagrees with the outcome"
        return None


def _limits(text: str) -> tuple[int, int | None]:
    low, dash, high = text.partition("-")
    if not low.strip().isdecimal() or not (high.strip().isdecimal() or not high.strip()):
        raise ConfigError(f"--backtracks {text}: write a number or a range, such as 0, 1-8 or 1-")
    if not dash:
        return int(low), int(low)
    return int(low), int(high) if high.strip() else None


def agreement(trajectory: Trajectory, lives: Mapping[int, bool]) -> float:
    """Return the share of verdicts that fit where their steps lead, of those where that is known; 1 if of none."""
    known = [e for e in trajectory.events if isinstance(e, Judged) and e.node in lives]
    if not known:
        return 1.0
    return sum(agrees(event.verdict, lives[event.node]) for event in known) / len(known)
