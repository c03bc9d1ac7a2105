"""What the examiner may have done to objects of the candidate, by name; done in the candidate's process."""

import asyncio
import copy
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

HARNESS_DEPTH: Final = 50
"""Number of frames by which the candidate's recursion limit is raised, for those of the harness."""


def call(target: Any, *arguments: Any, **keywords: Any) -> Any:
    """Call an object."""
    return target(*arguments, **keywords)


def operate(target: Any, name: str, *arguments: Any) -> Any:
    """Apply an operator as the interpreter does, which looks it up in the object's class."""
    kind = cast(Any, type(target))
    return getattr(kind, name)(target, *arguments)


def equal(target: Any, other: Any) -> bool:
    """Say whether an object equals another value."""
    return bool(target == other)


def state(target: Any) -> tuple[Any, dict[str, Any]]:
    """Return the class of an object and its attributes."""
    attributes = dict[str, Any](getattr(target, "__dict__", {}))
    slots = [getattr(kind, "__slots__", ()) for kind in type(target).__mro__]
    names = itertools.chain.from_iterable([some] if isinstance(some, str) else some for some in slots)
    return cast(Any, type(target)), attributes | {
        name: getattr(target, name) for name in names if hasattr(target, name)
    }


def is_instance(kind: Any, value: Any) -> bool:
    """Say whether a value is an instance of a class."""
    return isinstance(value, kind)


def is_subclass(kind: Any, value: Any) -> bool:
    """Say whether a class is derived from another."""
    return issubclass(value, kind)


def itself(target: Any) -> Any:
    """Return the object."""
    return target


def awaited(target: Any) -> Any:
    """Run a coroutine to its end."""

    async def main() -> Any:
        return await target

    return asyncio.run(main())


def send(target: Any, value: Any) -> Any:
    """Send a value to a generator."""
    return target.send(value)


def throw(target: Any, kind: Any, *arguments: Any) -> Any:
    """Throw an exception into a generator."""
    return target.throw(kind(*arguments))


def close(target: Any) -> None:
    """Close a generator; other iterators can't be closed."""
    if hasattr(target, "close"):
        target.close()


def take(iterator: Iterator[Any], count: int) -> tuple[tuple[Any, ...], bool, Any, BaseException | None]:
    """Return the next items, whether they are the last, what the generator returns, and the error that ends them."""
    items: list[Any] = []
    try:
        for _ in range(count):
            items.append(next(iterator))  # noqa: PERF401  those before an error count
    except StopIteration as end:
        return tuple(items), True, end.value, None
    except BaseException as error:
        return tuple(items), False, None, error
    return tuple(items), False, None, None


def set_recursion_limit(limit: int) -> None:
    """Set the recursion limit that the tests have set in their own process."""
    sys.setrecursionlimit(limit + HARNESS_DEPTH)


ACTIONS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "call": call,
        "get": getattr,
        "set": setattr,
        "delete": delattr,
        "operate": operate,
        "equal": equal,
        "state": state,
        "is instance": is_instance,
        "is subclass": is_subclass,
        "base": itself,
        "hash": hash,
        "str": str,
        "repr": repr,
        "format": format,
        "copy": copy.copy,
        "deep copy": copy.deepcopy,
        "await": awaited,
        "send": send,
        "throw": throw,
        "close": close,
        "recursion": set_recursion_limit,
    }
)
