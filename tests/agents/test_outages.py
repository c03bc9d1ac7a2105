"""Telling a request that fails from a server that fails every request, before a job and in the middle of one."""

from typing import Any

import pytest
from aiohttp import web
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.outputs import ChatResult

from longthought.agents.agent import Policy
from longthought.agents.dialects.prose import Prose
from longthought.agents.served import endpoint
from longthought.agents.served.chat_model import ServedChatModel
from longthought.agents.view import View
from longthought.errors import EndpointError, OutageError, RefusedError
from longthought.problems.problem import Problem
from tests.fakes.scripted import ScriptedChatModel
from tests.fakes.server import Act, FakeServer, answers, breaks_off, hangs, refuses, resets, says

NOWHERE = "http://127.0.0.1:1/v1"
PAGE = answers(200, "<!doctype html><p>hi", "text/html")


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def chat(*urls: str, **settings: Any) -> ServedChatModel:
    return ServedChatModel(**{"model": "fake", "base_url": ",".join(urls), "backoff": 0.0, "attempts": 2, **settings})


async def kind_of_failure(server: FakeServer, **settings: Any) -> type[Exception]:
    with pytest.raises(EndpointError) as caught:
        await chat(server.base_url, **settings).answer([HumanMessage("x")])
    return type(caught.value)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (refuses(400, "too long"), RefusedError),
        (refuses(403, "not about such things"), RefusedError),
        (refuses(413, "too long"), RefusedError),
        (answers(200, '{"choices": []}'), EndpointError),
        (refuses(401, "no such key"), OutageError),
        (refuses(402, "nothing left"), OutageError),
        (refuses(404, "no such model"), OutageError),
        (refuses(429, "quota spent", Retry_After="86400"), OutageError),
        (refuses(429, "slow down"), OutageError),
        (answers(307, "", Location="http://elsewhere"), OutageError),
    ],
)
async def test_what_a_refusal_is_about(fault: Act, kind: type[Exception]) -> None:
    async with FakeServer([fault]) as server:
        assert await kind_of_failure(server) is kind


@pytest.mark.parametrize("fault", [resets, breaks_off, hangs, answers(200, "{{"), PAGE])
async def test_a_server_that_lists_its_models_is_well_and_the_request_is_to_blame(fault: Act) -> None:
    async with FakeServer([fault]) as server:
        assert await kind_of_failure(server, timeout=0.2) is EndpointError
    async with FakeServer([fault], models=None) as server:  # some have no list, and say so
        assert await kind_of_failure(server, timeout=0.2) is EndpointError


@pytest.mark.parametrize("fault", [resets, refuses(503, "loading"), answers(200, "{{"), PAGE])
async def test_a_server_that_does_not_is_out(fault: Act) -> None:
    for models in (503, PAGE):
        async with FakeServer([fault], models=models) as server:
            assert await kind_of_failure(server) is OutageError


def down(status: int = 503, *, for_all: bool) -> Act:
    """Fail every request, or only those that ask for x, with a status of 500 and above."""

    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        fails = for_all or payload["messages"][-1]["content"] == "x"
        return await (refuses(status, "no healthy deployment") if fails else says())(server, request, payload)

    return act


@pytest.mark.parametrize("status", [500, 502, 503, 529])
async def test_a_server_that_fails_every_request_of_a_model_is_out_although_it_lists_it(status: int) -> None:
    async with FakeServer([down(status, for_all=True)]) as server:
        assert await kind_of_failure(server) is OutageError
    async with FakeServer([answers(200, '{"error": {"message": "overloaded", "code": 502}}')]) as server:
        assert await kind_of_failure(server) is OutageError


@pytest.mark.parametrize("status", [500, 502, 503, 529])
async def test_a_request_that_fails_alone_is_to_blame(status: int) -> None:
    async with FakeServer([down(status, for_all=False)]) as server:
        assert await kind_of_failure(server) is EndpointError
        assert (await chat(server.base_url).answer([HumanMessage("y")])).content == "ok"


async def test_a_model_that_refuses_the_tiny_request_is_up() -> None:
    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        fault = refuses(400, "use max_completion_tokens") if "max_tokens" in payload else refuses(500, "oops")
        return await fault(server, request, payload)

    async with FakeServer([act]) as server:
        assert await kind_of_failure(server) is EndpointError


