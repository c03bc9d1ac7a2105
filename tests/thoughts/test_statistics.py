"""Figures of thoughts: counted by hand."""

import pytest

from longthought.thoughts.compiler import course
from longthought.thoughts.statistics import KEYWORDS, ThoughtStatistics, keywords, words
from longthought.thoughts.thought import LongThought, Sentence
from longthought.trajectories.trajectory import Trajectory
from tests.fakes import logs


def test_words_and_keywords() -> None:
    assert words("Wait, 15 - 3 = 12.") == 8
    assert words("") == 0
    counts = keywords("Wait, let me see. WAIT! So awaiting, Therefore; back-to-back. also")
    assert {word: n for word, n in counts.items() if n} == {"wait": 2, "let me": 1, "so": 1, "therefore": 1, "back": 2}
    assert list(counts) == list(KEYWORDS)


def test_the_table_holds_means_by_difficulty_and_outcome() -> None:
    t = Trajectory("d", logs.plain())
    figures = ThoughtStatistics()
    for text in ("Wait. Wait.\n\nSo.", "But\nno"):
        figures.add(said(t, text), difficulty="hard", solved=False)
    figures.add(said(t, "x"), difficulty="easy", solved=True)
    figures.add(said(t, "x"), difficulty="easy")
    rows = list(figures.rows())
    assert [(r.difficulty, r.outcome, r.thoughts) for r in rows] == [
        ("easy", "right", 1), ("easy", "ungraded", 1), ("hard", "wrong", 2),
    ]  # fmt: skip
    hard = rows[2]
    assert (hard.tokens, hard.lines, hard.steps, hard.wrong_turns) == (4, 2, 4, 2)
    assert (hard.keywords["wait"], hard.keywords["so"], hard.keywords["but"]) == (1, 0.5, 0.5)


def test_tokens_are_counted_as_the_caller_counts_them() -> None:
    figures = ThoughtStatistics(tokens=len)
    figures.add(said(Trajectory("d", logs.plain()), "four"))
    assert next(figures.rows()).tokens == 4
    assert list(ThoughtStatistics().rows()) == []


def said(t: Trajectory, text: str) -> LongThought:
    told = course(t)
    return LongThought(told, "prose", (Sentence(text, told.moves[0].factor, 0, (0,)),))


def test_longer_debates_have_longer_thoughts() -> None:
    t = Trajectory("d", logs.plain())
    whole, half = ThoughtStatistics(), ThoughtStatistics()
    whole.add(t.long_thought())
    half.add(Trajectory("d", logs.plain()[:10]).long_thought())
    assert next(whole.rows()).tokens > next(half.rows()).tokens
    assert next(whole.rows()).wrong_turns == pytest.approx(2)
