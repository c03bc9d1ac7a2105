"""The examiner's side of an examination: runs the hidden tests, in a process that the candidate can't see into.

The tests see stand-ins for what the candidate defined; each call goes over a pipe as plain data, and values are rebuilt
and compared here. So there is no frame, module, builtin or file descriptor through which a candidate could read the
tests or write the mark: it can only give answers.
"""

import builtins
import json
from collections.abc import Sequence
from typing import Any, Final, cast

from longthought.tools.sandbox import plain, wire

_MAX_ANSWER: Final = 16 << 20
"""Maximum number of bytes of one answer."""
_SILENT: Final = (StopIteration, StopAsyncIteration)
"""Exceptions that would silently end a loop of the tests if they were raised here."""


class CandidateError(Exception):
    """A fault of the candidate that has no builtin exception of its own."""


class Unsupported(Exception):
    """The tests need something that can't be done across the pipe, whatever the candidate is."""


class CandidatePipe:
    """The pipe to the candidate."""

    def __init__(self, requests: int, replies: int) -> None:
        """Keep the descriptors to write requests to and to read replies from."""
        self._requests, self._replies = requests, replies
        self.calls = 0

    def defined(self) -> list[str]:
        """Wait until the candidate's code has run, and return the names it defined."""
        names = self._reply().get("defined")
        return [n for n in cast(list[Any], names) if isinstance(n, str)] if isinstance(names, list) else []

    def ask(self, request: dict[str, Any]) -> Any:
        """Send a request and return the value of the answer, or raise what the candidate raised."""
        self.calls += 1
        try:
            data = wire.packed(request)
        except (ValueError, RecursionError) as error:
            raise Unsupported(f"an argument can't be sent: {error}") from None
        try:
            wire.put(self._requests, data)
        except OSError:
            raise CandidateError("it is gone") from None
        reply = self._reply()
        try:
            return plain.decode(reply["value"], lambda number: Standin(self, {"object": number}))
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError):
            raise CandidateError("its answer can't be read") from None

    def _reply(self) -> dict[str, Any]:
        try:
            reply = wire.receive(self._replies, _MAX_ANSWER)
        except EOFError:
            raise CandidateError("it ended without an answer") from None
        except (ValueError, RecursionError):
            raise CandidateError("its answer can't be read") from None
        if not isinstance(reply, dict):
            raise CandidateError("its answer can't be read")
        fields = cast(dict[str, Any], reply)
        if "raised" in fields:
            raise _exception(fields["raised"], str(fields.get("message", "")))
        return fields


class Standin:
    """Stands for an object of the candidate: it can be called and asked for attributes, and equals only itself."""

    def __init__(self, pipe: CandidatePipe, target: dict[str, Any]) -> None:
        """Stand for a named or a numbered object."""
        self._pipe, self._target = pipe, target

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call the object in the candidate's process."""
        return self._pipe.ask(
            {
                **self._target,
                "arguments": plain.encode(arguments, _object_number),
                "keywords": plain.encode(keywords, _object_number),
            }
        )

    def __getattr__(self, name: str) -> Any:
        """Look up an attribute in the candidate's process."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self._pipe.ask({**self._target, "attribute": name})


def examine(tests: str, names: Sequence[str], requests: int, replies: int, mark_pipe: int) -> None:
    """Run the tests against the candidate and write the mark: `{"mark", "detail"}`."""
    mark, detail = _examine(tests, names, CandidatePipe(requests, replies))
    wire.put(mark_pipe, json.dumps({"mark": mark, "detail": detail[:2000]}).encode())


def _examine(tests: str, names: Sequence[str], pipe: CandidatePipe) -> tuple[str, str]:
    try:
        compiled = compile(tests, "<tests>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return "unsupported", f"the tests can't be read: {type(error).__name__}"
    try:
        defined = pipe.defined()
        visible = names or [name for name in defined if not hasattr(builtins, name)]
        scope: dict[str, Any] = {
            "__name__": "tests",
            **{n: Standin(pipe, {"name": n}) for n in visible if n in defined},
        }
        exec(compiled, scope)
    except Unsupported as error:
        return "unsupported", str(error)
    except BaseException as error:
        return "failed", _where(error)
    if not pipe.calls:
        return "unsupported", "the tests never call what the candidate defined"
    return "passed", ""


def _where(error: BaseException) -> str:
    """Name the line of the tests and the exception, but none of the tests' text."""
    line, here = None, error.__traceback__
    while here is not None:
        if here.tb_frame.f_code.co_filename == "<tests>":
            line = here.tb_lineno
        here = here.tb_next
    kind = type(error).__name__
    description = f"{kind}: {error}" if isinstance(error, CandidateError) else kind
    return f"test line {line}: {description}" if line is not None else f"the candidate's code: {description}"


def _object_number(value: Any) -> int:
    if isinstance(value, Standin):
        target: dict[str, Any] = value.__dict__["_target"]
        if "object" in target:
            return target["object"]
    raise Unsupported(f"the tests pass a {type(value).__name__}, which is no plain value")


def _exception(raised: Any, message: str) -> Exception:
    """Rebuild the nearest builtin exception; what isn't an ordinary error becomes a `CandidateError`."""
    kinds = [kind for kind in cast(list[Any], raised) if isinstance(kind, str)] if isinstance(raised, list) else []
    for kind in kinds:
        builtin = getattr(builtins, kind, None)
        if isinstance(builtin, type) and issubclass(builtin, Exception) and builtin is not Exception:
            if issubclass(builtin, (*_SILENT, UnicodeError, BaseExceptionGroup)):
                break
            return builtin(message)
    return CandidateError(f"{kinds[0] if kinds else 'an exception'}: {message}")
