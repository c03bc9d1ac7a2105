"""What a reply says: without thinking, in whatever marks, and without special tokens."""

import pytest

from longthought.agents.dialects.reading import spoken
from longthought.agents.dialects.thinking import finished, without_thinking

SAID = "So 3 + 4 = 7."
HIDDEN = "Let me see, maybe \\boxed{9}?"

MARKED = [
    f"<think>{HIDDEN}</think>{SAID}",
    f"<think>\n{HIDDEN}\n</think>\n\n{SAID}",
    f"<THINK>{HIDDEN}</THINK>{SAID}",
    f"<thinking>{HIDDEN}</thinking>\n{SAID}",
    f"<thought>{HIDDEN}</thought>{SAID}",
    f"<reasoning>{HIDDEN}</reasoning>{SAID}",
    f"<seed:think>{HIDDEN}</seed:think>{SAID}",
    f"[THINK]{HIDDEN}[/THINK]{SAID}",
    f"◁think▷{HIDDEN}◁/think▷{SAID}",
    f"<|begin_of_thought|>{HIDDEN}<|end_of_thought|>\n<|begin_of_solution|>{SAID}<|end_of_solution|>",
    f"<|START_THINKING|>{HIDDEN}<|END_THINKING|><|START_RESPONSE|>{SAID}<|END_RESPONSE|>",
    f"<|inner_prefix|>{HIDDEN}<|inner_suffix|>{SAID}",
    f"<unused94>thought\n{HIDDEN}<unused95>{SAID}",
    f"<|channel>thought\n{HIDDEN}<channel|>{SAID}",
    f"<|channel|>analysis<|message|>{HIDDEN}<|end|><|start|>assistant<|channel|>final<|message|>{SAID}",
    f"<|channel|>analysis<|message|>{HIDDEN}<|end|><|start|>assistant<|channel|>final<|message|>{SAID}<|return|>",
    f"<|channel|>analysis<|message|>{HIDDEN}<|channel|>final <|constrain|>json<|message|>{SAID}",
    f"<|channel|>commentary to=x <|constrain|>json<|message|>{HIDDEN}<|call|><|channel|>final<|message|>{SAID}",
    f"analysis{HIDDEN}assistantfinal{SAID}",
    f"Here's my thought process: {HIDDEN}\n\nHere's my response: {SAID}",
    f"Here is my thought process: {HIDDEN}\n\nHere is my response: {SAID}",
]


@pytest.mark.parametrize("reply", MARKED)
def test_thinking_in_marks_is_not_said(reply: str) -> None:
    assert spoken(reply) == SAID


@pytest.mark.parametrize("closing", ["</think>", "</thinking>", "[/THINK]", "◁/think▷", "<|END_THINKING|>"])
def test_the_opening_may_stand_in_the_prompt(closing: str) -> None:
    assert spoken(f"{HIDDEN}\n{closing}\n{SAID}") == SAID
    assert spoken(f"{HIDDEN}{closing}{HIDDEN}{closing}{SAID}") == SAID


@pytest.mark.parametrize(
    "reply", ["<think>", f"<think>{HIDDEN}", f"[THINK]{HIDDEN}", f"<|channel|>analysis<|message|>{HIDDEN}"]
)
def test_thinking_that_never_ends_says_nothing(reply: str) -> None:
    with pytest.raises(ValueError, match="nothing after the thinking"):
        spoken(reply)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (f"{SAID}<|im_end|>", SAID),
        (f"{SAID} <|eot_id|>\n", SAID),
        (f"{SAID}<|end|>", SAID),
        (f"{SAID}</s>", SAID),
        (f"{SAID}<eos>", SAID),
        (f"{SAID}<end_of_turn>\n", SAID),
        (f"{SAID}<｜end▁of▁sentence｜>", SAID),
        (f"{SAID}<|im_end|>\n<|im_start|>user\nWhat is 5 + 5?<|im_end|>\n<|im_start|>assistant\n10", SAID),
        (f"<|im_start|>assistant\n{SAID}<|im_end|>", SAID),
        (f"<|start_header_id|>assistant<|end_header_id|>\n\n{SAID}<|eot_id|>", SAID),
    ],
)
def test_special_tokens_are_no_words(reply: str, said: str) -> None:
    assert without_thinking(reply).strip() == said


@pytest.mark.parametrize(
    "reply",
    [
        "x < 3 and |x| > 2 | y",
        "analysis of the case shows that 2 < 3",
        "I think </s> is HTML for struck-out text",
        "|a| <|b|> means nothing",
        "Let a<b>c be a tag.",
    ],
)
def test_what_only_looks_like_marks_stays(reply: str) -> None:
    assert without_thinking(reply) == reply


def test_a_thought_that_is_asked_for_keeps_its_thinking() -> None:
    assert finished("<think>a</think>b<|im_end|>") == "<think>a</think>b"
