"""Jobs on servers and models that misbehave: each ends as on a sound server, or with one line that says why not.

Whatever a model thinks, breaks off or forgets to escape never becomes a step, a critique, an answer or training data.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import longthought as lt
from longthought.errors import RunError
from longthought.problems.problem import AnswerReference, Problem, Task
from longthought.trajectories.events import Failed, Failure, Finished, Judged, Proposed
from tests.fakes.server import FakeServer, completion, refuses

HIDDEN = "Suppose, for a moment, that it were \\boxed{99}."
STEPS = ("Six and six are 12, so 6 + 6 = 12.", "Then 12 + 30 = 42, and the answer is \\boxed{42}.")
PROBLEMS = [Problem(id=f"p{n}", statement=f"What is 6 + 6 + 30? ({n})", domain="math") for n in range(2)]
TASKS = [Task(problem=problem, reference=AnswerReference(answer="42")) for problem in PROBLEMS]


def reply(payload: dict[str, Any]) -> tuple[str, bool]:
    """Return what a sound model says, and whether it is a verdict."""
    asked = json.dumps(payload["messages"])
    if "You are the critic" in asked:
        action = "terminate" if "gives the final answer" in asked else "continue"
        return json.dumps({"critique": "It holds.", "action": action, "target": None, "score": 0.9}), True
    return STEPS[STEPS[0][:12] in asked], False


Body = dict[str, Any]


def body(content: Any, finish: str = "stop", **message: Any) -> Body:
    """Return a completion with one choice."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return completion(choices=[choice])


@dataclass(frozen=True)
class Way:
    """A way of misbehaving: what a server makes of a sound reply."""

    name: str
    say: Callable[[str, bool], Body]
    lost: Failure | None = None
    """The kind of the failures, if the debates can't be solved."""
    said: str = ""
    """Words of their reason."""


def around(before: str, after: str = "") -> Callable[[str, bool], Body]:
    """Return a way to say a reply with text around it."""
    return lambda text, judging: body(f"{before}{text}{after}")


def of_policy(content: str | None, finish: str, **message: Any) -> Callable[[str, bool], Body]:
    """Return a way in which the policy never says anything else."""
    return lambda text, judging: body(text) if judging else body(content, finish, **message)


ESCAPED = r"$2 \times 3 \neq 7$, \text{so} \rho \to \theta"


def latex(text: str, judging: bool) -> Body:
    """Write LaTeX into the JSON of a verdict, and forget to double its backslashes."""
    return body(text.replace("It holds.", ESCAPED) if judging else text)


def in_parts(text: str, judging: bool) -> Body:
    """Send a list of parts, the thinking among them."""
    thinking = {"type": "thinking", "thinking": HIDDEN}
    return body([thinking, {"type": "text", "text": text}])


def counts_nothing(text: str, judging: bool) -> Body:
    """Count no token."""
    return {**body(text), "usage": {"prompt_tokens": 0, "completion_tokens": 0}}


def of_critic(content: str) -> Callable[[str, bool], Body]:
    """Return a way in which the critic never says anything else, whatever schema was sent."""
    return lambda text, judging: body(content if judging else text)


def in_chinese(text: str, judging: bool) -> Body:
    """Write words in another language, around the same numbers and the same fields."""
    words = {"so ": "所以", "Then": "然后", "and the answer is": "答案是", "It holds.": "正确。"}
    for ours, theirs in words.items():
        text = text.replace(ours, theirs)
    return body(text)


CUT, WITHHELD, MODEL = Failure.UNREADABLE_STEP, Failure.WITHHELD_STEP, Failure.MODEL
LOST = Failure.UNREADABLE_VERDICT
ENDLESS = "6 + 6 = 12 and "
NO_ROOM = "This model's maximum context length is 512 tokens, but the prompt contains 600 tokens."
NO_TEMPLATE = "default chat template is no longer allowed, so you must provide a chat template"
WAYS = [
    Way("sound", around("")),
    Way("thinks in tags", around(f"<think>{HIDDEN}</think>\n\n")),
    Way("thinks in tags that the prompt opened", around(f"{HIDDEN}</think>")),
    Way("thinks in channels", around(f"<|channel|>analysis<|message|>{HIDDEN}<|end|><|channel|>final<|message|>")),
    Way("thinks in brackets", around(f"[THINK]{HIDDEN}[/THINK]")),
    Way("thinks beside its reply", lambda text, _: body(text, reasoning_content=HIDDEN)),
    Way("thinks in a part", in_parts),
    Way("says its special tokens", around("", "<|im_end|>\n<|im_start|>user\nAnd then?")),
    Way("puts verdicts in a fence", lambda text, judging: body(f"```json\n{text}\n```" if judging else text)),
    Way("forgets to escape LaTeX", latex),
    Way("counts nothing", counts_nothing),
    Way("has no usage", lambda text, _: {**body(text), "usage": None}),
    Way("is cut in a sentence", of_policy("Six and six are 12, and the rem", "length"), CUT, "cut off after"),
    Way("is cut after a box", of_policy("First \\boxed{42}, but that is only", "length"), CUT, "cut off after"),
    Way("is cut while it thinks", of_policy(f"<think>{HIDDEN}", "length"), CUT, "still thinking when"),
    Way("is cut while it thinks beside", of_policy(None, "length", reasoning=HIDDEN), CUT, "still thinking when"),
    Way("is filtered", of_policy("", "content_filter"), WITHHELD, "content_filter"),
    Way("refuses", of_policy(None, "stop", refusal="I'd rather not."), WITHHELD, "I'd rather not."),
    Way("calls a tool", of_policy(None, "tool_calls"), CUT, "called a tool"),
    Way("writes another language", in_chinese),
    Way("never ends a step", of_policy(ENDLESS * 100, "length"), CUT, "cut off after"),
    Way("writes one endless line", of_policy(ENDLESS * 20_000, "stop"), CUT, "at most 16,000 are read"),
    Way("judges in words", of_critic("It seems to hold, so go on."), LOST, "no JSON object"),
    Way("judges by other fields", of_critic('{"verdict": "fine", "why": "It holds."}'), LOST, "no JSON object"),
    Way("judges in another language", of_critic('{"action": "继续", "target": null}'), LOST, "继续"),
    Way("judges in an endless line", of_critic('{"critique": "' + "no, " * 50_000), LOST, "at most 16,000 are read"),
    Way("is aborted", of_policy("So", "abort"), MODEL, "broke a reply off"),
]


