"""Values that may cross from a candidate to its examiner: plain data, rebuilt from scratch, never an object of the sender's.

What arrives is therefore of exactly these types: None, bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict, range,
Fraction, Decimal and iterators over them; subclasses lose what their class added. Anything else stays where it is and is spoken
of by a number. Nothing is unpickled or evaluated.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any, Final

MOST_FROM_ITERATOR: Final = 100_000
"""Elements taken from an iterator, which may be endless."""

_SERIES: Final[dict[str, type]] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


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
            return ["dict", [[encode(k, refer), encode(v, refer)] for k, v in dict.items(value)]]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case Iterator():
            return ["iterator", [encode(item, refer) for item in islice(value, MOST_FROM_ITERATOR)]]  # pyright: ignore[reportUnknownVariableType]
        case _:
            for name, kind in _SERIES.items():
                if isinstance(value, kind):
                    return [name, [encode(item, refer) for item in kind.__iter__(value)]]
            return ["object", refer(value)]


def decode(data: Any, resolve: Callable[[int], Any]) -> Any:
    """Rebuild a value; `resolve` returns what stands for an object that was left behind.

    Raises:
        ValueError, TypeError, ArithmeticError: for anything that `encode` doesn't write.

    """
    match data:
        case None | bool() | str():
            return data
        case ["int", str(digits)]:
            return int(digits, 16)
        case ["float", str(text)]:
            return float(text)
        case ["complex", str(real), str(imaginary)]:
            return complex(float(real), float(imaginary))
        case ["bytes", str(digits)]:
            return bytes.fromhex(digits)
        case ["range", str(start), str(stop), str(step)]:
            return range(int(start, 16), int(stop, 16), int(step, 16))
        case ["fraction", str(numerator), str(denominator)]:
            return Fraction(int(numerator, 16), int(denominator, 16))
        case ["decimal", str(text)]:
            return Decimal(text)
        case ["dict", list(pairs)]:  # pyright: ignore[reportUnknownVariableType]
            return {decode(key, resolve): decode(item, resolve) for key, item in pairs}  # pyright: ignore[reportUnknownVariableType]
        case ["iterator", list(items)]:  # pyright: ignore[reportUnknownVariableType]
            return iter([decode(item, resolve) for item in items])  # pyright: ignore[reportUnknownVariableType]
        case ["object", int(number)]:
            return resolve(number)
        case [str(name), list(items)] if name in _SERIES:  # pyright: ignore[reportUnknownVariableType]
            return _SERIES[name](decode(item, resolve) for item in items)  # pyright: ignore[reportUnknownVariableType]
        case _:
            raise ValueError("not a plain value")
