r"""Where a text gives its final answer."""

import pytest

from longthought.problems.final_answer import boxed_answer, final_answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("48/2 = <<48/2=24>>24 clips in May.\n#### 72", "72"),
        ("#### 1,234\n", "1,234"),
        ("So it is \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("\\boxed{1} or rather \\boxed{2}", "2"),
        ("The answer is 7, in a \\boxed{8}.", "8"),
        ("First #### 1\nThe answer is 2.\n#### 3", "3"),
        ("The answer is 72.", "72"),
        ("The final answer is: $3.50. I hope it is correct.", "$3.50"),
        ("Step 1. Nothing.\n**Answer:** 12 cm", "12 cm"),
        ("**The answer is 5**", "5"),
        ("ANSWER = 5", "5"),
        ("Add them up:\n\n  42  \n", "42"),
        ("72", "72"),
        ("The answer is 1. No, the answer is 2.", "2"),
        ("It breaks off in \\boxed{\\frac{1}{", None),
        ("The answer is 4, so \\boxed{4", "4, so \\boxed{4"),
        ("#### Step 1: Multiply\n3 * 5 = 15\n\n#### Step 2: Subtract\n15 - 2 = 13\n\nThe final answer is 13.", "13"),
        ("#### 1. Multiply\n3 * 5 = 15\n\n#### Step 2: Subtract what", None),
        ("#### Step 1: Multiply\n3 * 5 = 15\n#### 15\n\nI hope it helps.", "15"),
        ("It rains on Monday.\n#### Monday", "Monday"),
        ("#### Step 1: Multiply\n3 * 5 = 15\n#### x = 15", "x = 15"),
        ("", None),
        (" \n ", None),
        ("a long paragraph " * 50, None),
    ],
)
def test_each_convention_is_read(text: str, answer: str | None) -> None:
    assert final_answer(text) == answer


@pytest.mark.parametrize(
    "text",
    ["\\boxed{" * 300_000, "\\boxed{" * 300_000 + "}" * 300_000, "#### " * 1_000_000, "the answer is " * 500_000,
     "{" * 2_000_000, "x" * 10_000_000, "\x00\ud800" * 1_000_000, "```python " * 500_000, "\n" * 5_000_000,
     "answer **" * 500_000, "answer" + " " * 3_000_000 + "!"],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
def test_huge_texts_are_read_in_one_pass(text: str) -> None:
    assert final_answer(text) is None or len(str(final_answer(text))) <= len(text)


def test_a_box_inside_a_box_is_the_answer() -> None:
    assert boxed_answer("\\boxed{a \\boxed{5}}") == "5"
    assert boxed_answer("\\boxed{5 \\boxed{}}") == "5 \\boxed{}"
    assert boxed_answer("It is \\boxed{...}, or \\boxed{…}, or \\boxed{\\dots}.") is None
    assert boxed_answer("\\boxed{7}, written as \\boxed{...}") == "7"


def test_the_last_line_counts_only_where_it_is_wanted() -> None:
    assert final_answer("so\n72") == "72"
    assert final_answer("so\n72", last_line=False) is None
    assert final_answer("so\n#### 72", last_line=False) == "72"
