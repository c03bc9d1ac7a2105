"""Compare two expressions with Math-Verify and check the result to a hundred digits; runs in a worker process only.

Math-Verify (Kydlíček, https://github.com/huggingface/Math-Verify) compares numbers within a tolerance, so that it calls
2^-99 and 2^-98 equal, and answers False both for "they differ" and for "I can't tell". So its yes must survive an
evaluation at high precision, and its no counts only where both sides were read as the same kind of thing.
`compare` removes units, percent signs and text beforehand.
"""

import logging
import re
import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import latex2sympy2_extended.sets  # pyright: ignore[reportMissingTypeStubs]
import math_verify  # pyright: ignore[reportMissingTypeStubs]
import sympy as untyped_sympy  # pyright: ignore[reportMissingTypeStubs]
from latex2sympy2_extended import NormalizationConfig  # pyright: ignore[reportMissingTypeStubs]
from math_verify.parser import LatexExtractionConfig  # pyright: ignore[reportMissingTypeStubs]

sympy: Any = untyped_sympy  # its own types are mostly unknown
LatexSet: Any = latex2sympy2_extended.sets.FiniteSet
parse: Any = math_verify.parse
verify: Any = math_verify.verify

logging.disable(logging.CRITICAL)  # without its own timeouts, which this file replaces, Math-Verify warns at each call
_SECONDS: Final = 3.0
"""Time limit of a comparison, below the pool's own, so that the process stays warm."""
_DIGITS: Final = 100
"""Digits compared beyond the decimal point, so that 9^99 and 9^99 + 1 differ."""
_MAX_DIGITS: Final = 3_000
_CONFIG: Final = (
    LatexExtractionConfig(
        normalization_config=NormalizationConfig(
            units=False,  # which would read `2t` as two tonnes; `units` has removed them
            malformed_operators=True,
            nits=True,
        )
    ),
)
_POINTS: Final = (sympy.Rational(7, 11), sympy.Rational(17, 5), sympy.Rational(29, 23), sympy.Rational(61, 19))
_PARAMETERS: Final = frozenset("kmn")
"""Letters that usually stand for any whole number."""

SymbolicFinding = tuple[bool | None, str]


class _Alarm(BaseException):
    """The time is up; it is no Exception, so that sympy can't swallow it."""


def judge(gold: str, given: str) -> SymbolicFinding:
    """Compare two expressions in cleaned LaTeX.

    Returns:
        Whether they are equal, or None if that is unknown, and a reason.

    """
    try:
        with _limit(_SECONDS):
            gold_value, given_value = _read(gold), _read(given)
            if gold_value is None or given_value is None:
                return None, f"{'the reference' if gold_value is None else 'the answer'} can't be read as mathematics"
            equal, detail = _judge(gold_value, given_value)
            if equal and _differ_in_case(gold, given):
                return None, "equal if capital and small letters are the same"
            if equal and gold.count("'") != given.count("'"):
                return None, "equal without its primes"
            return equal, detail
    except _Alarm:
        return None, f"no result after {_SECONDS:g} s"
    except RecursionError:
        return None, "nested too deeply"


@contextmanager
def _limit(seconds: float) -> Generator[None, None, None]:
    def ring(signum: int, frame: FrameType | None) -> None:
        raise _Alarm

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _read(text: str) -> Any:
    latex = re.sub(r"([0-9.]+)\s*\^\\circ", r"(\1\\cdot\\frac{\\pi}{180})", text)
    parsed: list[Any] = parse(f"${latex}$", _CONFIG, parsing_timeout=None)
    return _same_letters(parsed[0]) if parsed and not isinstance(parsed[0], str) else None


def _same_letters(thing: Any) -> Any:
    """Let a letter be one variable, which Math-Verify assumes real in some texts and not in others."""
    if not isinstance(thing, (sympy.Expr, sympy.MatrixBase)):
        return thing
    return thing.xreplace(
        {s: sympy.Symbol(s.name, real=True) for s in thing.free_symbols if isinstance(s, sympy.Symbol)}
    )


def _differ_in_case(gold: str, given: str) -> bool:
    """Say whether one has a capital where the other has a small letter, between which Math-Verify doesn't tell."""
    one, other = (set(re.findall(r"[a-zA-Z]", re.sub(r"\\[a-zA-Z]+", "", text))) for text in (gold, given))
    return any(letter.swapcase() in other - one for letter in one - other)


def _judge(gold: Any, given: Any) -> SymbolicFinding:
    if _undefined(gold) or _undefined(given):
        return None, "it divides by zero"
    verified = _verified(gold, given)
    precise = _precisely(gold, given)
    rounded = _has_float(gold) != _has_float(given)
    if verified and precise is False:
        return (None, "equal only when rounded") if rounded else (False, "they differ in later digits")
    if verified and precise is None and isinstance(gold, sympy.Expr) and not _symbols(gold) and gold.is_finite:
        return None, "too large to tell"
    if verified:
        return True, ""
    if precise:
        if isinstance(gold, sympy.Expr) and not _symbols(gold):
            return True, f"the same to {_DIGITS} digits"
        return None, "the same wherever it was tried, but not shown to be the same"
    if reading := _other_reading(gold, given):
        return None, reading
    if precise is False:
        return (None, "one may be the other, rounded") if rounded and _is_near(gold, given) else (False, "they differ")
    if _family(gold) == _family(given):
        return False, "they differ"
    return None, "written as different kinds of things"


