"""Results of the sandbox: how a run ended and what it printed, and whether a candidate passed hidden tests."""

from dataclasses import dataclass
from enum import StrEnum


class RunStatus(StrEnum):
    """How a run ended. None of them means that the code is right."""

    OK = "ok"
    """The code ran to its end."""
    ERROR = "error"
    """An exception ended it, or it could not be compiled."""
    TIMEOUT = "timeout"
    """It was stopped when its time was up."""
    OOM = "oom"
    """It asked for more memory than it may have."""
    OUTPUT_LIMIT = "output_limit"
    """It was stopped because it printed, or wrote to files, more than it may."""
    CRASHED = "crashed"
    """It left the interpreter, or took it down."""
    SANDBOX_UNAVAILABLE = "sandbox_unavailable"
    """Nothing was run: this machine offers no confinement; `detail` says why and how to fix it."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of one run."""

    run: RunStatus
    stdout: str = ""
    """What it printed, up to the limit."""
    stderr: str = ""
    """The end of its standard error, with the traceback."""
    seconds: float = 0.0
    """From the start of the run to its end, without the wait for a worker."""
    detail: str = ""
    """More about how it ended, if anything."""


class Mark(StrEnum):
    """The outcome of an examination."""

    PASSED = "passed"
    """Every test ran to its end and none failed."""
    FAILED = "failed"
    """A test failed, or the candidate raised, hung, crashed or could not be read."""
    UNSUPPORTED = "unsupported"
    """The tests can't be run in this way against any candidate; this says nothing about this one."""
    UNAVAILABLE = "unavailable"
    """Nothing was run."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result of one examination."""

    mark: Mark
    detail: str = ""
    """Where and how it failed; none of the tests' text."""
    seconds: float = 0.0
