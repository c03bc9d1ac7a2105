"""The circuit breaker: when it opens, which request may probe, and what the waiting requests get."""

import asyncio

import pytest

from longthought.agents.served.breaker import Breaker, StillOpenError


def opened(failures: int = 3, first: float = 0.01, longest: float = 10.0) -> Breaker:
    breaker = Breaker(failures, first, longest)
    for _ in range(failures):
        assert breaker.closed
        breaker.failed(probe=False)
    assert not breaker.closed
    return breaker


async def test_an_answer_in_between_starts_the_count_again() -> None:
    breaker = Breaker(failures=2)
    for _ in range(5):
        breaker.failed(probe=False)
        breaker.answered()
    assert breaker.closed
    assert not await breaker.enter()


async def test_one_probe_at_a_time_and_all_pass_when_it_is_answered() -> None:
    breaker = opened()
    waiting = [asyncio.create_task(breaker.enter()) for _ in range(20)]
    done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in done] == [True]
    await asyncio.sleep(0.03)
    assert not any(task.done() for task in others)
    assert not breaker.ready()
    breaker.answered()
    assert await asyncio.gather(*others) == [False] * 19
    assert breaker.closed


async def test_a_failed_probe_is_told_to_all_and_the_pause_doubles() -> None:
    breaker = opened(first=0.01)
    loop = asyncio.get_running_loop()
    waiting = [asyncio.create_task(breaker.enter()) for _ in range(5)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    began = loop.time()
    breaker.failed(probe=True)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not True] == [StillOpenError] * 4
    assert await breaker.enter()
    assert loop.time() - began >= 0.02 * 0.99


async def test_the_pause_has_a_longest() -> None:
    breaker = opened(first=0.001, longest=0.002)
    for _ in range(10):
        assert await breaker.enter()
        breaker.failed(probe=True)
    assert await asyncio.wait_for(breaker.enter(), 5)


async def test_a_probe_that_is_given_up_leaves_its_place_to_another() -> None:
    breaker = opened(first=0.0)
    assert await breaker.enter()
    waiting = asyncio.create_task(breaker.enter())
    await asyncio.sleep(0)
    assert not waiting.done()
    breaker.left(probe=True)
    assert await waiting


async def test_a_request_from_before_does_not_end_a_probe() -> None:
    breaker = opened(first=0.0)
    assert await breaker.enter()
    breaker.failed(probe=False)
    breaker.left(probe=False)
    assert not breaker.ready()


@pytest.mark.parametrize("failures", [1, 4])
async def test_it_opens_after_so_many(failures: int) -> None:
    opened(failures)
