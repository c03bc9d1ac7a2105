"""A program written for the problem alone, run in the sandbox, against the answer of a step."""

import asyncio
import json

import pytest

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.catalogue import policy
from longthought.agents.dialects.programs import Programs
from longthought.agents.dialects.prose import Prose
from longthought.agents.dialects.yes_no import YesNo
from longthought.agents.program import Program, Programmer
from longthought.agents.view import View
from longthought.errors import ConfigError, OutageError
from longthought.graphs.rules import DebateContext
from longthought.problems.problem import Problem
from longthought.problems.worked import Worked
from longthought.trajectories.events import Cause, Checked, EvidenceStatus, Judged, Moved, StopReason
from tests.fakes.scripted import Line, ScriptedChatModel

PROBLEM = Problem(id="p", statement="Ann has 3 bags of 4 apples. How many apples has she?", domain="math")
RIGHT = "Sure:\n```python\nbags, each = 3, 4\nprint(bags * each)\n```"
SEEN = View(PROBLEM, path=(), path_nodes=(), attempts=())
STEP = "So 3 * 4 = 12, and the answer is \\boxed{12}."


async def checked(reply: Line, step: str = STEP) -> tuple[EvidenceStatus, str]:
    program = Program("fake:model", ScriptedChatModel([reply]))
    (claim,) = program.claims(PROBLEM, (), step)
    evidence, calls = await program.compute(claim)
    assert [call.model for call in calls] == ["fake:model"]
    assert (evidence.tool, evidence.claim) == ("program", claim.text)
    return evidence.status, evidence.detail


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [
        (RIGHT, EvidenceStatus.CONFIRMED, "prints the same"),
        (f"<think>{RIGHT.replace('*', '+')}</think>{RIGHT}", EvidenceStatus.CONFIRMED, "prints the same"),
        (RIGHT.replace("*", "+"), EvidenceStatus.DISPUTED, "prints 7"),
        ("```python\nprint(24 / 2)\n```", EvidenceStatus.CONFIRMED, "prints the same"),
        ("It is 12.", EvidenceStatus.ABSTAINED, "no program"),
        ("```python\nx = 12\n```", EvidenceStatus.ABSTAINED, "printed nothing"),
        ("```python\nprint(1 / 0)\n```", EvidenceStatus.ABSTAINED, "printed nothing"),
        ("```python\nprint('many')\n```", EvidenceStatus.ABSTAINED, "printed many"),
        ("```python\nprint(f'3 bags: {3 * 4:.2f} apples')\n```", EvidenceStatus.CONFIRMED, "prints the same"),
        ("```python\nprint('apples', 7)\n```", EvidenceStatus.DISPUTED, "prints 7"),
        ("```python\nbags = 3\nbags * 4\n```", EvidenceStatus.CONFIRMED, "prints the same"),
        ("```python\ndef apples():\n    return 12\napples()\n```", EvidenceStatus.CONFIRMED, "prints the same"),
        ("bags = 3\nprint(bags * 4)", EvidenceStatus.CONFIRMED, "prints the same"),
        ("```python\n3 bags * 4\n```", EvidenceStatus.ABSTAINED, "printed nothing"),
        ("```python\n# 12\n```", EvidenceStatus.ABSTAINED, "printed nothing"),
    ],
)
async def test_what_the_program_prints_is_compared_with_the_answer(
    reply: str, status: EvidenceStatus, said: str
) -> None:
    found, detail = await checked(reply)
    assert found is status
    assert said in detail


async def test_the_writer_sees_the_problem_and_not_the_step() -> None:
    model = ScriptedChatModel([RIGHT])
    program = Program("fake:model", model)
    await program.check(program.claims(PROBLEM, ("3 * 5 = 15.",), STEP)[0])
    assert PROBLEM.statement in model.prompts[0]
    assert "15" not in model.prompts[0]
    assert "boxed" not in model.prompts[0]


@pytest.mark.parametrize("step", ["3 * 4 = 12.", "It is \\boxed{x + y}.", "So \\boxed{12"])
def test_a_step_without_a_number_for_an_answer_is_no_claim(step: str) -> None:
    assert Program("fake:model", ScriptedChatModel([])).claims(PROBLEM, (), step) == []


# In a debate.


def debate(policy: list[Line], **settings: object) -> lt.Trajectory:
    agent = Policy("fake:policy", ScriptedChatModel(policy), Prose())
    given = {"critic": "tools", "tools": ["program"], "draft": None, "rounds": 4, "answer": "12", **settings}
    return lt.solve(PROBLEM, policy=agent, **given)


