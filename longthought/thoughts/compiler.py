"""The compiler of long thoughts: a logged debate becomes the moves of one thought, and then its sentences.

A walk chooses the moves and their order; a voice puts them into words. The compiler knows neither models nor run
folders.
"""

from collections.abc import Mapping
from typing import Final

from longthought.errors import ConfigError
from longthought.thoughts.english import English
from longthought.thoughts.thought import Course, LongThought, Voice, tell
from longthought.thoughts.walks import Walk, chronological, depth_first, right_end, shortcut
from longthought.trajectories.trajectory import Trajectory

_PLAIN: Final[Voice] = English()


def course(
    trajectory: Trajectory,
    walk: Walk | str = Walk.CHRONOLOGICAL,
    *,
    wrong: int | None = 3,
    labels: Mapping[int, bool] | None = None,
    reasons: Mapping[int, str] | None = None,
    seed: int = 0,
) -> Course:
    """Compile a debate into the moves of one thought, not yet in words.

    Args:
        trajectory: The debate.
        walk: `chronological` tells what the debate did. `depth_first` follows a right path with some wrong turns.
            `shortcut` tells the bare steps of the same path. The last two need a right answer: one that was graded
            right, or labelled so.
        wrong: Maximum number of wrong children that a depth-first thought tries at each node of the path; None tells
            all of them.
        labels: Whether a right answer can still be reached from a node; for a node with an answer, whether the answer
            is right. They add to the grade.
        reasons: Why a node fails, in words, if the debate does not say so. A failure without a reason is left out.
        seed: Chooses among wrong turns and connectives.

    Raises:
        ConfigError: if there is no such walk, or no right answer to walk to.

    """
    if walk not in list(Walk):
        raise ConfigError(f"unknown walk {str(walk)!r}: choose from {', '.join(Walk)}")
    if wrong is not None and wrong < 0:
        raise ConfigError(f"wrong={wrong}: give a number of wrong children from 0, or None for all of them")
    walk, tree, events = Walk(walk), trajectory.tree, trajectory.standing
    if walk is Walk.CHRONOLOGICAL:
        return Course(trajectory.id, trajectory.problem, walk, chronological(events, tree), tree, seed)
    known = {**trajectory.labels, **(labels or {})}
    end = right_end(tree, known)
    if end is None:
        raise ConfigError(
            f"{trajectory.id} has no answer that is known to be right, and a {walk} thought leads to one: "
            "tell it in the chronological walk, or label its steps"
        )
    if walk is Walk.SHORTCUT:
        return Course(trajectory.id, trajectory.problem, walk, shortcut(events, tree, end), tree, seed)
    moves = depth_first(events, tree, end, labels=known, reasons=reasons or {}, wrong=wrong, seed=seed)
    return Course(trajectory.id, trajectory.problem, walk, moves, tree, seed)


def long_thought(
    trajectory: Trajectory,
    walk: Walk | str = Walk.CHRONOLOGICAL,
    *,
    wrong: int | None = 3,
    labels: Mapping[int, bool] | None = None,
    reasons: Mapping[int, str] | None = None,
    seed: int = 0,
    voice: Voice = _PLAIN,
) -> LongThought:
    """Compile a debate into one long thought; `str()` of it is its text.

    The arguments are those of `course`, and a voice: plain English by default, or the voice of a dialect from
    `longthought.agents.dialects.thinkers`.

    Raises:
        ConfigError: as `course` does, and if the voice can't say what happened.

    """
    return tell(course(trajectory, walk, wrong=wrong, labels=labels, reasons=reasons, seed=seed), voice)
