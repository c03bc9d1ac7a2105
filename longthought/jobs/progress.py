"""The counts of a job, for a display, a scraper or a summary.

Counts cover the whole job, earlier runs included, unless they say otherwise. This module does not know how they are
shown.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from longthought.errors import RunError
from longthought.files import write_whole
from longthought.graphs.sampling.attempts import begins
from longthought.record import Record
from longthought.trajectories.events import AnyEvent, Author, Failed, Failure, Finished, Graded, StopReason, Usage
from longthought.trajectories.ids import root_debate

SUMMARY: Final = "summary.json"
"""The name of the summary in the run folder."""


class TokenCounts(Record):
    """The tokens used, by role."""

    policy: Usage = Usage()
    critic: Usage = Usage()


class JobSummary(Record):
    """The summary of a job: the last line of `generate --json`, and `summary.json` in the run folder."""

    problems: int
    trajectories: int
    finished: int
    """Debates that ended without a failure."""
    failed: int
    """Debates ended by a failure; they count as unsolved."""
    solved: int
    graded: int
    """Debates the reference checker could decide."""
    tokens: TokenCounts
    requests: int
    seconds: float
    """Wall time of this run of the job."""
    resumed: int
    """Debates that were resumed from their log."""

    def write(self, folder: Path) -> None:
        """Write it into the run folder, whole or not at all.

        Raises:
            RunError: if it can't be written.

        """
        target = folder / SUMMARY
        try:
            write_whole(target, self.model_dump_json(indent=2) + "\n")
        except OSError as error:
            raise RunError(f"{target}: can't be written ({error.strerror}); the log beside it is whole") from error


@dataclass(slots=True)
class Bill:
    """The cost of one role; plain numbers, since they grow with every call."""

    requests: int = 0
    prompt: int = 0
    """Prompt tokens, cached ones included."""
    cached: int = 0
    completion: int = 0
    estimated: bool = False

    def add(self, usage: Usage) -> None:
        """Count one call."""
        self.requests += 1
        self.prompt += usage.prompt
        self.cached += usage.cached
        self.completion += usage.completion
        self.estimated |= usage.estimated

    @property
    def usage(self) -> Usage:
        """The tokens as a record."""
        return Usage(prompt=self.prompt, cached=self.cached, completion=self.completion, estimated=self.estimated)


@dataclass(slots=True)
class Progress:
    """Counts that grow with every event; a job feeds it, a display reads it."""

    problems: int = 0
    total: int = 0
    """Debates in the job, as far as its problems have been read."""
    expected: int | None = None
    """Debates in the whole job; None if their number is unknown beforehand."""
    limit: int = 0
    """Maximum number of debates in flight."""
    resumed: int = 0
    done_before: int = 0
    """Debates that an earlier run had ended."""
    in_flight: int = 0
    finished: int = 0
    failed: int = 0
    solved: int = 0
    graded: int = 0
    rounds: int = 0
    attempts: int = 0
    """Attempts at problems, in a job of sampling; they have a round for each of their steps."""
    verdicts: int = 0
    """Verdicts that could be read and were legal."""
    stops: Counter[StopReason] = field(default_factory=Counter[StopReason])
    failures: Counter[Failure] = field(default_factory=Counter[Failure])
    """Why debates failed."""
    setbacks: Counter[Failure] = field(default_factory=Counter[Failure])
    """Failures that cost a round but did not end the debate."""
    last_failure: str = ""
    """The latest reason in words."""
    last_setback: str = ""
    """The latest reason of a setback in words."""
    policy: Bill = field(default_factory=Bill)
    critic: Bill = field(default_factory=Bill)
    policy_now: Bill = field(default_factory=Bill)
    """The cost of this run of the job, for the rates."""
    critic_now: Bill = field(default_factory=Bill)
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Seconds since the job began."""
        return time.monotonic() - self.began

    @property
    def done(self) -> int:
        """Debates that have ended, failed ones included."""
        return self.finished + self.failed

    @property
    def requests(self) -> int:
        """Model calls of both roles."""
        return self.policy.requests + self.critic.requests

    def see(self, event: AnyEvent, *, old: bool = False) -> None:
        """Count an event; an `old` one was in the log before this run. Only the cost of sub-debates counts."""
        if root_debate(event.trajectory) is None:
            self._count(event)
        critic = event.by is Author.CRITIC
        for call in event.calls:
            (self.critic if critic else self.policy).add(call.usage)
            if not old:
                (self.critic_now if critic else self.policy_now).add(call.usage)

    def _count(self, event: AnyEvent) -> None:
        self.attempts += begins(event)
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
                self.failures[event.failure] += 1
                self.last_failure = event.detail
            case Failed():
                self.setbacks[event.failure] += 1
                self.last_setback = event.detail
            case _:
                self.rounds += event.kind == "proposed"
                self.verdicts += event.kind == "judged"

    def settle(self) -> None:
        """Mark the moment when the log has been read and this run begins."""
        self.done_before, self.began = self.done, time.monotonic()

    def summary(self) -> JobSummary:
        """Return the summary."""
        return JobSummary(
            problems=self.problems,
            trajectories=self.total,
            finished=self.finished,
            failed=self.failed,
            solved=self.solved,
            graded=self.graded,
            tokens=TokenCounts(policy=self.policy.usage, critic=self.critic.usage),
            requests=self.requests,
            seconds=round(self.seconds, 2),
            resumed=self.resumed,
        )
