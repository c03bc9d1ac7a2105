"""The Countdown game: its rules, an exact solver, an exact checker, a generator and the split.

Use every number exactly once, with + - * and exact division, to make the target; every intermediate result is a
positive whole number. A *state* is the multiset of numbers still on the table; a *move* replaces two of them by their
result. This module holds all exact knowledge of the game; agents never import it.
"""

import ast
import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from longthought.errors import ProblemError
from longthought.problems.countdown.puzzle import Puzzle

Split = Literal["train", "validation", "test"]
OPERATORS: Final = ("+", "-", "*", "/")
MAX_NUMBERS: Final = 6
_MAX_EXPRESSION: Final = 1_000


@dataclass(frozen=True, slots=True)
class CountdownMove:
    """`left operator right = result`, with `left >= right` wherever the order is free."""

    left: int
    operator: str
    right: int
    result: int

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right} = {self.result}"


def apply(left: int, operator: str, right: int) -> int | None:
    """Return the result of one operation, or None if the rules forbid it."""
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right if left > right else None
    if operator == "*":
        return left * right
    if operator == "/":
        return left // right if right and left % right == 0 else None
    return None


def moves(state: Sequence[int]) -> list[CountdownMove]:
    """Return the distinct legal moves from a state, larger number first."""
    distinct: dict[CountdownMove, None] = {}
    ordered = sorted(state, reverse=True)
    for i, left in enumerate(ordered):
        for right in ordered[i + 1 :]:
            for operator in OPERATORS:
                result = apply(left, operator, right)
                if result is not None:
                    distinct[CountdownMove(left, operator, right, result)] = None
    return list(distinct)


def after(state: Iterable[int], move: CountdownMove) -> tuple[int, ...] | None:
    """Return the state after a move, largest first, or None if the move is illegal there."""
    table = Counter(state)
    table.subtract((move.left, move.right))
    if min(table.values()) < 0 or apply(move.left, move.operator, move.right) != move.result:
        return None
    table[move.result] += 1
    return tuple(sorted(table.elements(), reverse=True))


def reachable(numbers: Iterable[int]) -> frozenset[int]:
    """Return every value that the numbers, each used exactly once, can make."""
    return _reachable(tuple(sorted(numbers)))