async def test_it_is_no_outage_while_another_server_is_well() -> None:
    async with FakeServer([resets]) as server:
        with pytest.raises(EndpointError) as caught:
            await chat(NOWHERE, server.base_url, attempts=4).answer([HumanMessage("x")])
    assert type(caught.value) is EndpointError
    with pytest.raises(OutageError):
        await chat(NOWHERE, NOWHERE, attempts=4).answer([HumanMessage("x")])


async def test_what_runs_out_of_time_is_tried_only_once_more() -> None:
    async with FakeServer([hangs]) as server:
        with pytest.raises(EndpointError, match=r"tried 2 times .*no answer within 0\.1 seconds"):
            await chat(server.base_url, timeout=0.1, attempts=5).answer([HumanMessage("x")])
    assert len(server.chats) == 2


@pytest.mark.parametrize(("status", "kind"), [(401, OutageError), (404, OutageError), (400, EndpointError)])
async def test_other_clients_are_understood_by_their_status(status: int, kind: type[Exception]) -> None:
    class Refused(Exception):
        status_code = status

    class Client(ScriptedChatModel):
        async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
            raise Refused("no")

    policy = Policy("other:model", Client(lambda _: ""), Prose())
    with pytest.raises(EndpointError, match="other:model: Refused: no") as caught:
        await policy.propose(View(Problem(id="p", statement="1 + 1?"), (), (), ()))
    assert type(caught.value) is kind


# Before a job.


async def test_a_server_that_lists_the_model_is_asked_nothing_else() -> None:
    async with FakeServer() as server:
        await chat(server.base_url).expect_ready()
    assert [seen.path for seen in server.log] == ["/v1/models"]


async def test_a_model_that_is_not_listed_is_asked_for_a_token_and_what_there_is_is_named() -> None:
    async with FakeServer([refuses(404, "no model `lama`")], models=["llama", "alpaca"]) as server:
        with pytest.raises(OutageError, match=r"404 \(no model `lama`\); the models it has are llama, alpaca"):
            await chat(server.base_url, model="lama").expect_ready()
    assert server.chats[0].payload["max_tokens"] == 1
    async with FakeServer([says()], models=["llama-3.1"]) as server:  # an alias
        await chat(server.base_url, model="llama").expect_ready()
    async with FakeServer([refuses(400, "max_tokens is not supported here")], models=["llama-3.1"]) as server:
        await chat(server.base_url, model="llama").expect_ready()


@pytest.mark.parametrize("models", [None, [], "hello", '{"data": null}', 429])
async def test_a_server_may_keep_to_itself_what_it_has(models: Any) -> None:
    async with FakeServer(models=models) as server:
        await chat(server.base_url).expect_ready()
    assert server.chats == []


async def test_a_web_site_is_no_server() -> None:
    async with FakeServer([PAGE], models=PAGE) as server:
        with pytest.raises(OutageError, match=r"answered with a web page.*usually ends in /v1"):
            await chat(server.base_url).expect_ready()
    async with FakeServer([says()], models=PAGE) as server:
        await chat(server.base_url).expect_ready()


@pytest.mark.parametrize(
    ("models", "message"), [(401, r"401 .*set OPENAI_API_KEY"), (503, r"503 .*look at the server's log")]
)
async def test_a_server_that_turns_us_away_is_told_of(models: int, message: str) -> None:
    async with FakeServer(models=models) as server:
        with pytest.raises(OutageError, match=f"{server.base_url}.*{message}"):
            await chat(server.base_url).expect_ready()


async def test_a_server_that_never_answers_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "LISTING_SECONDS", 0.2)
    async with FakeServer(models=hangs) as server:
        with pytest.raises(OutageError, match=r"no answer within 0\.2 seconds"):
            await chat(server.base_url).expect_ready()


async def test_of_several_servers_one_may_be_away_but_none_may_refuse(caplog: pytest.LogCaptureFixture) -> None:
    async with FakeServer() as sound, FakeServer(models=401) as refusing:
        await chat(NOWHERE, sound.base_url).expect_ready()
        (warning,) = [record.getMessage() for record in caplog.records]
        assert warning.startswith(f"{NOWHERE}: can't connect (Connection refused); check that the server runs")
        assert warning.endswith("; others stand in")
        with pytest.raises(OutageError, match="401"):
            await chat(sound.base_url, refusing.base_url).expect_ready()
    with pytest.raises(OutageError, match="can't connect"):
        await chat(NOWHERE, NOWHERE).expect_ready()
