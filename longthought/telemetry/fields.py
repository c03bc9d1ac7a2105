"""What is going on now: the fields that every log record of a debate or a model call carries."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

FIELDS: Final[ContextVar[Mapping[str, str]]] = ContextVar("FIELDS", default={})  # noqa: B039  # it is never changed
"""The fields of the debate and the call that the current task works on."""


@contextmanager
def fields(**more: str) -> Generator[None]:
    """Add fields to the log records of this task, and of tasks begun in it, within the context."""
    token = FIELDS.set({**FIELDS.get(), **more})
    try:
        yield
    finally:
        FIELDS.reset(token)
