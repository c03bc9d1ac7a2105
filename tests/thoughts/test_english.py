"""The plain voice: words fit the moves, what the log says is repeated, and shorthand is read aloud."""

import random
import re
from itertools import islice, pairwise

import pytest

from longthought.thoughts import phrases, shorthand
from longthought.thoughts.english import English, capitalised, uncapitalised, with_connective, with_full_stop
from longthought.training.bundled.corpus import critic_examples
from longthought.training.bundled.recipe import Mix
from longthought.trajectories.events import Cause, Finished, Moved, Observed, Proposed, StopReason
from longthought.trajectories.trajectory import Trajectory
from tests.fakes import logs
from tests.fakes.logs import CRITIC, POLICY, STRATEGY, TOOL, Log


def test_a_debate_reads_as_a_thought() -> None:
    assert str(Trajectory("d", logs.plain()).long_thought()).split("\n\n") == [
        "Okay, let me think this through.",
        "Let me start here: 16 + 8 = 25. Wait, let me check that: it is 24. So that doesn't work.",
        (
            "Let me try something else: 16 - 16 = 0. Running it prints 0. I check it: that is right. "
            "Hmm, let me look at this again. Is zero allowed?"
        ),
        "Let me re-examine that. No: not positive. But wait. Zero is not positive. That's a dead end.",
        "Instead, 16 / 16 = 1. Does that work? Fine.",
        "So it is. Let me see. Done.",
        "Therefore, the answer is \\boxed{(16 / 16) * 35}.",
    ]


def test_the_same_thought_is_told_in_the_same_words_and_another_seed_in_others() -> None:
    t = Trajectory("d", logs.plain())
    assert t.long_thought(seed=3).text == t.long_thought(seed=3).text
    assert len({t.long_thought(seed=seed).text for seed in range(10)}) > 5
    assert len({tuple(t.long_thought(seed=seed).course.moves) for seed in range(10)}) == 1


def test_no_connective_of_a_kind_twice_running() -> None:
    log = Log("What is n?")
    for node in range(1, 30):
        log.add(Proposed, POLICY, node=node, parent=0, text=f"{node} * 2 = {2 * node} left {2 * node} 3")
        log.add(Moved, CRITIC, to=0, cause=Cause.REJECTED, abandoned=(node,), reason="wrong")
    said = [
        s.text.partition(".")[0] for s in Trajectory(log.name, log).long_thought().sentences if s.factor == "return"
    ]
    assert len(set(said)) == len(phrases.DEAD_END)
    assert all(one != other for one, other in pairwise(said))


@pytest.mark.parametrize(
    ("text", "aloud"),
    [
        ("15 - 13 = 2 left 20 3 2", "15 - 13 = 2, which leaves 20, 3 and 2"),
        ("65 + 20 = 85 left 85", "65 + 20 = 85"),
        ("65 + 20 = 85", None),
        ("65 + 20 = 85 left", None),
        ("so 65 + 20 = 85 left 85", None),
    ],
)
def test_steps_in_shorthand(text: str, aloud: str | None) -> None:
    assert shorthand.step(text) == aloud


@pytest.mark.parametrize(
    ("text", "aloud"),
    [
        ("need 85 have 85 found", "I need 85, and 85 is what I get."),
        ("need 85 have 105 85 found", "I need 85, and 85 is among 105 and 85."),
        ("need 85 have 84 none", "I need 85, but I only get 84."),
        ("need 17 have blank blank none", "I need 17, but I only get nothing of use."),
        (
            "20 need 105 65 blank blank have 5 1 6 blank none 3 need 88 have 88 found",
            (
                "Keeping 20 for last, the others would have to make 105 or 65, but they make 5, 1 and 6. "
                "With 3 last, they have to make 88: they can make 88."
            ),
        ),
        (
            "5 need 9 have 6 none 5 need 9 have 6 none",
            "Keeping 5 for last, the others would have to make 9, but they make 6.",
        ),
        ("wrong", "The arithmetic is wrong."),
        ("need 85", None),
        ("I need 85", None),
        ("", None),
    ],
)
def test_look_aheads_in_shorthand(text: str, aloud: str | None) -> None:
    assert shorthand.look_ahead(text) == aloud


