"""Tools in a debate: evidence with spans in the log, in the critic's prompt, and what code printed in the next view."""

import json
from typing import Any

import pytest

from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.graphs.context import started
from longthought.graphs.debate import Debate, DebateContext
from longthought.graphs.machine import NO_LIMIT
from longthought.graphs.seats import Seats
from longthought.problems.problem import Problem
from longthought.tools.catalogue import verifiers
from longthought.trajectories.events import EVENT, AnyEvent, Cause, Checked, EvidenceStatus, Finished, Moved, Observed
from tests.fakes.scripted import ScriptedChatModel

GO = json.dumps({"critique": "good", "action": "continue", "target": None, "score": 0.9})
END = json.dumps({"critique": "done", "action": "terminate", "target": None, "score": 1})


async def debate(
    problem: Problem, tools: list[str], policy: list[str], critic: list[str]
) -> tuple[list[AnyEvent], ScriptedChatModel, ScriptedChatModel]:
    said, judged = ScriptedChatModel(policy), ScriptedChatModel(critic)
    seats = Seats(Policy("fake:policy", said, Prose()), Critic("fake:critic", judged, Prose()), verifiers(tools))
    context = DebateContext(tools=tools)
    state: Any = {"events": [started(problem, context).model_dump(mode="json")]}
    ended = await Debate(seats).compile().ainvoke(state, context=context, config=NO_LIMIT)
    return [EVENT.validate_python(event) for event in ended["events"]], said, judged


async def test_evidence_stands_in_the_log_and_output_in_the_prompts() -> None:
    steps = [
        "Let me count. 12 * 13 = 156.\n\n```python\nn = 12 * 13\nprint('found', n)\n```",
        "And one more.\n\n```python\nprint(n + 1)\n```",
        r"So it is \boxed{157}.",
    ]
    problem = Problem(id="p", statement="What is 12 * 13 + 1?")
    events, policy, critic = await debate(problem, ["algebra", "python"], steps, [GO, GO, END])
    printed = [(e.node, e.tool, e.output) for e in events if isinstance(e, Observed)]
    assert printed == [(1, "python", "found 156"), (2, "python", "157")]
    checked = next(e for e in events if isinstance(e, Checked))
    assert [(e.tool, e.status) for e in checked.evidence] == [
        ("algebra", EvidenceStatus.CONFIRMED),
        ("python", EvidenceStatus.ABSTAINED),
    ]
    assert [steps[0][slice(*e.span)] for e in checked.evidence if e.span] == [
        "12 * 13 = 156",
        "n = 12 * 13\nprint('found', n)\n",
    ]
    assert all(e.seconds > 0 for e in checked.evidence)
    assert "12 * 13 = 156: right" in critic.prompts[0]
    assert "The code in the new step printed:\nfound 156" in critic.prompts[0]
    assert "The code in step 1 printed:\nfound 156" in policy.prompts[1]
    assert isinstance(events[-1], Finished)
    assert events[-1].answer == "157"


async def test_a_refuted_claim_vetoes_and_the_policy_is_told_what_its_code_did() -> None:
    steps = ["12 * 13 = 146.", "```python\n1 / 0\n```", r"\boxed{156}"]
    problem = Problem(id="p", statement="What is 12 * 13?")
    events, policy, critic = await debate(problem, ["algebra", "python"], steps, [GO, END])
    vetoed = next(e for e in events if isinstance(e, Moved))
    assert (vetoed.cause, vetoed.reason) == (Cause.VETOED, "algebra: 12 * 13 is 156, not 146")
    assert "ZeroDivisionError" in policy.prompts[2]
    assert "run: error" in critic.prompts[0]


async def test_a_program_is_an_answer_and_faces_the_examples_alone() -> None:
    wrong = "```python\ndef double(x):\n    return x + 2\n```\n\n\\boxed{program}"
    right = "```python\ndef double(x):\n    return 2 * x\n```\n\n\\boxed{program}"
    problem = Problem(id="p", statement="Write double.\n\nassert double(4) == 8\n", domain="code")
    events, policy, _ = await debate(problem, ["examples"], [wrong, right], [END])
    vetoed = next(e for e in events if isinstance(e, Moved))
    assert vetoed.reason.startswith("examples: example 1 of 1, `assert double(4) == 8`")
    assert "double(4) == 8`" in policy.prompts[1]
    assert isinstance(events[-1], Finished)
    assert events[-1].answer == "def double(x):\n    return 2 * x\n"


async def test_a_final_program_without_a_block_is_asked_for_again() -> None:
    steps = ["I am done. \\boxed{program}", "```python\nx = 1\n```\n\\boxed{program}"]
    events, policy, _ = await debate(Problem(id="p", statement="Write.", domain="code"), [], steps, [END])
    assert "must stand in a ```python block" in policy.prompts[1]
    assert isinstance(events[-1], Finished)
    assert events[-1].answer == "x = 1\n"


async def test_a_lean_debate_without_a_lean_says_so_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("LONGTHOUGHT_LEAN", raising=False)
    problem = Problem(id="p", statement="theorem t (a b : Nat) : a + b = b + a", domain="lean")
    steps = ["Commute.\n```lean\nrw [Nat.add_comm]\n```", "```lean\ndone\n```"]
    events, _, critic = await debate(problem, ["lean"], steps, [GO, END])
    checked = next(e for e in events if isinstance(e, Checked))
    assert [e.status for e in checked.evidence] == [EvidenceStatus.UNAVAILABLE]
    assert "elan" in checked.evidence[0].detail
    assert "could not be checked here" in critic.prompts[0]
    assert isinstance(events[-1], Finished)
    assert events[-1].answer == "rw [Nat.add_comm]\ndone"
