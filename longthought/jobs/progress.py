"""What a running job can tell about itself: plain counts, for a display or a summary."""

import time
from collections import Counter
from dataclasses import dataclass, field

from longthought.problems.problem import Record
from longthought.trajectories.events import AnyEvent, Author, Failed, Finished, Graded, StopReason, Usage


class Tokens(Record):
    """The token bill by role."""

    policy: Usage = Usage()
    critic: Usage = Usage()


class Summary(Record):
    """How a job ended; the last line of `generate --json`."""

    problems: int
    trajectories: int
    finished: int
    """Debates that came to an end of their own."""
    failed: int
    """Debates ended by a failure; they count as unsolved."""
    solved: int
    graded: int
    """Debates the reference checker could decide."""
    tokens: Tokens
    requests: int
    seconds: float
    """Wall time of this run of the job."""
    resumed: int
    """Debates that went on from the middle."""


@dataclass(slots=True)
class Progress:
    """Counts that grow with every event; a job feeds it, a display reads it."""

    problems: int = 0
    total: int = 0
    """Debates in the whole job."""
    resumed: int = 0
    done_before: int = 0
    """Debates that an earlier run had ended."""
    in_flight: int = 0
    finished: int = 0
    failed: int = 0
    solved: int = 0
    graded: int = 0
    requests: int = 0
    rounds: int = 0
    stops: Counter[StopReason] = field(default_factory=Counter[StopReason])
    policy: Usage = field(default_factory=Usage)
    critic: Usage = field(default_factory=Usage)
    fresh_tokens: int = 0
    """Tokens of this run alone, for the rate."""
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Seconds since the job began."""
        return time.monotonic() - self.began

    @property
    def done(self) -> int:
        """Debates over, one way or the other."""
        return self.finished + self.failed

    def see(self, event: AnyEvent, *, old: bool = False) -> None:
        """Count an event; `old` ones were in the log before this run."""
        match event:
            case Finished():
                self.stops[event.reason] += 1
                if event.reason is StopReason.FAILED:
                    self.failed += 1
                else:
                    self.finished += 1
            case Graded():
                self.graded += event.solved is not None
                self.solved += event.solved is True
            case Failed() if event.fatal:
                pass
            case _:
                self.rounds += event.kind == "proposed"
        for call in event.calls:
            self.requests += 1
            if event.by is Author.CRITIC:
                self.critic += call.usage
            else:
                self.policy += call.usage
            if not old:
                self.fresh_tokens += call.usage.total

    def settle(self) -> None:
        """Mark the point where the log has been read and this run begins."""
        self.done_before, self.began = self.done, time.monotonic()

    def summary(self) -> Summary:
        """Sum up."""
        return Summary(
            problems=self.problems,
            trajectories=self.total,
            finished=self.finished,
            failed=self.failed,
            solved=self.solved,
            graded=self.graded,
            tokens=Tokens(policy=self.policy, critic=self.critic),
            requests=self.requests,
            seconds=round(self.seconds, 2),
            resumed=self.resumed,
        )
