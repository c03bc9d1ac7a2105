"""Cutting a logged run at a budget, against adding up by hand and against playing again with that budget."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import longthought as lt
from longthought.domains.countdown import countdown_task
from longthought.evaluation.budgets import COUNTS, Count, Spent, TokenBill
from longthought.problems.countdown import game
from longthought.trajectories.events import Author, Checked, Evidence, EvidenceStatus, Failed, Failure, Usage
from tests.fakes import logs
from tests.fakes.enumerator import Enumerator, Solver

usages = st.builds(
    lambda prompt, part, completion: Usage(prompt=prompt, cached=int(prompt * part), completion=completion),
    st.integers(0, 30), st.floats(0, 1), st.integers(0, 30),
)  # fmt: skip


@settings(max_examples=200)
@given(bills=st.lists(st.lists(usages, max_size=3), max_size=12), budget=st.integers(0, 400))
def test_a_budget_buys_the_longest_beginning_that_it_pays_for(bills: list[list[Usage]], budget: int) -> None:
    log = logs.Log("What is 1 + 1?")
    for usage in bills:
        calls = tuple(logs.call("hm", u.prompt, u.completion, u.cached) for u in usage)
        log.add(Failed, Author.POLICY, failure=Failure.UNREADABLE_STEP, detail="hm", calls=calls)
    ledger = TokenBill(log)
    for count in COUNTS:
        prices = [sum(_price(call.usage, count) for call in event.calls) for event in log]
        fits = [n for n in range(len(log) + 1) if sum(prices[:n]) <= budget]
        assert ledger.bought(budget, count) == max(fits)


def _price(usage: Usage, count: Count) -> int:
    return usage.prompt + usage.completion - (usage.cached if count == "computed" else 0)


def test_what_the_first_events_cost() -> None:
    log = logs.plain()
    ledger = TokenBill(log)
    assert ledger.spent(0) == ledger.spent(1) == Spent()
    assert ledger.spent(3) == Spent(computed=48, all=48, requests=1, seconds=0.75)  # a call and a check
    assert ledger.first_call("computed") == 48
    whole = lt.Trajectory(log.name, log)
    end = ledger.spent(len(log))
    assert (end.all, end.computed) == (whole.usage.total.total, whole.usage.total.computed)
    assert (end.requests, end.seconds) == (whole.requests, pytest.approx(whole.seconds))
    assert TokenBill(log[:1]).first_call("all") is None


def test_a_cost_is_estimated_from_the_first_estimated_call_on() -> None:
    log = logs.Log("What is 1 + 1?")
    for usage in (Usage(prompt=2, completion=1), Usage(prompt=2, completion=1, estimated=True), Usage(prompt=1)):
        call = logs.call("hm", usage.prompt, usage.completion).model_copy(update={"usage": usage})
        log.add(Failed, Author.POLICY, failure=Failure.UNREADABLE_STEP, detail="hm", calls=(call,))
    bill = TokenBill(log)
    assert [bill.spent(events).estimated for events in range(5)] == [False, False, False, True, True]


def test_checks_take_time_and_no_tokens() -> None:
    log = logs.Log("What is 1 + 1?")
    found = Evidence(tool="t", status=EvidenceStatus.ABSTAINED, claim="c", seconds=2.0)
    log.add(Failed, Author.POLICY, failure=Failure.UNREADABLE_STEP, detail="hm", node=0)
    log.append(Checked(trajectory=log.name, seq=2, by=Author.TOOL, at=0.0, node=0, evidence=(found, found)))
    assert TokenBill(log).spent(3) == Spent(seconds=4.0)


@pytest.mark.parametrize("count", COUNTS)
def test_a_cut_run_is_the_run_played_with_that_budget(tmp_path: Path, count: Count) -> None:
    """Play again at every budget: what was paid for within it is the same, event for event, and so is the answer."""
    tasks = [countdown_task(p) for p in game.generate(count=4, numbers=3, split="validation", seed=1)]

    def play(name: str, **budget: Any) -> dict[str, lt.Trajectory]:
        out = tmp_path / name
        for _ in lt.generate(tasks, out=out, policy=Enumerator(), critic=Solver(), rounds=500, concurrency=1, **budget):
            pass
        return {t.id: t for t in lt.Run(out).trajectories()}

    whole = play("whole")
    assert any(t.answer for t in whole.values())
    setting = {"computed": "computed", "all": "tokens"}[count]
    for budget in range(20, 300, 35):
        for name, again in play(f"at-{budget}", **{setting: budget}).items():
            cut = whole[name].events[: TokenBill(whole[name].events).bought(budget, count)]
            bought = TokenBill(again.events).bought(budget, count)
            facts = [_fact(event) for event in again.events[:bought] if event.kind not in ("finished", "graded")]
            assert facts == [_fact(event) for event in cut if event.kind not in ("finished", "graded")]
            in_time = TokenBill(again.events).spent(len(again.events))
            late = (in_time.computed if count == "computed" else in_time.all) > budget
            answer = next((e.answer for e in cut if e.kind == "finished"), None)
            assert answer == (None if late else again.answer)


def _fact(event: Any) -> dict[str, Any]:
    facts: dict[str, Any] = event.model_dump()
    return {name: value for name, value in facts.items() if name not in ("at", "config", "evidence")}
