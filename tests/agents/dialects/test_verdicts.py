"""What a dialect writes for a critic to learn, it reads back as the same verdict."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.prose import FIELDS, Prose
from longthought.agents.dialects.reading import LATEX
from longthought.agents.view import Candidate, View
from longthought.problems.problem import Problem
from longthought.trajectories.events import Action, Verdict

VIEW = View(
    Problem(id="c", statement="Use 16, 16, 8 and 11, each once, to make 35.", domain="countdown"),
    path=("16 + 8 = 24 left 24 16 11", "24 + 11 = 35 left 35 16"),
    path_nodes=(3, 7),
    attempts=(),
    candidate=Candidate(9, "35 - 16 = 19 left 19", None, (), (), ()),
)

WORDS = (
    st.text(st.one_of(st.characters(exclude_categories=["C"]), st.just("\n")), max_size=60)
    .map(str.strip)
    .filter(lambda words: not any(LATEX.fullmatch(f"n{word}") for word in re.findall(r"\n([A-Za-z]+)", words)))
)
"""Without what readers take for the beginning of a command of LaTeX: control characters, and lines that begin `eq`."""


@given(st.sampled_from(Action), st.sampled_from([None, 0, 3, 7]), st.floats(0, 1), WORDS)
def test_prose_writes_the_json_that_critics_are_asked_for(
    action: Action, target: int | None, score: float, words: str
) -> None:
    target = target if action is Action.BACKTRACK else None
    verdict = Verdict(action=action, target=target, score=score, critique=words)
    written = Prose().write_verdict(verdict, VIEW)
    assert written is not None
    assert tuple(json.loads(written)) == FIELDS
    read = Prose().read_verdict(written, VIEW)
    assert isinstance(read, Verdict)
    assert (read.action, read.target, read.critique) == (action, target, words)


@given(
    st.sampled_from([Action.CONTINUE, Action.TERMINATE, Action.BACKTRACK]),
    st.sampled_from([0, 3, 7]),
    st.lists(st.sampled_from(["need", "have", "35", "19", "found", "none", "blank", "wrong"]), max_size=9),
)
def test_compact_counts_the_steps_that_stay(action: Action, target: int, words: list[str]) -> None:
    back = target if action is Action.BACKTRACK else None
    verdict = Verdict(action=action, target=back, critique=" ".join(words))
    written = Compact().write_verdict(verdict, VIEW)
    assert written is not None
    read = Compact().read_verdict(written, VIEW)
    assert isinstance(read, Verdict)
    assert (read.action, read.target, read.critique) == (action, back, " ".join(words))


@pytest.mark.parametrize(("target", "words"), [(5, "need 35"), (3, "I doubt it")])
def test_compact_has_no_words_for_some_verdicts(target: int, words: str) -> None:
    verdict = Verdict(action=Action.BACKTRACK, target=target, critique=words)
    assert Compact().write_verdict(verdict, VIEW) is None
