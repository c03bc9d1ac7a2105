"""The Countdown solver against brute force, the checker against hostile expressions, the generator's promises."""

import ast
import itertools
import warnings
from collections.abc import Iterator, Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longthought.errors import ProblemError
from longthought.problems.countdown import game, lookahead
from longthought.problems.countdown.puzzle import Puzzle

numbers_3_or_4 = st.lists(st.integers(1, 30), min_size=3, max_size=4)


def brute(numbers: Sequence[Fraction]) -> Iterator[tuple[str, ...]]:
    """Yield every game as text, by trying all ordered pairs; shares no code with the package."""
    if len(numbers) == 1:
        yield (str(numbers[0]),)
        return
    for i, j in itertools.permutations(range(len(numbers)), 2):
        a, b = numbers[i], numbers[j]
        rest = [n for k, n in enumerate(numbers) if k not in (i, j)]
        for operator, value in (("+", a + b), ("-", a - b), ("*", a * b), ("/", a / b)):
            if value > 0 and value.denominator == 1:
                for game in brute([*rest, value]):
                    yield (f"{a} {operator} {b} = {value}", *game)


def values(numbers: Sequence[int]) -> set[int]:
    return {int(game[-1]) for game in brute([Fraction(n) for n in numbers])}


def test_reachable_is_exact_for_every_state_of_two_and_three_small_numbers() -> None:
    for size, top in ((2, 25), (3, 9)):
        for numbers in itertools.combinations_with_replacement(range(1, top + 1), size):
            assert game.reachable(numbers) == values(numbers), numbers


@settings(deadline=None, max_examples=40)
@given(numbers_3_or_4)
def test_reachable_and_solvable_agree_with_brute_force(numbers: list[int]) -> None:
    expected = values(numbers)
    assert game.reachable(reversed(numbers)) == expected
    for target in (1, 2, 24, 100, max(expected), max(expected) + 1):
        assert game.solvable(numbers, target) == (target in expected)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 12), min_size=2, max_size=3), st.data())
def test_solutions_are_all_the_games_that_win(numbers: list[int], data: st.DataObject) -> None:
    target = data.draw(st.sampled_from(sorted(game.reachable(numbers))))
    found = list(game.solutions(numbers, target))
    assert len(set(found)) == len(found)
    for solution in found:
        state: tuple[int, ...] | None = tuple(numbers)
        for move in solution:
            assert state is not None
            assert move in game.moves(state)
            assert Fraction(move.result) == eval_exactly(f"{move.left} {move.operator} {move.right}")
            state = game.after(state, move)
        assert state == (target,)
    games = {
        tuple(larger_first(step) for step in game[:-1])
        for game in brute([Fraction(n) for n in numbers])
        if game[-1] == str(target)
    }
    assert {tuple(str(move) for move in solution) for solution in found} == games


def larger_first(step: str) -> str:
    left, operator, right, equals, result = step.split()
    if operator in "+*" and int(left) < int(right):
        left, right = right, left
    return f"{left} {operator} {right} {equals} {result}"


def eval_exactly(text: str) -> Fraction:
    left, operator, right = text.split()
    a, b = Fraction(left), Fraction(right)
    return {"+": a + b, "-": a - b, "*": a * b, "/": a / b}[operator]


def test_a_dead_end_has_no_solutions() -> None:
    assert not game.solvable((1, 1), 5)
    assert list(game.solutions((1, 1), 5)) == []
    assert list(game.solutions((7,), 7)) == [()]
    assert list(game.solutions((7,), 8)) == []
    assert game.reachable(()) == frozenset()


@pytest.mark.parametrize(
    "move",
    [
        game.CountdownMove(9, "+", 3, 12),
        game.CountdownMove(16, "+", 8, 25),
        game.CountdownMove(8, "-", 16, -8),
        game.CountdownMove(16, "-", 16, 0),
        game.CountdownMove(16, "/", 11, 1),
        game.CountdownMove(8, "+", 8, 16),
        game.CountdownMove(16, "%", 11, 5),
    ],
)
def test_an_illegal_move_leads_nowhere(move: game.CountdownMove) -> None:
    assert game.after((16, 16, 11, 8), move) is None


@pytest.mark.parametrize("expression", ["(16 + 8) + 11 * (16 / 16)", "16+8+11", "35"])
def test_the_numbers_must_be_used_each_once(expression: str) -> None:
    assert "each once" in str(game.check((16, 16, 8, 11), 35, expression))


@pytest.mark.parametrize(
    "expression",
    [
        "16+8+11",
        "(16 + 8) + 11",
        "[16 + 8] + 11",
        "  16+8+11 ",
        "11 + (16\n+ 8)",
        "((((16))) + (8 + 11))",
        "11 + 8 + 16",
    ],
)
def test_right_expressions(expression: str) -> None:
    assert game.check((16, 8, 11), 35, expression) is None


