"""The examiner's side of an examination: runs the hidden tests, in a process that the candidate can't see into.

The tests meet stand-ins for what the candidate defined; each call goes over a pipe as plain data, and the comparison is
made here, on values that were built here. So there is no frame, module, builtin or file descriptor through which a
candidate could read the tests or write the mark: it can only give answers.
"""

import builtins
import json
from collections.abc import Sequence
from typing import Any, Final, cast

from longthought.tools.sandbox import plain, wire

_LONGEST: Final = 16 << 20
"""Bytes of one answer."""
_NEVER: Final = (StopIteration, StopAsyncIteration)
"""Exceptions that would end a loop of the tests in silence, were they raised here."""


class CandidateError(Exception):
    """What the candidate did wrong that has no builtin exception of its own."""


class Unsupported(Exception):
    """The tests do what can't be done across the pipe, whatever the candidate is."""


class Line:
    """The pipe to the candidate."""

    def __init__(self, requests: int, replies: int) -> None:
        """Take the two ends, one to write and one to read."""
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
            reply = wire.receive(self._replies, _LONGEST)
        except EOFError:
            raise CandidateError("it ended without an answer") from None
        except (ValueError, RecursionError):
            raise CandidateError("its answer can't be read") from None
        if not isinstance(reply, dict):
            raise CandidateError("its answer can't be read")
        found = cast(dict[str, Any], reply)
        if "raised" in found:
            raise _exception(found["raised"], str(found.get("message", "")))
        return found


class Standin:
    """Stands for something that the candidate holds: can be called and asked for attributes; equals only itself."""

    def __init__(self, line: Line, target: dict[str, Any]) -> None:
        """Stand for a name or for a numbered object."""
        self._line, self._target = line, target

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call it over there."""
        return self._line.ask(
            {
                **self._target,
                "arguments": plain.encode(arguments, _number),
                "keywords": plain.encode(keywords, _number),
            }
        )

    def __getattr__(self, name: str) -> Any:
        """Look up an attribute over there."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self._line.ask({**self._target, "attribute": name})


def examine(tests: str, names: Sequence[str], requests: int, replies: int, marks: int) -> None:
    """Run the tests against the candidate and write the mark: `{"mark", "detail"}`."""
    mark, detail = _examine(tests, names, Line(requests, replies))
    wire.put(marks, json.dumps({"mark": mark, "detail": detail[:2000]}).encode())


def _examine(tests: str, names: Sequence[str], line: Line) -> tuple[str, str]:
    try:
        compiled = compile(tests, "<tests>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return "unsupported", f"the tests can't be read: {type(error).__name__}"
    try:
        defined = line.defined()
        shown = names or [name for name in defined if not hasattr(builtins, name)]
        scope: dict[str, Any] = {"__name__": "tests", **{n: Standin(line, {"name": n}) for n in shown if n in defined}}
        exec(compiled, scope)
    except Unsupported as error:
        return "unsupported", str(error)
    except BaseException as error:
        return "failed", _where(error)
    if not line.calls:
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
    said = f"{kind}: {error}" if isinstance(error, CandidateError) else kind
    return f"test line {line}: {said}" if line is not None else f"the candidate's code: {said}"


def _number(value: Any) -> int:
    if isinstance(value, Standin):
        target: dict[str, Any] = value.__dict__["_target"]
        if "object" in target:
            return target["object"]
    raise Unsupported(f"the tests pass a {type(value).__name__}, which is no plain value")


def _exception(raised: Any, message: str) -> Exception:
    """Rebuild the nearest builtin exception; what isn't an ordinary error becomes a `CandidateError`."""
    kinds = [kind for kind in cast(list[Any], raised) if isinstance(kind, str)] if isinstance(raised, list) else []
    for kind in kinds:
        found = getattr(builtins, kind, None)
        if isinstance(found, type) and issubclass(found, Exception) and found is not Exception:
            if issubclass(found, (*_NEVER, UnicodeError, BaseExceptionGroup)):
                break
            return found(message)
    return CandidateError(f"{kinds[0] if kinds else 'an exception'}: {message}")