def _verified(gold: Any, given: Any) -> bool:
    try:
        return bool(verify(gold, given, timeout_seconds=None, allow_set_relation_comp=True))
    except Exception:
        return False


def _undefined(thing: Any) -> bool:
    return isinstance(thing, sympy.Expr) and not thing.free_symbols and bool(thing.evalf(5).has(sympy.zoo, sympy.nan))


# The second opinion.


def _precisely(one: Any, other: Any) -> bool | None:
    """Compare numbers at high precision, functions at some points, collections part by part; None if that fails."""
    if isinstance(one, sympy.Eq) and isinstance(other, sympy.Eq) and one.lhs == other.lhs:
        return _precisely(one.rhs, other.rhs)
    if isinstance(one, sympy.MatrixBase) and isinstance(other, sympy.MatrixBase):
        return _all_precisely(list(one), list(other)) if one.shape == other.shape else False
    if _family(one) != _family(other):
        return None
    if isinstance(one, (sympy.FiniteSet, LatexSet)):
        return _in_some_order(list(one.args), list(other.args))
    if isinstance(one, sympy.Tuple):
        return _all_precisely(list(one.args), list(other.args))
    if isinstance(one, sympy.Interval):
        return _all_precisely(list(one.args[:2]), list(other.args[:2]))
    if not isinstance(one, sympy.Expr):
        return None
    symbols = _symbols(one)
    if symbols != _symbols(other) or len(symbols) > len(_POINTS):
        return None
    agreed = [_agree_at(one, other, symbols, shift) for shift in range(2 if symbols else 1)]
    return False if False in agreed else None if None in agreed else True


def _all_precisely(ones: list[Any], others: list[Any]) -> bool | None:
    if len(ones) != len(others):
        return False
    agreed = [_precisely(one, other) for one, other in zip(ones, others, strict=True)]
    return False if False in agreed else None if None in agreed else True


def _in_some_order(ones: list[Any], others: list[Any]) -> bool | None:
    """Match the elements of two sets."""
    for one in ones:
        agreed = [_precisely(one, other) for other in others]
        if True not in agreed:
            return None if None in agreed else False
    return len(ones) == len(others)


def _symbols(expression: Any) -> list[Any]:
    """Return its variables; `i` is the imaginary unit."""
    return sorted((s for s in expression.free_symbols if str(s) != "i"), key=str)


def _agree_at(one: Any, other: Any, symbols: list[Any], shift: int) -> bool | None:
    """Evaluate both at one point."""
    points: dict[Any, Any] = {s: _POINTS[(i + shift) % len(_POINTS)] for i, s in enumerate(symbols)}
    for s in one.free_symbols | other.free_symbols:
        points.setdefault(s, sympy.I)
    try:
        placed = [_exact(e).subs(points) for e in (one, other)]
        larger = max(abs(e.evalf(5)) for e in placed)
        if larger == 0:
            return True
        digits = _DIGITS + max(0, int(sympy.log(larger, 10).evalf(5)))
        if digits > _MAX_DIGITS:
            return None
        first, second = (e.evalf(digits + 10) for e in placed)
        if not (first.is_number and second.is_number and first.is_finite and second.is_finite):
            return None
        return bool(abs(first - second) <= larger * sympy.Float(10, 20) ** -digits)
    except (TypeError, ValueError, ArithmeticError, AttributeError, NotImplementedError):
        return None


def _exact(expression: Any) -> Any:
    """Take decimals as written, not as the nearest binary fraction."""
    floats = {number: sympy.Rational(str(number)) for number in expression.atoms(sympy.Float)}
    return expression.xreplace(floats) if floats else expression


def _has_float(thing: Any) -> bool:
    return bool(thing.atoms(sympy.Float)) if isinstance(thing, sympy.Basic) else False


def _is_near(one: Any, other: Any) -> bool:
    try:
        return bool(abs(sympy.N(one - other)) <= abs(sympy.N(one)) / 100)
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        return False


def _family(thing: Any) -> str:
    for kind in (sympy.FiniteSet, sympy.Tuple, sympy.Interval, sympy.Set, sympy.MatrixBase, sympy.Eq, sympy.Expr):
        if isinstance(thing, (kind, LatexSet) if kind is sympy.FiniteSet else kind):
            return kind.__name__
    return type(thing).__name__


def _other_reading(gold: Any, given: Any) -> str:
    """Return another reading under which the two agree, which is no proof; empty if none is known."""
    if not isinstance(gold, sympy.Expr) or not isinstance(given, sympy.Expr):
        return ""
    gold_only, given_only = gold.free_symbols - given.free_symbols, given.free_symbols - gold.free_symbols
    if len(gold_only) == len(given_only) == 1 and {s.name for s in gold_only | given_only} <= _PARAMETERS:
        (gold_symbol,), (given_symbol,) = gold_only, given_only
        if _verified(gold, given.xreplace({given_symbol: gold_symbol})):
            return "equal if the letters that differ both stand for any whole number"
    for base_10, natural in ((gold, given), (given, gold)):
        swapped = base_10.replace(sympy.log, _natural_logarithm)
        if swapped != base_10 and _precisely(swapped, natural):
            return "equal if log is the natural logarithm"
    return ""


def _natural_logarithm(argument: Any, *base: Any) -> Any:
    return sympy.log(argument)