def test_the_tools_alone_go_back_where_the_program_differs_and_the_cost_is_logged() -> None:
    debated = debate(["So 3 + 4 = 7: \\boxed{7}.", RIGHT, STEP, RIGHT])
    assert debated.solved
    assert [moved.cause for moved in debated.events if isinstance(moved, Moved)] == [Cause.REJECTED, Cause.ACCEPTED]
    found = [event for event in debated.events if isinstance(event, Checked)]
    assert [event.evidence[0].status for event in found] == [EvidenceStatus.DISPUTED, EvidenceStatus.CONFIRMED]
    assert all(len(event.calls) == 1 and event.calls[0].usage.total for event in found)
    assert debated.tree.total_usage == sum((call.usage for call in debated.calls), type(debated.calls[0].usage)())


def test_a_critic_is_shown_the_dispute_and_decides() -> None:
    verdict = json.dumps({"critique": "The program adds.", "action": "terminate", "target": None, "score": 0.8})
    critic = ScriptedChatModel([verdict])
    debated = debate([STEP, RIGHT.replace("*", "+")], critic=Critic("fake:critic", critic, Prose()))
    assert "12: in dispute (a program that was written for the problem alone prints 7)" in critic.prompts[0]
    assert debated.solved, "a dispute is no veto"
    assert [event.verdict.critique for event in debated.events if isinstance(event, Judged)] == ["The program adds."]


def test_a_server_that_is_gone_ends_the_job_and_not_the_check() -> None:
    with pytest.raises(OutageError):
        debate([STEP, OutageError("gone")])


def test_a_policy_without_words_writes_no_programs() -> None:
    with pytest.raises(ConfigError, match=r"`tools` program: bundled:countdown writes no programs"):
        DebateContext(tools=["program"]).seats()


def test_an_answer_is_accepted_once_any_program_of_the_debate_has_printed_it() -> None:
    debated = debate(["So 3 + 4 = 7: \\boxed{7}.", RIGHT, STEP, "I can't."])
    assert debated.solved
    assert [event.evidence[0].found for event in debated.events if isinstance(event, Checked)] == ["12", None]


def test_without_a_program_that_agrees_the_debate_goes_on_and_ends_with_a_vote() -> None:
    debated = debate(["So \\boxed{7}.", "No.", STEP, "No.", "Or \\boxed{12}.", "No."], rounds=3)
    assert (debated.stop_reason, debated.answer, debated.solved) == (StopReason.ROUNDS, "12", True)


# A policy that writes programs.


def vote(replies: list[Line], **settings: object) -> lt.Trajectory:
    policy = Programmer("fake:policy", ScriptedChatModel(replies), Programs())
    given = {"graph": "sampling", "attempts": len(replies), "batch": 1, "answer": "12", **settings}
    return lt.solve(PROBLEM, policy=policy, **given)


def test_the_answer_of_a_program_is_what_it_prints() -> None:
    voted = vote([RIGHT.replace("*", "+"), RIGHT, "```python\nx = 12\n```", RIGHT])
    assert voted.solved
    assert [node.answer for node in voted.tree.nodes[1:]] == ["7", "12", None, "12"]
    assert voted.tree.nodes[2].text.endswith("It prints 12.")


def test_words_around_a_program_that_prints_nothing_are_no_answer() -> None:
    fails = "```python\nprint(1 / 0)\n```\n\nSo the answer is \\boxed{13}."
    voted = vote([fails, r"The answer is 14: \boxed{14}."])
    assert [node.answer for node in voted.tree.nodes[1:]] == [None, None]


def test_programs_are_drafts_of_a_debate_that_a_critic_of_one_word_judges_below_them() -> None:
    wrong = RIGHT.replace("*", "+")
    asked = {"policy": ScriptedChatModel([wrong, RIGHT]), "critic": ScriptedChatModel(["No", "Yes"])}
    debated = lt.solve(
        PROBLEM, policy=Programmer("fake:policy", asked["policy"], Programs()), draft=None, dialect="program",
        critic=Critic("fake:critic", asked["critic"], YesNo()), critic_dialect="yes-no", tools=[], answer="12",
    )  # fmt: skip
    assert debated.solved
    assert [moved.cause for moved in debated.events if isinstance(moved, Moved)] == [Cause.REJECTED, Cause.ACCEPTED]
    first, second = asked["policy"].seen
    assert first == second, "each is written for the problem alone"
    *above, said, question = asked["critic"].seen[1]
    assert (above, said.text) == (second, f"{RIGHT}\n\nIt prints 12.")
    assert "Is the final answer 12 right?" in question.text


def test_programs_are_whole_solutions_of_the_problem_alone() -> None:
    policy = Programmer("fake:policy", ScriptedChatModel([RIGHT]), Programs())
    with pytest.raises(ConfigError, match="writes whole solutions, and debate asks for steps"):
        lt.solve(PROBLEM, policy=policy, critic="tools")
    with pytest.raises(ConfigError, match="written for the problem alone"):
        asyncio.run(policy.solve(SEEN, 1, (Worked(statement="1 + 1?", solution="2"),)))


def test_a_program_is_asked_for_by_the_name_of_its_dialect() -> None:
    made = policy("openai:m", base_url="http://localhost:1/v1", dialect="program")
    assert isinstance(made, Programmer)
