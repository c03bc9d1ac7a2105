"""Mutable values of which both processes of an examination hold a replica, so that a change made by either is seen.

A list, set, dict or the like crosses the pipe once and is a number from then on; every message carries the contents of
those that its sender has changed. Since only one of the two processes runs at a time, that is as good as one memory.
Instances of classes that both processes know are replicated in the same way, by their attributes.
"""

import operator
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

_KINDS: Final[dict[str, Any]] = {
    kind.__name__: kind for kind in (list, dict, set, bytearray, deque, Counter, OrderedDict, defaultdict)
}
"""The types whose values are replicated, by name."""
_TYPES: Final = frozenset(_KINDS.values())
_HELD_ALONE: Final = 3
"""References to a value that nothing but its replica holds: by the replica, by a loop over it and by the count."""


@dataclass(slots=True)
class Replica:
    """A value and its parts when it was last sent or received; None before."""

    value: Any
    parts: list[Any] | None


class Replicas:
    """The replicas of one process."""

    def __init__(
        self,
        first: int,
        classes: Mapping[str, type],
        encode: Callable[[Any], Any],
        decode: Callable[[Any], Any],
    ) -> None:
        """Take the classes whose instances are replicated; number new values from `first` in steps of two.

        The other process takes the numbers between.
        """
        self._next, self._classes, self._encode, self._decode = first, classes, encode, decode
        self._held: dict[int, Replica] = {}
        self._numbers: dict[int, int] = {}

    def entry(self, value: Any) -> Any:
        """Return the entry of a value that is replicated, and None for any other."""
        if type(value) not in _TYPES and not self._is_instance(value):
            return None
        if (number := self._numbers.get(id(value))) is None:
            number, self._next = self._next, self._next + 2
            self._hold(number, value)
        return ["replica", number]

    def resolve(self, number: Any) -> Any:
        """Return the value of a number."""
        return self._held[number].value

    def changes(self) -> list[Any]:
        """Return the contents of all values that were changed since they were last sent or received."""
        changed: list[Any] = []
        waiting = list(self._held)
        while waiting:
            known = len(self._held)
            for number in waiting:
                replica = self._held[number]
                parts = _parts(replica.value)
                if replica.parts is None or not _same(parts, replica.parts):
                    replica.parts = parts
                    entries = [self._encode(part) for part in parts]
                    changed.append([number, type(replica.value).__name__, entries])
            waiting = list(self._held)[known:]
        return changed

    def apply(self, changed: list[Any]) -> None:
        """Take over contents: first all values come to be, then they are filled, since they may hold each other."""
        for number, kind, entries in changed:
            if number not in self._held:
                self._hold(number, self._new(kind, entries))
        for number, _, entries in changed:
            value = self._held[number].value
            _fill(value, [self._decode(entry) for entry in entries])
        for number, _, _ in changed:
            self._held[number].parts = _parts(self._held[number].value)

    def unused(self) -> list[int]:
        """Forget the values that nobody else in this process holds, and return their numbers."""
        dropped: list[int] = []
        for number, replica in self._held.items():
            if sys.getrefcount(replica.value) < _HELD_ALONE and replica.parts is not None:
                dropped.append(number)
        self.drop(dropped)
        return dropped

    def drop(self, numbers: list[int]) -> None:
        """Forget values."""
        for number in numbers:
            if (replica := self._held.pop(number, None)) is not None:
                del self._numbers[id(replica.value)]

    def _hold(self, number: int, value: Any) -> None:
        self._held[number] = Replica(value, None)
        self._numbers[id(value)] = number

    def _is_instance(self, value: Any) -> bool:
        return type(value) is self._classes.get(type(value).__name__) and type(value).__new__ is object.__new__

    def _new(self, name: str, entries: list[Any]) -> Any:
        if name == "deque":
            return deque[Any](maxlen=self._decode(entries[0]))
        if name in _KINDS:
            return _KINDS[name]()
        kind: Any = self._classes[name]
        return object.__new__(kind)


def _parts(value: Any) -> list[Any]:
    kind = cast(Any, type(value))
    if kind is bytearray:
        return [bytes(value)]
    if kind is deque:
        return [value.maxlen, *value]
    if kind in (list, set):
        return list(value)
    held = cast(Any, value if kind in _TYPES else vars(value))
    factory = [value.default_factory] if kind is defaultdict else []
    return factory + [item for pair in dict[Any, Any].items(held) for item in pair]


def _same(parts: list[Any], others: list[Any]) -> bool:
    """Say whether the parts are the same objects; only the bytes of a bytearray are made anew each time."""
    if len(parts) == len(others) == 1 and type(parts[0]) is type(others[0]) is bytes:
        return parts == others
    return len(parts) == len(others) and all(map(operator.is_, parts, others))


def _fill(value: Any, parts: list[Any]) -> None:
    kind = cast(Any, type(value))
    if kind in (bytearray, list):
        value[:] = parts[0] if kind is bytearray else parts
        return
    if kind is defaultdict:
        value.default_factory, parts = parts[0], parts[1:]
    held = cast(Any, value if kind in _TYPES else vars(value))
    held.clear()
    if kind is deque:
        held.extend(parts[1:])
    elif kind is set:
        held.update(parts)
    else:
        for key, item in zip(parts[::2], parts[1::2], strict=True):
            held[key] = item
