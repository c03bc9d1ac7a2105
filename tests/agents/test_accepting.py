"""The critic that is no model: what it accepts, and how it weighs answers by what tools confirmed."""

import pytest

import longthought as lt
from longthought.agents.accepting import INDEPENDENT, AcceptingCritic
from longthought.agents.view import Candidate, View
from longthought.trajectories.events import Action, Evidence, EvidenceStatus, Verdict

PROBLEM = lt.Problem(id="p", statement="What is 2 + 2?")


def seen(answer: str | None, *evidence: Evidence, confirmed: int = 0, found: tuple[str, ...] = ()) -> View:
    new = Candidate(1, "So it is.", answer, evidence, (), ())
    return View(PROBLEM, (), (), (), candidate=new, confirmed=confirmed, found=found)


def program(status: EvidenceStatus, found: str) -> Evidence:
    return Evidence(tool=INDEPENDENT, status=status, claim="4", found=found)


async def judged(shown: View) -> tuple[Action, float | None]:
    read = (await AcceptingCritic().judge(shown)).read
    assert isinstance(read, Verdict)
    return read.action, read.score


@pytest.mark.parametrize(("confirmed", "score"), [(0, 1 / 2), (1, 2 / 3), (3, 4 / 5)])
async def test_an_answer_counts_more_the_more_was_confirmed_on_the_way(confirmed: int, score: float) -> None:
    assert await judged(seen("4", confirmed=confirmed)) == (Action.TERMINATE, pytest.approx(score))


async def test_a_step_without_an_answer_is_accepted_unweighed() -> None:
    assert await judged(seen(None, confirmed=3)) == (Action.CONTINUE, None)


async def test_what_no_program_printed_is_left_and_stays_a_vote() -> None:
    disputed = program(EvidenceStatus.DISPUTED, "5")
    assert await judged(seen("4", disputed, confirmed=1)) == (Action.BACKTRACK, pytest.approx(2 / 3))
    assert (await judged(seen("4", disputed, found=("5", "4"))))[0] is Action.TERMINATE
