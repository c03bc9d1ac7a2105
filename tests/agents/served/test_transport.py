"""Several servers, on real sockets: who is asked, who stands in, and what happens when nobody answers."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import pytest
from aiohttp import web
from langchain_core.messages import HumanMessage

from longthought.agents.served import connections
from longthought.agents.served.breaker import Breaker
from longthought.agents.served.chat_model import ServedChatModel
from longthought.agents.served.endpoint import Endpoint
from longthought.agents.served.transport import ranked
from longthought.errors import EndpointError
from tests.fakes.server import Act, FakeServer, echoes, hangs, refuses, resets, says


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(connections, "Breaker", partial(Breaker, first=0.01, longest=0.04))


def chat(*servers: FakeServer, **settings: Any) -> ServedChatModel:
    urls = ", ".join(server.base_url for server in servers)
    return ServedChatModel(**{"model": "fake-model", "base_url": urls, "backoff": 0.0, "attempts": 3, **settings})


def preferred(session: str, *servers: FakeServer) -> list[FakeServer]:
    """The servers in the order in which a session prefers them."""
    by_url = {server.base_url: server for server in servers}
    return [by_url[e.base_url] for e in ranked([Endpoint(url, None, 1.0) for url in by_url], session)]


async def test_a_session_keeps_to_one_server_and_all_servers_are_used() -> None:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(FakeServer([echoes])) for _ in range(3)]
        model = chat(*servers)
        sessions = [f"p{n}#0" for n in range(60)]
        await asyncio.gather(*(model.answer([HumanMessage(s)], session=s) for s in sessions * 3))
        asked = [Counter(seen.payload["messages"][-1]["content"] for seen in server.chats) for server in servers]
    assert all(asked)
    assert sorted(session for counts in asked for session in counts) == sorted(sessions)
    assert {count for counts in asked for count in counts.values()} == {3}


def test_when_a_server_is_gone_only_its_own_sessions_move() -> None:
    endpoints = [Endpoint(f"http://host{n}/v1", None, 1.0) for n in range(4)]
    first = {f"p{n}": ranked(endpoints, f"p{n}") for n in range(1000)}
    share = Counter(order[0].base_url for order in first.values())
    assert all(180 < count < 320 for count in share.values())  # 250 expected, five standard deviations
    for session, order in first.items():
        assert ranked(endpoints[1:], session) == [e for e in order if e is not endpoints[0]]


@pytest.mark.parametrize("fault", [resets, refuses(500, "oops"), refuses(503, "loading")])
async def test_another_server_stands_in(fault: Act) -> None:
    async with FakeServer([fault]) as broken, FakeServer([says("from the other")]) as sound:
        session = next(s for s in map(str, range(100)) if preferred(s, broken, sound)[0] is broken)
        reply = await chat(broken, sound).answer([HumanMessage("x")], session=session)
        assert reply.content == "from the other"
    assert (len(broken.chats), len(sound.chats)) == (1, 1)


async def test_a_server_that_is_busy_is_asked_again_and_not_left() -> None:
    async with FakeServer([refuses(429, "busy", Retry_After="0"), says()]) as busy, FakeServer() as idle:
        session = next(s for s in map(str, range(100)) if preferred(s, busy, idle)[0] is busy)
        await chat(busy, idle).answer([HumanMessage("x")], session=session)
    assert (len(busy.chats), len(idle.chats)) == (2, 0)


async def test_a_dead_server_among_sound_ones_fails_nobody_and_is_hardly_asked() -> None:
    async with FakeServer([resets]) as dead, FakeServer([echoes]) as sound:
        model = chat(dead, sound)

        async def debate(name: str) -> None:
            for _ in range(10):
                assert (await model.answer([HumanMessage(name)], session=name)).content == name

        for begun in range(0, 100, 10):
            await asyncio.gather(*(debate(f"p{n}") for n in range(begun, begun + 10)))
    assert len(sound.chats) == 1000
    assert len(dead.chats) < 250  # a tenth of what it would have been asked, and the probes


async def test_nobody_storms_a_dead_server_and_the_error_says_so() -> None:
    async with FakeServer([resets]) as dead:
        model = chat(dead, attempts=4)
        outcomes = await asyncio.gather(*(model.ainvoke("x") for _ in range(100)), return_exceptions=True)
        assert {type(error) for error in outcomes} == {EndpointError}
        texts = [str(error) for error in outcomes]
        assert all("tried 4 times without success" in text and dead.base_url in text for text in texts)
        assert any("can't be reached" in text and "check that the server runs" in text for text in texts)
    assert 100 <= len(dead.chats) <= 200  # what was under way, then one probe a pause; not 400


async def test_a_server_that_comes_back_is_found() -> None:
    async with FakeServer([*[resets] * 60, echoes]) as server:
        model = chat(server, attempts=20)
        replies = await asyncio.gather(*(model.ainvoke(f"question {n}") for n in range(50)))
    assert [reply.content for reply in replies] == [f"question {n}" for n in range(50)]


async def test_an_answer_of_any_status_keeps_the_circuit_closed() -> None:
    async with FakeServer([refuses(500, "oops")]) as server:
        for _ in range(5):
            with pytest.raises(EndpointError, match="500"):
                await chat(server).ainvoke("x")
        assert (await connections.connections()).breaker(server.base_url).closed
    assert len(server.questions) == 15


async def test_a_cancelled_probe_does_not_lock_others_out() -> None:
    arrived = asyncio.Event()

    async def keeps(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        arrived.set()
        return await hangs(server, request, payload)

    async with FakeServer([*[resets] * 5, keeps, says("at last")]) as server:
        with pytest.raises(EndpointError):
            await chat(server, attempts=5).ainvoke("x")
        probe = asyncio.create_task(chat(server).ainvoke("x"))
        await arrived.wait()
        probe.cancel()
        assert (await chat(server, attempts=1).ainvoke("x")).content == "at last"


async def test_a_deadline_counts_all_attempts() -> None:
    async with FakeServer([refuses(500, "oops"), hangs]) as server:
        with pytest.raises(EndpointError, match=r"deadline of 0\.3 seconds.*the last attempt failed: .*500 \(oops\)"):
            await chat(server, deadline=0.3).ainvoke("x")
    assert len(server.chats) == 2


async def test_only_a_named_limit_limits() -> None:
    now, most = 0, 0

    async def counts(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return await echoes(server, request, payload)

    async with FakeServer([counts]) as server:
        policy, critic = chat(server, max_in_flight=3), chat(server, max_in_flight=3)
        await asyncio.gather(*(model.ainvoke(f"{n}") for n in range(20) for model in (policy, critic)))
        assert most == 3
        most = 0
        free = chat(server)
        await asyncio.gather(*(free.ainvoke(f"{n}") for n in range(20)))
        assert most > 3