def test_everything_a_bundled_critic_learns_to_say_can_be_read_aloud() -> None:
    for example in islice(critic_examples(random.Random(5), Mix()), 500):
        reply = example.pieces[-1][0].removesuffix(" <end>")
        words = " ".join(reply.split()[:-2] if "backtrack" in reply else reply.split()[:-1])
        aloud = shorthand.look_ahead(words)
        assert aloud is not None, words
        assert set(re.findall(r"\d+", words)) == set(re.findall(r"\d+", aloud))


def test_sentences_are_joined_as_they_read_best() -> None:
    assert with_connective("Next, {}", "We add 2.") == "Next, we add 2."
    assert with_connective("Next, {}", "Euler's theorem says so") == "Next, Euler's theorem says so."
    assert with_connective("What about {}?", "x = 2") == "What about x = 2?"
    assert with_connective("Hmm. {}", "the sum is odd") == "Hmm. The sum is odd."
    assert with_connective("Hmm. {}", "x is odd") == "Hmm. x is odd."
    assert with_connective("Next, {}", "```python\nprint(1)\n```") == "Next:\n\n```python\nprint(1)\n```"
    assert with_connective("Let me start here: {}", "$$\na\n$$") == "Let me start here:\n\n$$\na\n$$"
    assert (uncapitalised("We see"), uncapitalised("Weyl said"), uncapitalised("I see")) == (
        "we see",
        "Weyl said",
        "I see",
    )
    assert (capitalised("the end"), capitalised("n is 2"), capitalised("")) == ("The end", "n is 2", "")
    assert (with_full_stop("a"), with_full_stop("a?"), with_full_stop("$$a$$"), with_full_stop("```\na\n```")) == (
        "a.", "a?", "$$a$$", "```\na\n```",
    )  # fmt: skip


def test_a_step_with_a_connective_of_its_own_gets_no_other() -> None:
    log = Log("What is n?")
    log.add(Proposed, POLICY, node=1, parent=0, text="Let me think of n = 3.")
    log.add(Proposed, POLICY, node=2, parent=1, text="So n + 1 = 4.")
    assert [s.text for s in Trajectory(log.name, log).long_thought().sentences][1:] == [
        "Let me think of n = 3.",
        "So n + 1 = 4.",
    ]


def test_places_are_named_when_the_way_back_is_long() -> None:
    log = Log("What is n?")
    long = "Suppose that n is the product of two primes, both of which are larger than eleven"
    log.add(Proposed, POLICY, node=1, parent=0, text=long)
    log.add(Proposed, POLICY, node=2, parent=1, text="then n > 121")
    log.add(Proposed, POLICY, node=3, parent=2, text="n = 143")
    log.add(Moved, CRITIC, to=1, cause=Cause.REJECTED, abandoned=(2, 3), reason="143 is odd")
    log.add(Proposed, POLICY, node=4, parent=1, text="n = 169")
    log.add(Moved, CRITIC, to=0, cause=Cause.REJECTED, abandoned=(1, 4), reason="169 is odd too")
    log.add(Proposed, POLICY, node=5, parent=0, text="n = 2")
    text = Trajectory(log.name, log).long_thought().text
    assert "“Suppose that n is the product of two primes, both of which …”" in text
    assert any(phrase in text for phrase in phrases.START_AGAIN)


def test_what_programs_print_stands_in_a_block_where_it_is_long() -> None:
    log = Log("What is n?")
    log.add(Proposed, POLICY, node=1, parent=0, text="Let me compute it.\n\n```python\nprint(1)\nprint(2)\n```")
    log.add(Observed, TOOL, node=1, tool="python", output="1\n2\n")
    log.add(Observed, TOOL, node=1, tool="python", output="\n")
    text = Trajectory(log.name, log).long_thought().text
    assert text.endswith("print(2)\n```\n\nRunning it prints:\n\n```\n1\n2\n```")


def test_how_it_ends_without_an_answer() -> None:
    for reason in StopReason:
        log = Log("What is n?")
        log.add(Finished, STRATEGY, reason=reason)
        text = Trajectory(log.name, log).long_thought().text
        assert text.endswith("I have not found an answer.")
    log = Log("What is n?")
    log.add(Proposed, POLICY, node=1, parent=0, text="n = 3")
    log.add(Moved, CRITIC, to=0, cause=Cause.REJECTED, abandoned=(1,), reason="3 is odd")
    log.add(Finished, STRATEGY, reason=StopReason.STUCK)
    text = Trajectory(log.name, log).long_thought().text
    assert not any(phrase in text for phrase in phrases.START_AGAIN)


def test_the_voice_is_that_of_prose() -> None:
    assert English().name == "prose"
