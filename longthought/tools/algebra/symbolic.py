"""Compare two expression trees with sympy, for roots, logarithms, trigonometry and functions of variables.

This runs in a worker process that may be killed at any time; sympy is imported only there. Trees are passed as JSON.
A difference counts as proven only with many digits to spare, an equality only if sympy simplifies it to zero.
"""

import importlib
from fractions import Fraction
from typing import Any, Final

from longthought.tools.algebra.expression import Name, Negative, Node, Number, Operation

EQUAL, DIFFERENT, UNKNOWN = "equal", "different", "unknown"
Encoded = list[Any] | str
_DIGITS: Final = 60
_MIN_DISTANCE_DIGITS: Final = 30
"""Numbers further apart than 10 to the power of minus this are different."""


def encode(tree: Node) -> Encoded:
    """Write a tree as JSON-able data."""
    match tree:
        case Number(value):
            return ["number", str(value)]
        case Name(text):
            return ["name", text]
        case Negative(of):
            return ["-", encode(of)]
        case Operation(sign, left, right):
            return [sign, encode(left), encode(right)]
        case _:
            return [tree.function, *(encode(a) for a in tree.arguments)]


def compare(left: Encoded, right: Encoded) -> list[str]:
    """Compare two encoded trees.

    Returns:
        `equal`, `different` or `unknown`, then both values in decimals, or empty texts if they are no numbers.

    """
    sympy = _sympy()
    left_side, right_side = _build(sympy, left), _build(sympy, right)
    gap: Any = left_side - right_side
    if gap.free_symbols:
        return [EQUAL if sympy.simplify(gap) == 0 else UNKNOWN, "", ""]
    decimals = [str(sympy.N(side, 8)) for side in (left_side, right_side)]
    distance: Any = sympy.N(gap, _DIGITS, maxn=4 * _DIGITS)
    if not distance.is_real or not all(sympy.N(s).is_real for s in (left_side, right_side)):
        return [UNKNOWN, *decimals]
    if abs(distance) > sympy.Float(10) ** -_MIN_DISTANCE_DIGITS:
        return [DIFFERENT, *decimals]
    simplified: Any = sympy.simplify(gap)
    return [EQUAL if simplified == 0 else UNKNOWN, *decimals]


def _sympy() -> Any:
    """Import sympy, late and untyped, since its own types are of little help."""
    return importlib.import_module("sympy")


def _build(sympy: Any, tree: Encoded) -> Any:
    kind, *rest = tree
    if kind == "number":
        value = Fraction(rest[0])
        return sympy.Rational(value.numerator, value.denominator)
    if kind == "name":
        return sympy.pi if rest[0] == "π" else sympy.Symbol(rest[0])
    arguments = [_build(sympy, a) for a in rest]
    match kind:
        case "+":
            return arguments[0] + arguments[1]
        case "-":
            return arguments[0] - arguments[1] if len(arguments) == 2 else -arguments[0]
        case "*":
            return arguments[0] * arguments[1]
        case "/":
            return arguments[0] / arguments[1]
        case "^":
            return arguments[0] ** arguments[1]
        case "root":
            return sympy.real_root(arguments[0], arguments[1]) if arguments[1] != 2 else sympy.sqrt(arguments[0])
        case "ln":
            return sympy.log(arguments[0])
        case "factorial" | "binomial" | "sin" | "cos" | "tan" | "sec" | "csc" | "cot":
            return getattr(sympy, kind)(*arguments)
        case _:
            raise ValueError(f"unknown function {kind!r}")