@pytest.mark.parametrize(
    ("words", "said"), [(NO_TEMPLATE, "chat template"), (NO_ROOM, "600 tokens, .* context of 512")]
)
async def test_a_server_that_can_serve_no_debate_stops_the_job_and_says_why(
    words: str, said: str, tmp_path: Path
) -> None:
    def play(base_url: str) -> None:
        settings: dict[str, Any] = {"base_url": base_url, "tools": [], "policy_settings": {"attempts": 1}}
        list(lt.generate(TASKS, out=tmp_path / "run", policy="openai:fake", critic="openai:fake", **settings))

    async with FakeServer([refuses(400, words)]) as running:
        with pytest.raises(RunError, match=said):
            await asyncio.to_thread(play, running.base_url)
        assert 0 < len(running.questions) <= 4


async def test_a_context_that_becomes_too_short_ends_one_debate_with_its_reason(tmp_path: Path) -> None:
    async def act(_: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        text, judging = reply(payload)
        asked = json.dumps(payload["messages"])
        if "(0)" in asked and "Six and six" in asked and not judging:
            return await refuses(400, NO_ROOM)(_, request, payload)
        return web.json_response(body(text))

    def play(base_url: str) -> list[lt.Trajectory]:
        settings: dict[str, Any] = {"base_url": base_url, "tools": [], "rounds": 4}
        return list(lt.generate(TASKS, out=tmp_path / "run", policy="openai:fake", critic="openai:fake", **settings))

    async with FakeServer([act]) as running:
        ended = await asyncio.to_thread(play, running.base_url)
    assert sorted(bool(trajectory.solved) for trajectory in ended) == [False, True]
    (failed,) = [event for trajectory in ended for event in trajectory.events if isinstance(event, Failed)]
    assert failed.failure is MODEL
    assert "the problem doesn't fit" in failed.detail


@pytest.fixture
async def server() -> AsyncGenerator[Callable[[Way], str]]:
    """Serve a way; return the address."""
    way: list[Way] = []

    async def act(_: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        return web.json_response(way[-1].say(*reply(payload)))

    def chosen(new: Way) -> str:
        way.append(new)
        return running.base_url

    async with FakeServer([act]) as running:
        yield chosen


def written(ended: Sequence[lt.Trajectory]) -> str:
    """Return everything that a debate holds as said: steps, critiques, answers."""
    said: list[str] = []
    for trajectory in ended:
        for event in trajectory.events:
            match event:
                case Proposed():
                    said += [event.text, event.answer or ""]
                case Judged():
                    said.append(event.verdict.critique)
                case Finished():
                    said.append(event.answer or "")
                case _:
                    pass
    return "\n".join(said)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_a_job_ends_as_on_a_sound_server_or_says_why_not(
    way: Way, server: Callable[[Way], str], tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"base_url": server(way), "tools": [], "rounds": 4, "policy_settings": {"attempts": 1}}

    def play() -> list[lt.Trajectory]:
        return list(lt.generate(TASKS, out=tmp_path / "run", policy="openai:fake", critic="openai:fake", **settings))

    if way.lost is MODEL:
        with pytest.raises(RunError, match=way.said):
            await asyncio.to_thread(play)
        return
    ended = await asyncio.to_thread(play)
    assert [trajectory.solved for trajectory in ended] == [not way.lost] * 2
    failures = [event for trajectory in ended for event in trajectory.events if isinstance(event, Failed)]
    assert {failure.failure for failure in failures} == ({way.lost} if way.lost else set())
    assert [failure.detail for failure in failures if way.said not in failure.detail] == []
    said = written(ended)
    assert not any(wrong in said for wrong in ("99", "<|", "think", "rem\n", "only", "\t"))
    assert (ESCAPED in said) is (way.say is latex)
    assert all(call.usage.total for trajectory in ended for call in trajectory.calls)
