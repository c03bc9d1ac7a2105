"""Encode the values that may pass between a candidate and its examiner: plain data, rebuilt from scratch, not pickled.

A decoded value has exactly one of the types in `TYPES`, or is an iterator, a named tuple, an array of numpy, or a
builtin type or function without side effects; instances of subclasses lose what their class added. Any other object
stays in its process and is referred to. Nothing is evaluated.
"""

import builtins
import sys
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from types import EllipsisType, NoneType, NotImplementedType
from typing import Any, Final, cast

MAX_FROM_ITERATOR: Final = 100_000
"""Maximum number of elements taken from an iterator, which may be endless."""
ATOMS: Final = frozenset({NoneType, bool, int, float, str})
"""Types whose values need no look at what else they could be."""
_LARGE: Final = 1 << 63
"""The size from which integers are written in base 16, since Python limits the digits in base 10."""
_FUNCTIONS: Final = """
    abs all any ascii bin bool bytearray bytes chr complex dict divmod enumerate filter float frozenset hash hex id int
    isinstance issubclass iter len list map max min next object oct ord pow range repr reversed round set slice sorted
    str sum tuple zip
"""
BUILTINS: Final[dict[str, Any]] = {name: getattr(builtins, name) for name in _FUNCTIONS.split()} | {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException) and value.__name__ == name
}
"""Builtins that may pass by their names: types, exceptions, and functions that reach nothing of the process."""
TYPES: Final[dict[str, type]] = {
    kind.__name__: kind
    for kind in (deque, Counter, OrderedDict, defaultdict, Decimal, Fraction, date, time, datetime, timedelta, timezone)
}
"""Other types that may pass by their names, and whose values may pass."""
_NAME_OF: Final = {id(value): ["builtin", name] for name, value in BUILTINS.items()} | {
    id(kind): ["type", name] for name, kind in TYPES.items()
}
_COLLECTIONS: Final[dict[str, Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "deque": deque,
}
_NUMPY_KINDS: Final = "biufcSU"
"""The kinds of numpy's data types that hold no objects."""
_MAPPINGS: Final[dict[str, Any]] = {"Counter": Counter, "OrderedDict": OrderedDict, "dict": dict}


def encode(
    value: Any, refer: Callable[[Any], Any], share: Callable[[Any], Any] | None = None, *, whole: bool = False
) -> Any:
    """Turn a value into JSON.

    Args:
        value: the value.
        refer: returns the entry for an object that isn't plain, or raises.
        share: returns the entry for a value that is to be referred to although it may be plain, or None.
        whole: encode the value itself as plain data, and ask `share` only about its elements.

    """
    kind = cast(Any, type(value))
    if kind is int and -_LARGE < value < _LARGE:
        return value
    if kind not in ATOMS and share is not None and not whole and (entry := share(value)) is not None:
        return entry
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
        case bytes() | bytearray():
            return ["bytes" if isinstance(value, bytes) else "bytearray", value.hex()]
        case range():
            return ["range", *(number.__format__("x") for number in (value.start, value.stop, value.step))]
        case Fraction():
            return ["fraction", *(int(number).__format__("x") for number in (value.numerator, value.denominator))]
        case Decimal():
            return ["decimal", str(value)]
        case datetime() | date() | time() | timedelta() | timezone():
            return _encode_time(value, refer)
        case EllipsisType() | NotImplementedType():
            return ["singleton", "Ellipsis" if value is ... else "NotImplemented"]
        case slice():
            parts = cast(Any, value)
            return ["slice", [encode(part, refer, share) for part in (parts.start, parts.stop, parts.step)]]
        case Iterator():
            items = islice(cast(Iterator[Any], value), MAX_FROM_ITERATOR)
            return ["iterator", [encode(item, refer, share) for item in items]]
        case _ if (name := _NAME_OF.get(id(value))) is not None:
            return name
        case _:
            return _encode_collection(value, refer, share)


def _encode_collection(value: Any, refer: Callable[[Any], Any], share: Callable[[Any], Any] | None) -> Any:
    def entries(items: Iterable[Any]) -> list[Any]:
        return [encode(item, refer, share) for item in items]

    kind = cast(Any, type(value))
    if tuple in kind.__mro__ and isinstance(fields := kind.__dict__.get("_fields"), tuple):
        names = [str(field) for field in cast(tuple[Any, ...], fields)]
        return ["named", kind.__name__, names, entries(tuple[Any].__iter__(value))]
    if issubclass(kind, defaultdict):
        pairs = [item for pair in dict[Any, Any].items(value) for item in pair]
        return ["defaultdict", encode(value.default_factory, refer, share), entries(pairs)]
    for name, base in _MAPPINGS.items():
        if issubclass(kind, base):
            return [name, [entries(pair) for pair in base.items(value)]]
    for name, base in _COLLECTIONS.items():
        if issubclass(kind, base):
            return [name, entries(base.__iter__(value)), *([value.maxlen] if name == "deque" else [])]
    return _encode_array(value, refer)


def _encode_array(value: Any, refer: Callable[[Any], Any]) -> Any:
    numpy: Any = sys.modules.get("numpy")
    kind = cast(Any, type(value))
    if numpy is None or not issubclass(kind, (numpy.ndarray, numpy.generic)) or value.dtype.kind not in _NUMPY_KINDS:
        return refer(value)
    scalar = issubclass(kind, numpy.generic)
    return ["numpy", value.dtype.str, list(value.shape), scalar, encode(value.tolist(), refer)]


def _encode_time(value: Any, refer: Callable[[Any], Any]) -> Any:
    match value:
        case timedelta():
            return ["timedelta", value.days, value.seconds, value.microseconds]
        case timezone():
            return ["timezone", encode(value.utcoffset(None), refer)]
        case datetime() | time() if value.tzinfo is not None and type(value.tzinfo) is not timezone:
            return refer(value)
        case _:
            name = "datetime" if isinstance(value, datetime) else "date" if isinstance(value, date) else "time"
            return [name, value.isoformat(), getattr(value, "fold", 0)]


def decode(data: Any, resolve: Callable[[Any], Any]) -> Any:
    """Rebuild a value; `resolve` returns the value of an entry of another kind.

    Raises:
        ValueError, TypeError, LookupError, ArithmeticError: for anything that `encode` doesn't write.

    """
    match data:
        case None | bool() | str() | int():
            return data
        case [str(kind), *parts]:
            if (reader := _READERS.get(kind)) is None:
                return resolve(cast(Any, data))
            return reader(parts, lambda part: decode(part, resolve))
        case _:
            raise ValueError("not a plain value")


def _whole(parts: list[Any]) -> list[int]:
    return [int(part, 16) for part in parts]


def _defaultdict(parts: list[Any], read: Callable[[Any], Any]) -> Any:
    items = [read(item) for item in parts[1]]
    return defaultdict(read(parts[0]), zip(items[::2], items[1::2], strict=True))


def _named(parts: list[Any], read: Callable[[Any], Any]) -> Any:
    names = [str(name) for name in cast(list[Any], parts[1])]
    kind: Any = namedtuple(str(parts[0]), names)  # noqa: PYI024  # pyright: ignore[reportUntypedNamedTuple]
    return kind(*(read(item) for item in cast(list[Any], parts[2])))


def _numpy(parts: list[Any], read: Callable[[Any], Any]) -> Any:
    name, shape, scalar, items = parts
    numpy: Any = sys.modules["numpy"]
    kind = numpy.dtype(str(name))
    if kind.kind not in _NUMPY_KINDS:
        raise ValueError("not a plain array")
    array = numpy.array(read(items), dtype=kind).reshape([int(n) for n in shape])
    return array[()] if scalar else array


def _moment(kind: Any) -> Callable[[list[Any], Callable[[Any], Any]], Any]:
    return lambda parts, _: kind.fromisoformat(parts[0]).replace(fold=int(parts[1]))


_READERS: Final[dict[str, Callable[[list[Any], Callable[[Any], Any]], Any]]] = {
    "int": lambda parts, _: int(parts[0], 16),
    "float": lambda parts, _: float(parts[0]),
    "complex": lambda parts, _: complex(float(parts[0]), float(parts[1])),
    "bytes": lambda parts, _: bytes.fromhex(parts[0]),
    "bytearray": lambda parts, _: bytearray.fromhex(parts[0]),
    "range": lambda parts, _: range(*_whole(parts)),
    "fraction": lambda parts, _: Fraction(*_whole(parts)),
    "decimal": lambda parts, _: Decimal(parts[0]),
    "date": lambda parts, _: date.fromisoformat(parts[0]),
    "time": _moment(time),
    "datetime": _moment(datetime),
    "timedelta": lambda parts, _: timedelta(*(int(part) for part in parts)),
    "timezone": lambda parts, read: UTC if not (offset := read(parts[0])) else timezone(offset),
    "singleton": lambda parts, _: {"Ellipsis": ..., "NotImplemented": NotImplemented}[parts[0]],
    "slice": lambda parts, read: slice(*(read(part) for part in parts[0])),
    "builtin": lambda parts, _: BUILTINS[parts[0]],
    "type": lambda parts, _: TYPES[parts[0]],
    "list": lambda parts, read: [read(item) for item in parts[0]],
    "tuple": lambda parts, read: tuple(read(item) for item in parts[0]),
    "set": lambda parts, read: {read(item) for item in parts[0]},
    "frozenset": lambda parts, read: frozenset(read(item) for item in parts[0]),
    "deque": lambda parts, read: deque((read(item) for item in parts[0]), parts[1]),
    "named": _named,
    "dict": lambda parts, read: {read(key): read(item) for key, item in parts[0]},
    "Counter": lambda parts, read: Counter({read(key): read(item) for key, item in parts[0]}),
    "OrderedDict": lambda parts, read: OrderedDict((read(key), read(item)) for key, item in parts[0]),
    "defaultdict": _defaultdict,
    "numpy": _numpy,
    "iterator": lambda parts, read: iter([read(item) for item in parts[0]]),
}
