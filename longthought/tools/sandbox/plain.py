"""Encode the values that may pass between a candidate and its examiner: plain data, rebuilt from scratch, not pickled.

A decoded value has exactly one of these types: None, bool, int, float, complex, str, bytes, list, tuple, set,
frozenset, dict, range, Fraction, Decimal and iterators over them; instances of subclasses lose what their class added.
Any other object stays in its process and is referred to by a number. Nothing is evaluated.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any, Final, cast

MAX_FROM_ITERATOR: Final = 100_000
"""Maximum number of elements taken from an iterator, which may be endless."""

_COLLECTIONS: Final[dict[str, Any]] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


def encode(value: Any, refer: Callable[[Any], int]) -> Any:
    """Turn a value into JSON; `refer` gives the number of an object that isn't plain, or raises."""
    match value:
        case None | bool():
            return value
        case str():
            return str.__str__(value)
        case int():
            return ["int", int.__index__(value).__format__("x")]
        case float():
            return ["float", float.__repr__(value)]
        case complex():
            return ["complex", float.__repr__(value.real), float.__repr__(value.imag)]
        case bytes():
            return ["bytes", bytes.hex(value)]
        case range():
            return ["range", *(number.__format__("x") for number in (value.start, value.stop, value.step))]
        case Fraction():
            return ["fraction", *(int(number).__format__("x") for number in (value.numerator, value.denominator))]
        case Decimal():
            return ["decimal", str(value)]
        case dict():
            pairs = dict[Any, Any].items(cast(dict[Any, Any], value))
            return ["dict", [[encode(key, refer), encode(item, refer)] for key, item in pairs]]
        case Iterator():
            items = islice(cast(Iterator[Any], value), MAX_FROM_ITERATOR)
            return ["iterator", [encode(item, refer) for item in items]]
        case _:
            for name, kind in _COLLECTIONS.items():
                if isinstance(value, kind):
                    return [name, [encode(item, refer) for item in kind.__iter__(value)]]
            return ["object", refer(value)]


def decode(data: Any, resolve: Callable[[int], Any]) -> Any:
    """Rebuild a value; `resolve` returns the stand-in for an object that was sent as a number.

    Raises:
        ValueError, TypeError, LookupError, ArithmeticError: for anything that `encode` doesn't write.

    """
    match data:
        case None | bool() | str():
            return data
        case [str(kind), *parts]:
            return _READERS[kind](parts, lambda part: decode(part, resolve), resolve)
        case _:
            raise ValueError("not a plain value")


def _whole(parts: list[Any]) -> list[int]:
    return [int(part, 16) for part in parts]


_READERS: Final[dict[str, Callable[[list[Any], Callable[[Any], Any], Callable[[int], Any]], Any]]] = {
    "int": lambda parts, _, __: int(parts[0], 16),
    "float": lambda parts, _, __: float(parts[0]),
    "complex": lambda parts, _, __: complex(float(parts[0]), float(parts[1])),
    "bytes": lambda parts, _, __: bytes.fromhex(parts[0]),
    "range": lambda parts, _, __: range(*_whole(parts)),
    "fraction": lambda parts, _, __: Fraction(*_whole(parts)),
    "decimal": lambda parts, _, __: Decimal(parts[0]),
    "list": lambda parts, read, _: [read(item) for item in parts[0]],
    "tuple": lambda parts, read, _: tuple(read(item) for item in parts[0]),
    "set": lambda parts, read, _: {read(item) for item in parts[0]},
    "frozenset": lambda parts, read, _: frozenset(read(item) for item in parts[0]),
    "dict": lambda parts, read, _: {read(key): read(item) for key, item in parts[0]},
    "iterator": lambda parts, read, _: iter([read(item) for item in parts[0]]),
    "object": lambda parts, _, resolve: resolve(int(parts[0])),
}
