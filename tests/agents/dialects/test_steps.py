"""Replies are cut into the steps that a reader would see, and never inside a formula or code."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longthought.agents.dialects.steps import MOST, cut_into_steps

CODE = "```python\nx = 1\n\n2. y\n```"
NUMBERED = r"""To find how much Janet makes, we follow these steps:

1. **Count the eggs:**
   Her ducks lay 16 eggs.

2. **Subtract what she eats:**
   \[
   16 - 3 - 4 = 9

   \text{eggs}
   \]

3. **Multiply by the price:**
   9 × 2 = 18

Therefore, Janet makes \(\boxed{18}\) dollars."""


def test_numbered_items_are_steps_and_so_is_what_follows_them() -> None:
    steps = cut_into_steps(NUMBERED)
    assert [step.splitlines()[-1].strip() for step in steps] == [
        "Her ducks lay 16 eggs.", r"\]", "9 × 2 = 18", r"Therefore, Janet makes \(\boxed{18}\) dollars.",
    ]  # fmt: skip
    assert steps[0].startswith("To find"), "what introduces the items belongs to the first"


@pytest.mark.parametrize(
    ("reply", "steps"),
    [
        (
            "She sold 48/2 = 24 clips in May. In all she sold 48 + 24 = 72. The answer is \\boxed{72}.",
            ["She sold 48/2 = 24 clips in May.", "In all she sold 48 + 24 = 72.", "The answer is \\boxed{72}."],
        ),
        (
            "She has 3 apples, i.e. 3 fruits. Mr. Lee gives her 2: 3 + 2 = 5. Then 5 + 4 = 9.",
            ["She has 3 apples, i.e. 3 fruits. Mr. Lee gives her 2: 3 + 2 = 5.", "Then 5 + 4 = 9."],
        ),
        ("Step 1: a = 1\nStep 2: b = 2\nStep 3: ab = 2", ["Step 1: a = 1", "Step 2: b = 2", "Step 3: ab = 2"]),
        ("**Step 1:** Let x = 3.\n\n**Step 2:** 2x = 6.", ["**Step 1:** Let x = 3.", "**Step 2:** 2x = 6."]),
        (f"So 2 + 2 = 4.\n\n{CODE}\n\nSo 5 + 5 = 10.", [f"So 2 + 2 = 4.\n\n{CODE}", "So 5 + 5 = 10."]),
        (
            "We have 12 in all.\n\nIt follows that:\n\n$$x\n\n= 3$$\n\nDone with 3.",
            ["We have 12 in all.", "It follows that:\n\n$$x\n\n= 3$$", "Done with 3."],
        ),
        ("Let us think.\n\nHm.\n\nThe answer is 4.", ["Let us think.\n\nHm.\n\nThe answer is 4."]),
        ("In 2020 there were 5.\n10 came.", ["In 2020 there were 5.\n10 came."]),
        (
            r"We have n = 5. The count is $5! \cdot 2 = 240$. So x = 240.",
            ["We have n = 5.", r"The count is $5! \cdot 2 = 240$.", "So x = 240."],
        ),
        (
            "First $2x = 4$. Then $x = 2$. Hence $x + 1 = 3$.",
            ["First $2x = 4$.", "Then $x = 2$.", "Hence $x + 1 = 3$."],
        ),
        ("It costs $5. So 2 * $5 = $10. Then 10 + 1 = 11.", ["It costs $5. So 2 * $5 = $10.", "Then 10 + 1 = 11."]),
        ("It is 7.", ["It is 7."]),
        ("", []),
    ],
)  # fmt: skip
def test_replies_are_cut_where_a_reader_would(reply: str, steps: list[str]) -> None:
    assert cut_into_steps(reply) == steps


def test_a_reply_of_very_many_steps_keeps_all_its_words() -> None:
    reply = "\n\n".join(f"{n} + {n} = {2 * n}" for n in range(100))
    steps = cut_into_steps(reply)
    assert len(steps) == MOST
    assert steps[-1].endswith("99 + 99 = 198")


PIECES = st.sampled_from([
    "1. ", "2. ", "Step 3: ", "\n", "\n\n", "x = 1", "3", " So 2 + 2 = 4.", " e.g. this", "$a = 1$", "$$", "```", "\\[",
    "\\]", "\\(b\n", "\\)", "word ", ":", "- item\n", "**", "\\begin{cases}", "\\end{cases}", ".", "。", "é",
])  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_word_is_lost_and_no_formula_is_cut(reply: str) -> None:
    steps = cut_into_steps(reply)
    assert re.sub(r"\s", "", "".join(steps)) == re.sub(r"\s", "", reply)
    assert all(step.count("$a = 1$") * 2 <= step.count("$") for step in steps)


def test_a_reply_without_an_end_is_cut_in_linear_time() -> None:
    for piece in ("\\[", "```", "$x", "1. \n", "a. B", "\\(x \n", "\\begin{x}"):
        assert "".join(cut_into_steps(piece * 4_000))
