"""Carry exceptions between the two processes of an examination.

An exception passes as the classes it is an instance of, nearest first, and its arguments; the other process raises one
of the first class that it knows.
"""

import builtins
import sys
from collections.abc import Callable, Mapping
from typing import Any, cast

from longthought.tools.sandbox.link import PipeEnd


class CandidateError(Exception):
    """A fault of the candidate that has no exception of its own in this process."""


def raised(error: BaseException, link: PipeEnd) -> dict[str, Any]:
    """Return the reply that says that an exception was raised."""
    kinds = [entry for kind in type(error).__mro__[:-1] if (entry := _class_entry(kind, link)) is not None]
    reply: dict[str, Any] = {"raised": kinds, "name": type(error).__name__, "message": _message(error)}
    try:
        return {**reply, "arguments": [link.encode(argument) for argument in error.args]}
    except Exception:
        return {**reply, "arguments": [reply["message"]]}


def _message(error: BaseException) -> str:
    try:
        return str(error)[:1000]
    except Exception:
        return ""


def _class_entry(kind: type, link: PipeEnd) -> Any:
    if getattr(builtins, kind.__name__, None) is kind:
        return ["builtin", kind.__name__]
    if link.classes.get(kind.__name__) is kind:
        return ["class", kind.__name__]
    if kind.__module__.partition(".")[0] in sys.stdlib_module_names:
        return ["library", kind.__module__, kind.__qualname__]
    try:
        return link.own(kind)
    except BaseException:
        return None


def rebuilt(reply: Mapping[str, Any], decode: Callable[[Any], Any]) -> BaseException:
    """Return the exception that a reply tells of, of the nearest class that is known here."""
    message = str(reply.get("message", ""))
    try:
        arguments = [decode(entry) for entry in reply["arguments"]]
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError):
        arguments = [message]
    entries = reply.get("raised")
    for entry in cast(list[Any], entries) if isinstance(entries, list) else []:
        kind = _class(entry, decode)
        if kind in (None, BaseException, Exception):
            continue
        try:
            error = kind(*arguments)
        except Exception:
            error = _uninitialised(kind, arguments)
        if isinstance(error, BaseException):
            return error
    return CandidateError(f"{str(reply.get('name', 'an exception'))[:80]}: {message}")


def _uninitialised(kind: Any, arguments: list[Any]) -> Any:
    try:
        return kind.__new__(kind, *arguments)
    except Exception:
        return None


def _class(entry: Any, decode: Callable[[Any], Any]) -> Any:
    try:
        match entry:
            case ["library", str(module), str(name)] if module.partition(".")[0] in sys.stdlib_module_names:
                kind = getattr(sys.modules[module], name)
            case _:
                kind = decode(entry)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
        return None
    return kind if isinstance(kind, type) and issubclass(kind, BaseException) else None
