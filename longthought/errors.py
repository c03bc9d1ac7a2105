"""Every error longthought raises on purpose, in one tree.

    LongthoughtError
    ├── UserError            the caller can fix it: exit code 2
    │   ├── ProblemError     a problem or data set that can't be read
    │   ├── ModelError       an unknown, unreadable or unsuitable model
    │   ├── ConfigError      options that don't make sense together
    │   └── RunFolderError   a run folder that isn't what was asked for
    └── RunError             something outside failed while running: exit code 1
        ├── EndpointError    a model server that can't be reached or misbehaves
        │   ├── RefusedError     a server that understood a request and refused it
        │   └── OutageError      a server that would fail any request: no debate is to blame, and the job stops
        ├── EngineError      an in-process engine that stopped
        ├── CollapseError    a training that ruins its agent before there is anything to keep
        └── LogError         a log that can't be written: no debate is to blame, and the job stops

Messages name the value, the reason and the next thing to do. Anything else that escapes is a bug.
"""


class LongthoughtError(Exception):
    """The root: catch this to catch everything raised on purpose."""

    exit_code = 1


class UserError(LongthoughtError):
    """Something the caller can fix; the command line exits with 2."""

    exit_code = 2


class ProblemError(UserError):
    """A problem or a data set that can't be read."""


class ModelError(UserError):
    """An unknown model or provider, or one that can't do what is asked of it."""


class ConfigError(UserError):
    """Options that don't make sense, alone or together."""


class RunFolderError(UserError):
    """A run folder that is not what was asked for."""


class RunError(LongthoughtError):
    """Something outside failed while running; the command line exits with 1."""


class EndpointError(RunError):
    """A model server that can't be reached, or answers with an error."""


class RefusedError(EndpointError):
    """A server understood a request and refused it; sending it again is pointless."""

    def __init__(self, message: str, *, status: int, said: str, param: str = "") -> None:
        """Keep the HTTP status, the server's own words and the field that it blames, if any, beside the message."""
        super().__init__(message)
        self.status = status
        self.said = said
        self.param = param


class OutageError(EndpointError):
    """A server would fail any request: it is gone, takes no key of ours, or hasn't the model. No debate is to blame."""


class EngineError(RunError):
    """An in-process engine that stopped."""


class CollapseError(RunError):
    """A training that ruins its agent before there is anything to keep."""


class LogError(RunError):
    """The log of a run can't be written, as on a full disk. No debate is to blame."""
