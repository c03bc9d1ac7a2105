"""Stand-ins, in the examiner's process, for objects that stay in the candidate's.

What a test does with a stand-in is done to the object, by a request. Equality is another matter, since a candidate
could return an object that equals everything: what extends plain data is compared here by that data, two objects of one
class are compared here by their attributes, and any other equality that the candidate asserts is noted as a doubt.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Any, Final, Protocol

from longthought.tools.sandbox import plain

_OPERATOR_NAMES: Final = """
    call len length_hint getitem setitem delitem contains iter next reversed bool int float complex index round
    trunc floor ceil abs neg pos invert lt le gt ge enter exit add sub mul matmul truediv floordiv mod divmod pow
    lshift rshift and xor or radd rsub rmul rmatmul rtruediv rfloordiv rmod rdivmod rpow rlshift rrshift rand rxor
    ror iadd isub imul imatmul itruediv ifloordiv imod ipow ilshift irshift iand ixor ior bytes fspath
"""
_OPERATORS: Final = frozenset(f"__{name}__" for name in _OPERATOR_NAMES.split())
_READABLE: Final = ("__name__", "__qualname__", "__annotations__", "__defaults__", "__wrapped__", "__members__")
"""Attributes with double underscores that are looked up; by others, libraries would let the candidate reach in here."""
_NONSENSE: Final = ("\0 nothing equals this", -987654321.125, (("\0",),))
"""Values that no honest object equals."""
_ONE_BY_ONE: Final = 64
"""Number of items of an iterator that are taken singly, before more are taken at a time."""
_MOST_AT_ONCE: Final = 1000


REMOTE: Final = "_remote"
"""The attribute of an exception that holds the stand-in for the candidate's own."""


class Asker(Protocol):
    """The link to the candidate, as far as stand-ins use it."""

    def ask(self, do: str, *arguments: Any, **keywords: Any) -> Any:
        """Have something done in the candidate's process and return the value, or raise what it raises."""
        ...

    def base_of(self, standin: Any) -> Any:
        """Return the plain data that an object extends."""
        ...

    def close(self, target: Any) -> None:
        """Close a generator."""
        ...

    def doubt(self, reason: str) -> None:
        """Note that the tests rely on something that only the candidate can tell."""
        ...

    def unsupported(self, reason: str) -> BaseException:
        """Return the error that says that the tests need something that can't be done across the pipe."""
        ...


class Standin:
    """Stands for one object of the candidate."""

    _link: Asker
    _about: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        if name[:2] == "__" and name not in _READABLE:
            raise AttributeError(name)
        return self._link.ask("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._link.ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._link.ask("delete", self, name)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not self._about.get("compares") or not self._link.ask("equal", self, other):
            return False
        if self._about.get("extends") and self._link.base_of(self) == (
            self._link.base_of(other) if isinstance(other, Standin) and other._about.get("extends") else other
        ):
            return True
        if any(self._claims_to_equal(value) for value in _NONSENSE):
            return False
        if isinstance(other, Standin) and self._link.ask("state", self) == self._link.ask("state", other):
            return True
        self._link.doubt("the tests compare objects whose equality only the program itself can tell")
        return True

    def _claims_to_equal(self, value: Any) -> bool:
        try:
            return bool(self._link.ask("equal", self, value))
        except Exception:
            return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        if extends := self._about.get("extends"):
            return hash(self._link.base_of(self)) if extends not in ("list", "set", "dict") else self._unhashable()
        return int(self._link.ask("hash", self)) if self._about.get("compares") else object.__hash__(self)

    def _unhashable(self) -> int:
        raise TypeError("unhashable type")

    def __str__(self) -> str:
        return str(self._link.ask("str", self))

    def __repr__(self) -> str:
        return str(self._link.ask("repr", self))

    def __format__(self, specification: str) -> str:
        return str(self._link.ask("format", self, specification))

    def __dir__(self) -> list[str]:
        raise self._link.unsupported("the tests list the attributes of an object of the program")

    def __copy__(self) -> Any:
        return self._link.ask("copy", self)

    def __deepcopy__(self, memo: object) -> Any:
        return self._link.ask("deep copy", self)

    def __instancecheck__(self, value: Any) -> bool:
        return bool(self._link.ask("is instance", self, value))

    def __subclasscheck__(self, value: Any) -> bool:
        return bool(self._link.ask("is subclass", self, value))

    def __mro_entries__(self, bases: object) -> tuple[type, ...]:
        raise self._link.unsupported("the tests derive a class from one of the program's")


def standin(link: Asker, about: Mapping[str, Any]) -> Standin:
    """Make a stand-in that has the operators which the object has, and no others."""
    methods = {name for name in about.get("methods", ()) if name in _OPERATORS}
    body: dict[str, Any] = {name: _operator(name) for name in methods}
    body |= {name: _attribute(name) for name in ("__doc__", "__dict__", "__module__")}  # every class here has its own
    if (extends := about.get("extends")) in plain.BUILTINS:
        body["__class__"] = property(lambda self: plain.BUILTINS[extends])
    made = object.__new__(type(str(about.get("name", "object")), (Standin,), body))
    object.__setattr__(made, "_link", link)
    object.__setattr__(made, "_about", about)
    return made


def _attribute(name: str) -> property:
    return property(lambda self: self._link.ask("get", self, name))


def _operator(name: str) -> Callable[..., Any]:
    def operate(self: Any, *arguments: Any, **keywords: Any) -> Any:
        if name == "__call__":
            return self._link.ask("call", self, *arguments, **keywords)
        if name == "__exit__":  # the traceback shows frames of the tests
            arguments = (*arguments[:2], None)
        return self._link.ask("operate", self, name, *arguments)

    return operate


def iterator(link: Asker, target: Standin) -> Generator[Any, Any, Any]:
    """Iterate over an iterator of the candidate as lazily as the tests do."""
    taken, ahead = 0, list[Any]()
    ended, result = False, None
    while True:
        if not ahead:
            if ended:
                return result
            count = 1 if taken < _ONE_BY_ONE else min(taken, _MOST_AT_ONCE)
            items, ended, result = link.ask("take", target, count)
            ahead = list(items)
            if not ahead:
                return result
        taken += 1
        item = ahead.pop(0)
        while True:
            try:
                sent = yield item
            except GeneratorExit:
                link.close(target)
                raise
            except Exception as error:
                do, arguments = "throw", (type(error), *error.args)
            else:
                if sent is None:
                    break
                do, arguments = "send", (sent,)
            if ahead:
                raise link.unsupported("the tests talk to a generator after many items were taken from it")
            try:
                item = link.ask(do, target, *arguments)
            except StopIteration as end:
                return end.value


async def awaitable(link: Asker, target: Standin) -> Any:
    """Have a coroutine of the candidate run to its end in its own process."""
    return link.ask("await", target)


def exception_class(name: str, bases: list[type]) -> type:
    """Make an exception class for one of the candidate's, whose instances know what theirs do."""

    def attribute(self: BaseException, name: str) -> Any:
        if name[:2] == "__" or REMOTE not in vars(self):
            raise AttributeError(name)
        return getattr(vars(self)[REMOTE], name)

    def text(self: BaseException) -> str:
        return str(vars(self)[REMOTE]) if REMOTE in vars(self) else BaseException.__str__(self)

    return type(name, tuple(bases) or (Exception,), {"__getattr__": attribute, "__str__": text})