def test_other_signs_for_the_operations() -> None:
    assert game.check((3, 4, 6, 2), 9, "3 × 4 − 6 ÷ 2") is None
    assert game.check((3, 4, 6, 2), 9, "3 x 4 – 6 ÷ 2") is None
    assert game.check((3, 4, 6, 2), 9, "3 · 4 - 6 / 2") is None


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("16 - 3", "makes 13, not 19"),
        ("3 - 16", "not a positive whole number"),
        ("16 / 3", "not a positive whole number"),
        ("", "not an arithmetic expression"),
        ("16 +", "not an arithmetic expression"),
        ("16 3 +", "not an arithmetic expression"),
        ("016 + 3", "not an arithmetic expression"),
        ("(16 + 3", "not an arithmetic expression"),
        ("16 + 3 = 19", "only whole numbers"),
        ("3 ** 16", "only whole numbers"),
        ("3 xx 16", "only whole numbers"),
        ("16 // 3", "only whole numbers"),
        ("9**9**9**9", "only whole numbers"),
        ("-(-16) + 3", "only whole numbers"),
        ("+16 + 3", "only whole numbers"),
        ("16 + -(-3)", "only whole numbers"),
        ("16.0 + 3", "only whole numbers"),
        ("1.6e1 + 3", "only whole numbers"),
        ("16j + 3", "only whole numbers"),
        ("True + 18", "only whole numbers"),
        ("1_6 + 3", "only whole numbers"),
        ("0b10000 + 3", "only whole numbers"),
        ("0o20 + 3", "only whole numbers"),
        ("16 + 3 # = 19", "only whole numbers"),
        ("16 + 3if 1else 0", "only whole numbers"),
        ("__import__('os').system('true')", "only whole numbers"),
        ("(lambda: 19)()", "only whole numbers"),
        ("16(3)", "only whole numbers"),
        ("16[3]", "only whole numbers"),
        ("()", "only whole numbers"),
        ("16 + \u0663", "only whole numbers"),
        ("16 + \uff13", "only whole numbers"),
        ("16 + ³", "only whole numbers"),
        ("16 + 3\x00", "only whole numbers"),
        ("16 + 3; 19", "only whole numbers"),
        ("16, 3", "only whole numbers"),
        pytest.param("(" * 400 + "19" + ")" * 400, "not an arithmetic expression", id="deep"),
        pytest.param("-" * 900 + "19", "only whole numbers", id="signs"),
        pytest.param("1" + "+1" * 499, "each once", id="long sum"),
        pytest.param("9" * 999, "each once", id="huge number"),
        pytest.param("*".join(["9" * 99] * 10), "each once", id="huge product"),
        pytest.param("1" * 1_001, "longer than 1000", id="too long"),
    ],
)
def test_wrong_and_hostile_expressions_get_a_reason(expression: str, reason: str) -> None:
    with warnings.catch_warnings(record=True) as noise:
        warnings.simplefilter("always")
        assert reason in str(game.check((16, 3), 19, expression))
    assert noise == []


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="0123456789+-*/() x×÷−[]_.,jbe=#\n\t٣", max_size=40))
def test_no_text_breaks_the_checker(expression: str) -> None:
    outcome = game.check((16, 3), 19, expression)
    assert outcome is None or (isinstance(outcome, str) and outcome)


@settings(deadline=None, max_examples=60)
@given(numbers_3_or_4, st.data())
def test_the_checker_computes_as_exact_fractions_do(numbers: list[int], data: st.DataObject) -> None:
    terms = [str(n) for n in numbers]
    while len(terms) > 1:
        left = terms.pop(data.draw(st.integers(0, len(terms) - 1)))
        right = terms.pop(data.draw(st.integers(0, len(terms) - 1)))
        terms.append(f"({left} {data.draw(st.sampled_from('+-*/'))} {right})")
    value = exact(ast.parse(terms[0], mode="eval").body)
    outcome = game.check(numbers, int(value) if value is not None else 7, terms[0])
    assert (outcome is None) == (value is not None)
    if value is not None:
        assert game.solvable(numbers, int(value))
        assert f"makes {value}, not {value + 1}" == game.check(numbers, int(value) + 1, terms[0])


def exact(node: ast.expr) -> Fraction | None:
    """Return the value by fractions, None where any part is not a positive whole number."""
    if isinstance(node, ast.Constant):
        return Fraction(str(node.value))
    assert isinstance(node, ast.BinOp)
    left, right = exact(node.left), exact(node.right)
    if left is None or right is None:
        return None
    value = {
        ast.Add: lambda: left + right,
        ast.Sub: lambda: left - right,
        ast.Mult: lambda: left * right,
        ast.Div: lambda: left / right,
    }[type(node.op)]()
    return value if value > 0 and value.denominator == 1 else None


def test_generated_puzzles_are_solvable_distinct_and_within_the_settings() -> None:
    puzzles = game.generate(count=150, numbers=4, max_number=20, targets=(10, 100), split=None, seed=5)
    assert len({p.id for p in puzzles}) == 150
    for puzzle in puzzles:
        assert len(puzzle.numbers) == 4
        assert all(1 <= n <= 20 for n in puzzle.numbers)
        assert 10 <= puzzle.target <= 100
        solution = next(game.solutions(puzzle.numbers, puzzle.target))
        assert solution[-1].result == puzzle.target
        assert Puzzle.read(puzzle.statement) == puzzle


