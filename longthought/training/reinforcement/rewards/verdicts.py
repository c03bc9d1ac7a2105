"""Rewards of verdicts: whether they fit what is known of the step, and whether tools confirm their reasons."""

import asyncio
from collections.abc import Sequence
from typing import Any

from longthought.agents.dialects.dialect import Unreadable
from longthought.jobs.thread import awaited
from longthought.tools.algebra.verifier import Algebra
from longthought.training.data.annotated import agrees
from longthought.training.data.confirmed import share_confirmed
from longthought.training.reinforcement.rewards.answers import graded
from longthought.training.reinforcement.rewards.state import State, readings
from longthought.training.reinforcement.rewards.steps import solvable_after
from longthought.trajectories.events import Action, EvidenceStatus, Verdict

OTHER_TARGET = 0.5
"""Reward of a verdict that rightly goes back, to another step than the deepest from which an answer can be reached."""


def verdict(prompts: Sequence[Any], completions: Sequence[Any], state: Sequence[str], **_: Any) -> list[float | None]:
    """Reward a verdict that fits where the step leads with 1, and one that doesn't fit or can't be read with 0.

    Whether the step leads to a right answer is known by labels, exact or estimated, or by the outcome; None where it is
    not known. A rejection that returns to another step than it should gets `OTHER_TARGET`.
    """
    return [_fit(about, read) for about, _text, read in readings(completions, state)]


def _fit(about: State, read: Any) -> float | None:
    if about.role != "critic" or about.live is None:
        return None
    if not isinstance(read, Verdict) or not agrees(read, about.live):
        return 0.0
    astray = read.action is Action.BACKTRACK and about.back_to is not None and read.target != about.back_to
    return OTHER_TARGET if astray else 1.0


def usefulness(
    prompts: Sequence[Any], completions: Sequence[Any], state: Sequence[str], **_: Any
) -> list[float | None]:
    """Reward a verdict of a whole debate by what the policy gained after it: 1, 0 or -1.

    A verdict on an answer is measured by the outcome of the debate against the grade of that answer, which would have
    stood without it. A verdict on another step of a Countdown problem is measured by the solver: whether the step that
    was proposed next leads to a right answer, against whether the judged one does. None where that is not known, and
    outside of whole debates; -1 for a verdict that can't be read. Estornell et al., "ACC-Collab", 2024, credit the
    critic with the next round too.
    """
    read = readings(completions, state)
    judged = [about.view.candidate if about.played is not None else None for about, _, _ in read]
    asked = [
        None if c is None or c.answer is None else (a.task, c.answer) for c, (a, _, _) in zip(judged, read, strict=True)
    ]
    grades = awaited(graded(asked))
    return [_gain(about, found, grade) for (about, _text, found), grade in zip(read, grades, strict=True)]


def _gain(about: State, read: Any, grade: float | None) -> float | None:
    candidate, played = about.view.candidate, about.played
    if about.role != "critic" or played is None or candidate is None:
        return None
    if not isinstance(read, Verdict):
        return -1.0
    if candidate.answer is not None:
        return None if grade is None or played.solved is None else played.solved - grade
    if played.following is None:
        return None
    before = solvable_after(about.task, (*about.view.path, candidate.text))
    after = solvable_after(about.task, played.following)
    return None if before is None or after is None else float(after) - float(before)


def reason(prompts: Sequence[Any], completions: Sequence[Any], state: Sequence[str], **_: Any) -> list[float | None]:
    """Reward a verdict whose reason the tools confirm with 1, and one whose reason they refute with 0.

    A look-ahead earns the share of its lines in which every number is right, and 0 if it doesn't end as its verdict
    does; any other reason is checked through the equalities in it. None for a reason in which nothing can be checked; 0
    for a verdict that can't be read.
    """

    async def all_of() -> list[float | None]:
        checked = [_confirmed(about, read) for about, _text, read in readings(completions, state)]
        return list(await asyncio.gather(*checked))

    return awaited(all_of())


async def _confirmed(about: State, read: Any) -> float | None:
    if isinstance(read, Unreadable):
        return 0.0
    if not isinstance(read, Verdict) or about.view.candidate is None:
        return None
    step = about.view.candidate.text
    share = share_confirmed(about.task.problem, about.view.path, step, read)
    if share is not None:
        return share
    return await _equalities_hold(about, read.critique)


async def _equalities_hold(about: State, words: str) -> float | None:
    tool = Algebra()
    claims = tool.claims(about.task.problem, about.view.path, words)
    found = {(await tool.check(claim)).status for claim in claims}
    if EvidenceStatus.REFUTED in found:
        return 0.0
    return 1.0 if EvidenceStatus.CONFIRMED in found else None
