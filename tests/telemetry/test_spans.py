"""Spans of debates that are really played: who is whose child, what they hold, and what they keep to themselves."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import longthought as lt
from longthought.agents.agent import Policy
from longthought.agents.dialects.prose import Prose
from longthought.agents.served.chat_model import ServedChatModel
from longthought.agents.view import View
from longthought.problems.problem import Problem
from longthought.telemetry.observation import CONTENT, tracer
from longthought.tools.verifier import Claim
from longthought.trajectories.events import Evidence
from tests.fakes.scripted import ScriptedChatModel
from tests.fakes.server import FakeServer, says

SUM = Problem(id="sum", statement="What is 6 + 6?", domain="math")
VERDICT = json.dumps({"critique": "It holds.", "action": "terminate", "target": None, "score": 0.9})


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Have spans kept in memory, as a program does that has set up OpenTelemetry."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return exporter


def named(spans: Sequence[ReadableSpan], prefix: str) -> list[ReadableSpan]:
    return [span for span in spans if span.name.startswith(prefix)]


def facts(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def is_child(span: ReadableSpan, parent: ReadableSpan) -> bool:
    return span.parent is not None and span.parent.span_id == parent.get_span_context().span_id


def test_a_debate_holds_its_calls_and_checks_in_the_span_of_the_caller(spans: InMemorySpanExporter) -> None:
    with trace.get_tracer_provider().get_tracer("mine").start_as_current_span("mine"):
        debate = lt.solve("Use 3, 5 and 8, each once, to make 29.", seed=1)
    done = spans.get_finished_spans()
    (mine,), (whole,) = named(done, "mine"), named(done, "invoke_workflow")
    calls, checks = named(done, "chat"), named(done, "execute_tool")
    assert is_child(whole, mine)
    assert all(is_child(span, whole) for span in (*calls, *checks))
    assert len(done) == 2 + len(calls) + len(checks)
    assert facts(whole) == {
        "gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "debate",
        "gen_ai.conversation.id": debate.id, "longthought.problem.id": debate.problem.id,
        "longthought.stop_reason": debate.stop_reason, "longthought.rounds": debate.rounds,
    }  # fmt: skip

    assert [span.name for span in calls] == ["chat countdown"] * len(debate.calls)
    for span, call in zip(calls, debate.calls, strict=True):
        held = facts(span)
        assert (held["gen_ai.provider.name"], held["gen_ai.request.model"]) == ("bundled", "countdown")
        assert held["gen_ai.usage.input_tokens"] == call.usage.prompt
        assert held["gen_ai.usage.output_tokens"] == call.usage.completion
        assert held["gen_ai.usage.cache_read.input_tokens"] == call.usage.cached
        assert held["gen_ai.response.finish_reasons"] == (call.finish_reason,)
    assert {facts(span)["gen_ai.agent.name"] for span in calls} == {"policy", "critic"}
    statuses = [e.status for event in debate.events if event.kind == "checked" for e in event.evidence]
    assert sorted(facts(span)["longthought.evidence.status"] for span in checks) == sorted(statuses)


@pytest.mark.parametrize("asked", [False, True])
async def test_what_was_said_is_left_out_unless_it_is_asked_for(
    asked: bool, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    if asked:
        monkeypatch.setenv(CONTENT, "true")
    policy = ScriptedChatModel(["6 + 6 = 12, so \\boxed{12}."])
    await lt.asolve(SUM, policy=policy, critic=ScriptedChatModel([VERDICT]), tools=["algebra"])
    told = "".join(span.to_json() for span in spans.get_finished_spans())
    assert ("boxed" in told) is ("What is 6" in told) is ("It holds." in told) is ("6 + 6 = 12" in told) is asked
    if asked:
        (step, verdict) = named(spans.get_finished_spans(), "chat")
        (said,) = json.loads(facts(step)["gen_ai.output.messages"])
        assert (said["role"], said["parts"][0]["content"]) == ("assistant", "6 + 6 = 12, so \\boxed{12}.")
        roles = [message["role"] for message in json.loads(facts(verdict)["gen_ai.input.messages"])]
        assert (roles[0], roles[-1]) == ("system", "user")


async def test_a_failing_model_marks_its_call_and_the_debate(spans: InMemorySpanExporter) -> None:
    failing = ScriptedChatModel([ConnectionError("nobody there")])
    await lt.asolve(SUM, policy=failing, critic=ScriptedChatModel([VERDICT]), tools=())
    (call,), (whole,) = named(spans.get_finished_spans(), "chat"), named(spans.get_finished_spans(), "invoke_workflow")
    assert facts(call)["error.type"] == "ConnectionError"
    assert [event.name for event in call.events] == ["exception"]
    assert facts(whole)["error.type"] == "model"
    assert call.status.status_code is whole.status.status_code is StatusCode.ERROR
    assert "nobody there" in (whole.status.description or "")


async def test_a_failing_tool_marks_its_check_alone(spans: InMemorySpanExporter) -> None:
    class Broken:
        name = "broken"

        def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
            return [Claim(step, (0, len(step)), problem, tuple(path))]

        async def check(self, claim: Claim) -> Evidence:
            raise RuntimeError("out of order")

    policy = ScriptedChatModel(["6 + 6 = 12, so \\boxed{12}."])
    debate = await lt.asolve(SUM, policy=policy, critic=ScriptedChatModel([VERDICT]), tools=[Broken()])
    assert debate.answer == "12"
    failed = [span.name for span in spans.get_finished_spans() if span.status.status_code is StatusCode.ERROR]
    assert failed == ["execute_tool broken"]


def test_debates_played_at_once_keep_their_calls_apart(spans: InMemorySpanExporter, tmp_path: Path) -> None:
    statements = [f"Use 3, 5 and 8, each once, to make {n}." for n in (29, 19, 16, 43)]
    played = list(lt.generate(statements, out=tmp_path / "run", concurrency=4, rounds=4))
    done = spans.get_finished_spans()
    debates = {facts(span)["gen_ai.conversation.id"]: span for span in named(done, "invoke_workflow")}
    assert set(debates) == {debate.id for debate in played}
    assert all(span.parent is None for span in debates.values())
    calls = named(done, "chat")
    assert len(calls) == sum(len(debate.calls) for debate in played)
    assert all(is_child(call, debates[facts(call)["gen_ai.conversation.id"]]) for call in calls)


async def test_several_replies_of_a_server_to_one_request_are_one_call(spans: InMemorySpanExporter) -> None:
    choices = [{"index": n, "message": {"content": f"Step {n}."}, "finish_reason": "stop"} for n in range(3)]
    async with FakeServer([says(choices=choices)]) as server:
        model = ServedChatModel(model="m/7b", base_url=server.base_url, temperature=0.5)
        replies = await Policy("openai:m/7b", model, Prose()).propose_many(View(SUM, (), (), (), trajectory="sum#0"), 3)
    (call,) = spans.get_finished_spans()
    assert (call.name, call.kind) == ("chat m/7b", SpanKind.CLIENT)
    held = facts(call)
    url = urlsplit(server.base_url)
    assert (held["server.address"], held["server.port"]) == (url.hostname, url.port)
    assert (held["gen_ai.provider.name"], held["gen_ai.request.temperature"]) == ("openai", 0.5)
    assert (held["gen_ai.request.choice.count"], held["gen_ai.response.finish_reasons"]) == (3, ("stop",) * 3)
    assert held["gen_ai.conversation.id"] == "sum#0"
    used = [reply.calls[0].usage for reply in replies]
    assert held["gen_ai.usage.output_tokens"] == sum(usage.completion for usage in used)
    assert held["gen_ai.usage.input_tokens"] == sum(usage.prompt for usage in used)


def test_spans_are_off_until_a_provider_is_set() -> None:
    assert "opentelemetry.trace" in sys.modules
    assert tracer() is None


async def test_a_debate_needs_no_opentelemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "opentelemetry"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    policy = ScriptedChatModel(["6 + 6 = 12, so \\boxed{12}."])
    assert (await lt.asolve(SUM, policy=policy, critic=ScriptedChatModel([VERDICT]), tools=["algebra"])).answer == "12"
