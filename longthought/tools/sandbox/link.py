"""One end of the pipe between examiner and candidate: requests, answers, and the values they carry.

Both ends are alike, since either may call the other: the examiner what the candidate defined, the candidate a function
that the tests gave it as an argument. While one waits for an answer, it answers requests itself. What an end can be
asked for, and how it shows the other's objects, is its own affair.
"""

from collections.abc import Mapping
from enum import Enum
from types import ModuleType
from typing import Any, cast

from longthought.tools.sandbox import plain, wire
from longthought.tools.sandbox.replicas import Replicas


class PipeEnd:
    """Sends requests and answers over two descriptors; values are plain, replicated, or stay and are numbered."""

    def __init__(self, sending: int, receiving: int, *, first: int, max_bytes: int | None = None) -> None:
        """Take two descriptors; number replicas from `first` in steps of two, and refuse larger messages."""
        self._sending, self._receiving, self._max_bytes = sending, receiving, max_bytes
        self.forgets = False
        """This end decides when a replica is no longer needed."""
        self.classes: dict[str, type] = {}
        """Classes that both processes know."""
        self._replicas = Replicas(first, self.classes, self.encode, self.decode)
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}

    def encode(self, value: Any) -> Any:
        """Return the entry of a value."""
        return plain.encode(value, self.own, self._shared)

    def encode_whole(self, value: Any) -> Any:
        """Return the plain data that a value of a subclass extends."""
        return plain.encode(value, self.own, self._shared, whole=True)

    def decode(self, entry: Any) -> Any:
        """Return the value of an entry."""
        return plain.decode(entry, self._resolve)

    def own(self, value: Any) -> Any:
        """Return the entry of an object of this process that isn't plain."""
        if (number := self._numbers.get(id(value))) is None:
            number = self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return ["theirs", number]

    def special(self, value: Any) -> Any:
        """Return the entry of a value that isn't to pass as plain data, and None for any other."""
        raise NotImplementedError

    def theirs(self, number: int, about: Mapping[str, Any]) -> Any:
        """Show an object of the other process."""
        raise NotImplementedError

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the other process asks for."""
        raise NotImplementedError

    def exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return the reply; meanwhile, answer what the other process asks."""
        self.send(message, forget=True)
        while "do" in (received := self.receive()):
            self.send(self.answer(received))
        return received

    def send(self, message: dict[str, Any], *, forget: bool = False) -> None:
        """Send a message with the contents of the replicas that were changed; `forget` those that nobody holds.

        What an answer carries may be held by nobody here, so an answer is no moment to forget.
        """
        changed = self._replicas.changes()
        dropped = self._replicas.unused() if forget and self.forgets else []
        wire.put(self._sending, wire.packed({**message, "changed": changed, "dropped": dropped}))

    def receive(self) -> dict[str, Any]:
        """Receive a message, and take over the replicas it carries.

        Raises:
            EOFError: if the other process is gone.
            ValueError, TypeError, LookupError, ArithmeticError, RecursionError: if the message can't be read.

        """
        message = wire.receive(self._receiving, self._max_bytes)
        if not isinstance(message, dict):
            raise ValueError("not a message")
        fields = cast(dict[str, Any], message)
        self._replicas.apply(fields.get("changed", []))
        self._replicas.drop(fields.get("dropped", []))
        return fields

    def _shared(self, value: Any) -> Any:
        if (entry := self._replicas.entry(value)) is not None:
            return entry
        if isinstance(value, type) and self.classes.get(value.__name__) is value:
            return ["class", value.__name__]
        if isinstance(value, Enum) and self.classes.get(type(value).__name__) is type(value):
            return ["member", type(value).__name__, value.name]
        return self.special(value)

    def _resolve(self, entry: Any) -> Any:
        match entry:
            case ["replica", int(number)]:
                return self._replicas.resolve(number)
            case ["class", str(name)]:
                return self.classes[name]
            case ["member", str(name), str(member)]:
                return cast(Any, self.classes[name])[member]
            case ["yours", int(number)]:
                return self._objects[number]
            case ["module", str(name)]:
                return ModuleType(name)  # an empty one, which shows what the object is
            case ["theirs", int(number), *about]:
                return self.theirs(number, cast(Any, about[0] if about else {}))
            case _:
                raise ValueError("an unknown kind of value")
