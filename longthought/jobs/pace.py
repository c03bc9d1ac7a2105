"""The speed of a job: its rates over the last seconds, and the time left.

Rates are those of the recent past, so that a stalled server shows at once; the time left is estimated from the whole
run, since debates end in waves. It reads counts and a clock, and keeps only a few readings.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from longthought.jobs.progress import Progress

WINDOW: Final = 20.0
"""Seconds over which rates are measured."""
_STEP: Final = 0.5
"""Minimum number of seconds between readings."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates, each per second."""

    requests: float = 0.0
    policy: float = 0.0
    """Tokens written by the policy."""
    critic: float = 0.0
    """Tokens written by the critic."""
    read: float = 0.0
    """Prompt tokens of both agents."""


class Pace:
    """The rates of one job."""

    def __init__(self, progress: Progress, *, window: float = WINDOW) -> None:
        """Watch a job, over the last `window` seconds."""
        self._progress, self._window = progress, window
        self._began = progress.began
        self._readings: deque[tuple[float, tuple[int, ...]]] = deque()

    def rates(self, now: float) -> Rates:
        """Return the rates at `now`, a reading of `time.monotonic`."""
        if self._progress.began != self._began:  # until then, the job was reading its log
            self._began = self._progress.began
            self._readings.clear()
        counts = self._counts()
        if not self._readings:
            self._readings.append((self._began, (0, 0, 0, 0)))
        if now - self._readings[-1][0] >= _STEP:
            self._readings.append((now, counts))
        while len(self._readings) > 1 and self._readings[1][0] <= now - self._window:
            self._readings.popleft()
        then, before = self._readings[0]
        return Rates(*((new - old) / max(now - then, _STEP) for new, old in zip(counts, before, strict=True)))

    def left(self, now: float) -> float | None:
        """Return the seconds left at `now`; None before the first debate has ended, or if their number is unknown."""
        progress = self._progress
        fresh = progress.done - progress.done_before
        if progress.expected is None or fresh < 1:
            return None
        return max(0, progress.expected - progress.done) * (now - progress.began) / fresh

    def _counts(self) -> tuple[int, ...]:
        policy, critic = self._progress.policy_now, self._progress.critic_now
        return (
            policy.requests + critic.requests,
            policy.completion,
            critic.completion,
            policy.prompt + critic.prompt,
        )