@lru_cache(maxsize=200_000)
def _reachable(numbers: tuple[int, ...]) -> frozenset[int]:
    if len(numbers) == 1:
        return frozenset(numbers)
    values: set[int] = set()
    for left, right in _partitions(numbers):
        for a in _reachable(left):
            for b in _reachable(right):
                high, low = (a, b) if a >= b else (b, a)
                values.add(high + low)
                values.add(high * low)
                if high > low:
                    values.add(high - low)
                if high % low == 0:
                    values.add(high // low)
    return frozenset(values)


def _partitions(numbers: tuple[int, ...]) -> set[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Split a sorted multiset into two non-empty parts, each unordered pair once."""
    partitions: set[tuple[tuple[int, ...], tuple[int, ...]]] = set()
    rest = numbers[1:]
    for mask in range(2 ** len(rest) - 1):
        left = (numbers[0], *(n for i, n in enumerate(rest) if mask >> i & 1))
        right = tuple(n for i, n in enumerate(rest) if not mask >> i & 1)
        partitions.add((left, right))
    return partitions


def solvable(state: Iterable[int], target: int) -> bool:
    """Say whether the target can be made from a state; the answer is exact."""
    return target in reachable(state)


def solutions(state: Sequence[int], target: int) -> Iterator[tuple[CountdownMove, ...]]:
    """Yield every sequence of moves that ends in the target, in a fixed order."""
    if len(state) == 1:
        if state[0] == target:
            yield ()
        return
    for move in moves(state):
        following = after(state, move)
        if following is not None and solvable(following, target):
            for rest in solutions(following, target):
                yield (move, *rest)


def check(numbers: Sequence[int], target: int, expression: str) -> str | None:
    """Check a final expression exactly; return None if it is right, else the reason why not.

    The expression is parsed with `ast`, never evaluated as code; brackets and `x`, `×`, `÷`, `−` are understood.
    """
    if len(expression) > _MAX_EXPRESSION:
        return f"the expression is longer than {_MAX_EXPRESSION} characters"
    tree = _parse(expression)
    if isinstance(tree, str):
        return tree
    used: list[int] = []
    try:
        value = _evaluate(tree, used)
    except _IllegalExpression as error:
        return str(error)
    except RecursionError:
        return "the expression is nested too deeply"
    if Counter(used) != Counter(numbers):
        return f"uses {_listing(used)} instead of {_listing(numbers)}, each once"
    return None if value == target else f"makes {value}, not {target}"


def sorted_terms(expression: str) -> str | None:
    """Write an expression with the terms of each sum, and the factors of each product, in a fixed order.

    Returns None if the text is no expression; it need not be legal or make the target.
    """
    tree = _parse(expression) if len(expression) <= _MAX_EXPRESSION else ""
    try:
        return None if isinstance(tree, str) else _sorted(tree)
    except (RecursionError, _IllegalExpression):
        return None


def _parse(expression: str) -> ast.expr | str:
    """Return the syntax tree of an expression, or the reason why it has none."""
    text = expression.translate(_SYMBOLS).strip()
    if not _ALPHABET.fullmatch(text):
        return _ALLOWED
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return "not an arithmetic expression"


def _sorted(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return str(node.value)
    if not isinstance(node, ast.BinOp) or type(node.op) not in _AST_OPERATORS:
        raise _IllegalExpression(_ALLOWED)
    sign = _AST_OPERATORS[type(node.op)]
    if sign in "-/":
        return f"({_sorted(node.left)} {sign} {_sorted(node.right)})"
    return f"({f' {sign} '.join(sorted(_terms(node, type(node.op))))})"


def _terms(node: ast.expr, kind: type[ast.operator]) -> list[str]:
    if isinstance(node, ast.BinOp) and type(node.op) is kind:
        return [*_terms(node.left, kind), *_terms(node.right, kind)]
    return [_sorted(node)]


_ALPHABET: Final = re.compile(r"[0-9+*/()\s-]*", re.ASCII)
_ALLOWED: Final = "only whole numbers, + - * / and brackets are allowed"
_SYMBOLS: Final = str.maketrans({"x": "*", "×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "[": "(", "]": ")"})
_AST_OPERATORS: Final[dict[type[ast.operator], str]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


class _IllegalExpression(Exception):
    pass


def _evaluate(node: ast.expr, used: list[int]) -> int:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        used.append(node.value)
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _AST_OPERATORS:
        operator = _AST_OPERATORS[type(node.op)]
        left, right = _evaluate(node.left, used), _evaluate(node.right, used)
        result = apply(left, operator, right)
        if result is None:
            raise _IllegalExpression(f"{left} {operator} {right} is not a positive whole number")
        return result
    raise _IllegalExpression(_ALLOWED)


def _listing(numbers: Iterable[int]) -> str:
    return ", ".join(str(n) for n in sorted(numbers)) or "nothing"


def split_of(numbers: Iterable[int]) -> Split:
    """Return the split of a multiset of numbers, by a hash that is the same on every machine."""
    bucket = _bucket(",".join(str(n) for n in sorted(numbers)))
    return "test" if bucket == 0 else "validation" if bucket == 1 else "train"


def held_out_target(target: int) -> bool:
    """Say whether a target never occurs in training."""
    return _bucket(f"target {target}") == 0


def _bucket(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()) % 10


def generate(
    *,
    count: int,
    numbers: int = 4,
    max_number: int = 20,
    targets: tuple[int, int] = (10, 100),
    split: Split | None = "test",
    seed: int = 0,
) -> list[Puzzle]:
    """Return distinct solvable puzzles, in an order fixed by the seed.

    Numbers are drawn uniformly from 1 to `max_number`, then a target uniformly from those that can be made. Training
    puzzles never have a held-out target.

    Raises:
        ProblemError: if the settings are invalid, or allow fewer distinct puzzles than `count`.

    """
    low, high = targets
    if not 2 <= numbers <= MAX_NUMBERS:
        raise ProblemError(f"`numbers` must be from 2 to {MAX_NUMBERS}, got {numbers}")
    if max_number < 1 or count < 1:
        raise ProblemError("`count` and `max_number` must be at least 1")
    if not 1 <= low <= high:
        raise ProblemError(f"`targets` {low}-{high}: write LOW-HIGH with 1 <= LOW <= HIGH, such as 10-100")
    rng = random.Random(f"countdown {numbers} {max_number} {low}-{high} {split} {seed}")
    puzzles: dict[str, Puzzle] = {}
    misses = 0
    while len(puzzles) < count:
        puzzle = _dealt(rng, tuple(rng.randint(1, max_number) for _ in range(numbers)), targets, split)
        if puzzle is None or puzzle.id in puzzles:
            misses += 1
            if misses > 20_000:
                raise ProblemError(
                    f"found only {len(puzzles)} distinct solvable puzzles of {count} asked for ({numbers} numbers up "
                    f"to {max_number}, targets {low}-{high}, split {split}): ask for fewer, or widen the ranges"
                )
            continue
        misses = 0
        puzzles[puzzle.id] = puzzle
    return list(puzzles.values())


def _dealt(
    rng: random.Random, numbers: tuple[int, ...], targets: tuple[int, int], split: Split | None
) -> Puzzle | None:
    """Return a puzzle of dealt numbers; None if they belong to another split or make no target that is allowed."""
    if split is not None and split_of(numbers) != split:
        return None
    low, high = targets
    options = sorted(v for v in reachable(numbers) if low <= v <= high)
    if split == "train":
        options = [v for v in options if not held_out_target(v)]
    return Puzzle(numbers, rng.choice(options)) if options else None
