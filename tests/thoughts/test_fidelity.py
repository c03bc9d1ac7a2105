"""Whether words made from a thought still say it: what passes, and all the ways not to."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longthought.agents.summaries import summary
from longthought.thoughts.fidelity import (
    equations,
    losses,
    numbers,
    objection_kinds,
    plain_formulas,
    stretches,
    unsupported_claims,
)
from longthought.thoughts.thought import LongThought, joined
from longthought.trajectories.trajectory import Trajectory
from tests.fakes import logs
from tests.fakes.random_logs import debates

THOUGHT = Trajectory("d", logs.edited_by_a_human()).long_thought()
PIECES = [joined(piece) for piece in stretches(THOUGHT)]
FLUENT = [
    "Okay, here goes.",
    "I could split the product: 17 × 6 = 10·6 + 8 \\cdot 6.",
    "That gives 60 + 48 = 108. Hmm, hold on: it is 7 * 6, not 8 * 6, so this is wrong and I have to begin again.",
    "Alternatively I write $17 * 6 = 10 * 6 + 7 * 6$.",
    "And then 60+42=102.",
    "So the answer must be \\boxed{102}!",
]


def test_a_fluent_version_passes() -> None:
    assert losses(THOUGHT, PIECES) == ()
    assert losses(THOUGHT, FLUENT) == ()


@pytest.mark.parametrize(
    ("number", "change", "objection"),
    [
        (1, lambda t: t.replace("8 \\cdot 6", "7 \\cdot 6"), "paragraph 2 lost the equation 17*6=10*6+8*6"),
        (1, lambda t: t.replace("17", "18"), "made up the number 18"),
        (2, lambda t: t.replace("60 + 48 = 108", "108"), "paragraph 3 lost the equation 60+48=108"),
        (2, lambda t: "That gives 60 + 48 = 108. 7 * 6 8 * 6", "paragraph 3 no longer turns back"),
        (2, lambda t: "", "paragraph 3 is empty"),
        (4, lambda t: t + " Also 6 * 17 = 102.", "made up the equation 6*17=102"),
        (4, lambda t: "And then I add them.", "lost the number 102"),
        (5, lambda t: "So the answer must be 102.", "lost the final answer 102"),
        (5, lambda t: "So the answer must be \\boxed{108}, not 102.", "lost the final answer 102"),
        (5, lambda t: "So the answer must be \\boxed{102", "lost the final answer 102"),
    ],
)
def test_what_is_lost_or_made_up_is_named(number: int, change: Callable[[str], str], objection: str) -> None:
    broken = [change(text) if at == number else text for at, text in enumerate(FLUENT)]
    assert broken != FLUENT
    assert any(objection in said for said in losses(THOUGHT, broken)), losses(THOUGHT, broken)


def test_a_paragraph_too_few_is_the_only_objection() -> None:
    assert losses(THOUGHT, FLUENT[:-1]) == ("5 paragraphs came back for 6",)


def test_objections_are_counted_by_their_sorts() -> None:
    changes = {1: "17 × 6 = 10·6 + 9 * 6, or 18.", 2: "", 5: "So it is 102."}
    found = losses(THOUGHT, [changes.get(at, text) for at, text in enumerate(FLUENT)])
    assert objection_kinds(found) == {
        "lost a number", "lost an equation", "made up a number", "made up an equation", "left a paragraph empty",
        "lost a wrong turn", "lost the answer",
    }  # fmt: skip
    assert objection_kinds(losses(THOUGHT, [])) == {"lost the paragraphs"}
    assert objection_kinds(["paragraph 2 says something else"]) == {"said something else"}
    assert objection_kinds(()) == set()


def test_a_wrong_turn_in_words_alone_survives_in_its_words() -> None:
    log = logs.Log("Is there a largest prime?")
    step = "Suppose there were finitely many primes and multiply all of them together"
    log.add(logs.Proposed, logs.POLICY, node=1, parent=0, text=step)
    thought = Trajectory(log.name, log).long_thought()
    opening = PIECES[0]
    assert losses(thought, [opening, "Multiplying all primes together, supposing finitely many, might help."]) == ()
    assert losses(thought, [opening, "One could look at something."]) == ("paragraph 2 says something else",)


@given(debates(), st.integers(0, 2))
def test_the_plain_version_always_passes(t: Trajectory, seed: int) -> None:
    thought = t.long_thought(seed=seed)
    assert losses(thought, [joined(piece) for piece in stretches(thought)]) == ()


@given(debates(), st.randoms(use_true_random=False))
def test_a_number_that_changes_never_passes(t: Trajectory, rng: object) -> None:
    thought = t.long_thought()
    pieces = [joined(piece) for piece in stretches(thought)]
    at = rng.randrange(len(pieces))  # type: ignore[attr-defined]
    digits = [m.span() for m in re.finditer(r"\d+", pieces[at])]
    if digits:
        start, end = rng.choice(digits)  # type: ignore[attr-defined]
        pieces[at] = f"{pieces[at][:start]}98765{pieces[at][end:]}"
        assert losses(thought, pieces)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("so 15 − 13 = 2, which leaves 20 and 3", {"15-13=2"}),
        ("we get $x^2 + y \\leq \\frac{1}{2}$ here", {"x^2+y≤(1)/(2)"}),
        ("(15 - 13 = 2)", {"15-13=2"}),
        ("16 - 16 = 12 (16 - 16 is 0)", {"16-16=12"}),
        ("a 5 = 5", {"5=5"}),
        ("f(x) = 3 and 2 < 3", {"f(x)=3", "2<3"}),
        ("(a + b)(c) = 7", {"(a+b)(c)=7"}),
        ("1,000 + 1 = 1,001", {"1000+1=1001"}),
        ("the = sign, or =, or x =", set()),
        ("2 + 3", set()),
        ("I = J", {"I=J"}),
    ],
)
def test_equations(text: str, found: set[str]) -> None:
    assert equations(text) == found


def test_numbers_are_compared_as_written() -> None:
    assert numbers("1,234 and 2.50, then 3, 4 and 5,6") == {"1234", "2.50", "3", "4", "5", "6"}
    assert numbers("") == set()
    assert numbers("it is -3, 5 - 2, 7-1 and (−4)") == {"-3", "5", "2", "7", "1", "-4"}
    assert numbers(r"40% or 40 percent or 40\%") == {"40%"}
    assert numbers("3²") == {"3", "2"} != numbers("3")
    assert numbers(r"\frac{1}{2}") == numbers("1 / 2") != numbers("2/1")
    assert plain_formulas("a × b ÷ c − d ** 2").split() == ["a", "*", "b", "/", "c", "-", "d", "^", "2"]


def test_an_account_may_say_only_what_the_thought_says() -> None:
    right = "The thinker first tried 8 * 6 where it is 7 * 6, and started again. 60 + 42 = 102, so the answer is 102."
    assert unsupported_claims(right, THOUGHT) == ()
    assert unsupported_claims("", THOUGHT) == ("it is empty", "it does not give the final answer 102")
    assert "the number 99 is not in the thought" in unsupported_claims(f"{right} Not 99.", THOUGHT)
    assert "the equation 42+60=102 is not in the thought" in unsupported_claims(f"{right} 42 + 60 = 102.", THOUGHT)
    invented = unsupported_claims(f"{right} Euler's theorem guarantees convergence everywhere.", THOUGHT)
    assert invented == ("this is not in the thought: Euler's theorem guarantees convergence everywhere.",)


@given(debates())
def test_what_the_rule_says_of_a_thought_is_in_it(t: Trajectory) -> None:
    for walk in ("chronological", *(("depth_first", "shortcut") if t.labels and t.solved else ())):
        thought: LongThought = t.long_thought(walk)
        text = summary(thought).text
        assert numbers(text) <= numbers(thought.text + t.problem.statement)
        assert equations(text) <= equations(thought.text)
        assert (t.answer or "No answer") in text