def test_splits_are_disjoint_and_training_never_sees_a_held_out_target() -> None:
    hands: dict[str, set[tuple[int, ...]]] = {}
    targets: dict[str, set[int]] = {}
    for split in ("train", "validation", "test"):
        puzzles = game.generate(count=300, split=split, seed=1)
        hands[split] = {tuple(sorted(p.numbers)) for p in puzzles}
        targets[split] = {p.target for p in puzzles}
        assert {game.split_of(p.numbers) for p in puzzles} == {split}
    for one, other in itertools.combinations(hands, 2):
        assert not hands[one] & hands[other]
    assert not any(game.held_out_target(t) for t in targets["train"])
    assert any(game.held_out_target(t) for t in targets["test"])


def test_the_split_is_the_documented_hash() -> None:
    """The values were worked out with `printf '%s' '8,11,16,16' | sha256sum`, modulo 10."""
    assert game.split_of((16, 16, 8, 11)) == "test"
    assert game.split_of((8, 16, 11, 16)) == "test"
    assert [t for t in range(10, 101) if game.held_out_target(t)] == [46, 61, 67, 75, 80, 85, 86, 89, 93]


def test_same_seed_same_puzzles() -> None:
    assert game.generate(count=40, seed=7) == game.generate(count=40, seed=7)
    assert game.generate(count=40, seed=7) != game.generate(count=40, seed=8)
    assert game.generate(count=10, seed=7) == game.generate(count=40, seed=7)[:10]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"count": 1, "numbers": 1}, "`numbers` must be from 2 to 6, got 1"),
        ({"count": 1, "numbers": 7}, "`numbers` must be from 2 to 6, got 7"),
        ({"count": 0}, "`count`"),
        ({"count": 1, "max_number": 0}, "`max_number`"),
        ({"count": 1, "targets": (50, 10)}, "`targets` 50-10"),
        ({"count": 1, "targets": (0, 10)}, "`targets` 0-10"),
        ({"count": 1, "numbers": 2, "max_number": 3, "targets": (10, 100)}, "found only 0"),
        ({"count": 500, "numbers": 2, "max_number": 3, "targets": (1, 9), "split": None}, "ask for fewer"),
    ],
)
def test_impossible_settings_are_refused(kwargs: dict[str, object], message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        game.generate(**kwargs)  # pyright: ignore[reportArgumentType]


def test_the_legend_of_look_aheads_explains_words_that_can_be_read() -> None:
    example = lookahead.LEGEND.partition("“")[2].partition("”")[0]
    (line,) = lookahead.read(example) or []
    assert (line.held, line.need, line.have, line.found) == (7, [53, 39], [68, 28], False)
    assert (46 + 7, 46 - 7) == (53, 39)
    assert (48 + 20, 48 - 20) == (68, 28)


def test_a_look_ahead_is_redone_with_the_numbers_it_holds_back_and_those_it_forgot() -> None:
    said = "8 need 40 1 blank blank have 9 3 none 8 need 1 have 2 none 99 need 1 have 2 none"
    redone = lookahead.corrected(said, (39, 8, 4), 48)
    assert redone is not None
    assert [line.held for line in lookahead.read(redone) or []] == [8, 39, 4]
    assert lookahead.holds(redone, (39, 8, 4), 48)
    assert lookahead.supports(redone, (39, 8, 4), accepts=game.solvable((39, 8, 4), 48))
    assert lookahead.corrected("need 7 have 1 2 found", (6, 2), 12) == "need 12 have 8 4 12 found"
    assert lookahead.corrected("I see nothing", (6, 2), 12) is None
    assert lookahead.corrected(said, (39, 8, 4, 2), 48) is None


@given(st.lists(st.integers(1, 60), min_size=1, max_size=3), st.integers(1, 200))
def test_a_look_ahead_in_the_usual_order_is_redone_as_a_perfect_critic_writes_it(left: list[int], target: int) -> None:
    state = tuple(sorted(left, reverse=True))
    redone = lookahead.corrected("need 1 have 1 none", state, target)
    perfect = lookahead.verdict(state, target, 0)
    assert redone is not None
    assert perfect is None or perfect.startswith(f"{redone} ")


def test_a_look_ahead_is_shown_with_one_number_held_back_on_each_line() -> None:
    said = "48 need 94 2 have 27 13 none 20 need 66 26 have 55 blank none 7 need 53 have 53 found"
    assert lookahead.on_lines(said).splitlines() == [
        "48 need 94 2 have 27 13 none",
        "20 need 66 26 have 55 blank none",
        "7 need 53 have 53 found",
    ]
    assert lookahead.on_lines("so I say, none 20 need") == "so I say, none 20 need"
