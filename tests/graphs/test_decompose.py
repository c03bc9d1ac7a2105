"""Decompose from end to end: real graphs, rules and log, and models that follow a script."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from longthought.agents.agent import Critic, Policy
from longthought.agents.catalogue import DIALECTS
from longthought.errors import ConfigError
from longthought.graphs import operators
from longthought.graphs.context import started
from longthought.graphs.debate import DebateContext
from longthought.graphs.decompose import Decompose, DecomposeContext
from longthought.graphs.seats import Seats
from longthought.graphs.subdebates import begun
from longthought.jobs.generate import DebateRunner, run_job
from longthought.jobs.progress import Progress
from longthought.jobs.request import JobRequest
from longthought.jobs.scheduler import Assignment
from longthought.problems.problem import AnswerReference, Problem, Task
from longthought.trajectories.events import (
    EVENT,
    AnyEvent,
    Author,
    Failed,
    Failure,
    Graded,
    Judged,
    Proposed,
    Started,
    StopReason,
    Usage,
)
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Tree
from tests.fakes.drivers import DRIVERS, Driver, langgraph
from tests.fakes.logs import Log, call, timeless
from tests.fakes.scripted import Line, ScriptedChatModel

EGGS = Problem(id="eggs", statement="A hen lays 3 eggs a day. How much do 5 hens earn in 7 days at 2 dollars an egg?")
TASK = Task(problem=EGGS, reference=AnswerReference(answer="210"))
PLAN = "1. How many eggs do the hens lay in 7 days?\n2. How much do these earn?"


def policy_says(messages: Sequence[BaseMessage]) -> Line:
    """Plan; answer the questions, the second in two steps; put the answers together."""
    asked = str(messages[-1].content)
    if "is a plan" in asked:
        return PLAN
    if asked.startswith("Problem:\nHow many eggs"):
        return r"3 * 5 * 7 = 105, so \boxed{105}."
    if asked.startswith("Problem:\nHow much do these"):
        return r"So it is \boxed{210}." if "Step 1" in asked else "Each egg earns 2 dollars."
    return r"They earn \boxed{210} dollars."


def critic_says(messages: Sequence[BaseMessage]) -> Line:
    """Take every step."""
    action = "terminate" if "gives the final answer" in str(messages[-1].content) else "continue"
    return json.dumps({"critique": "so I say", "action": action, "target": None, "score": 0.5})


def seats(policy: Any = policy_says, critic: Any = critic_says, dialect: str = "prose") -> Seats:
    said, judged = ScriptedChatModel(policy), ScriptedChatModel(critic)
    speak = DIALECTS[dialect]()
    return Seats(Policy("fake:policy", said, speak), Critic("fake:critic", judged, speak))


async def decomposed(
    table: Seats, *, log: Sequence[AnyEvent] = (), driver: Driver = langgraph, **settings: Any
) -> Trajectory:
    """Run one to its end with nobody to keep the logs of its sub-debates."""
    context = DecomposeContext(tools=(), **settings)
    begun = list(log) or [started(EGGS, context)]
    return Trajectory("eggs#0", await driver(Decompose(table), begun, context))


def of(trajectory: Trajectory, kind: type[Any]) -> list[Any]:
    return [event for event in trajectory.events if isinstance(event, kind)]


# The operators.


def test_questions_are_numbered_lines() -> None:
    plan = "A plan:\n1. How many?\n2) How much?\n**Question 3:** And then?\n10 hens are too many.\n4. Last?"
    assert operators.questions(plan, 8) == ["How many?", "How much?", "And then?", "Last?"]
    assert operators.questions(plan, 2) == ["How many?", "How much?"]
    assert operators.questions("I think it is 3.5 dollars.", 8) == []


def test_a_part_is_posed_with_the_whole_and_what_is_known() -> None:
    posed = operators.part(
        EGGS.model_copy(update={"context": "Hens rest on Sundays."}), 2, "How much?", ["How many?\nAnswer: 105"]
    )
    assert (posed.id, posed.statement) == ("eggs/2", "How much?")
    assert posed.context.index(EGGS.statement) < posed.context.index("Sundays") < posed.context.index("Answer: 105")


# The graph.


@pytest.mark.parametrize("driver", DRIVERS)
async def test_every_question_has_a_debate_and_one_more_composes_them(driver: Driver) -> None:
    table = seats()
    ended = await decomposed(table, driver=driver)
    plan, first, second, composed = of(ended, Proposed)
    assert plan.text == PLAN
    assert [p.trajectories for p in (plan, first, second, composed)] == [(), ("eggs#0/1",), ("eggs#0/2",), ()]
    assert first.text == "How many eggs do the hens lay in 7 days?\nAnswer: 105"
    assert (first.by, composed.by, composed.parent) == (Author.STRATEGY, Author.POLICY, second.node)
    assert (ended.answer, ended.stop_reason) == ("210", StopReason.ANSWERED)
    assert [node.id for node in ended.path] == [1, 2, 3, 4]
    asked: Any = table.policy
    last = asked.model.prompts[-1]
    assert "Answer: 105" in last
    assert "is a plan" not in last
    second_debate = next(p for p in asked.model.prompts if "Problem:\nHow much do these" in p)
    assert EGGS.statement in second_debate
    assert "Answer: 105" in second_debate


async def test_the_parent_pays_for_its_sub_debates_to_the_token() -> None:
    table = seats()
    ended = await decomposed(table)
    agents: Any = (table.policy, table.critic)
    asked, judged = (agent.model for agent in agents)
    assert ended.requests == len(asked.seen) + len(judged.seen) == 1 + 2 + 4 + 2
    assert ended.usage.policy.prompt == sum(len(prompt.split()) for prompt in asked.prompts)
    assert ended.usage.critic.prompt == sum(len(prompt.split()) for prompt in judged.prompts)


async def test_a_budget_is_that_of_all_debates_together() -> None:
    whole = await decomposed(seats())
    first = next(e for e in whole.events if isinstance(e, Proposed) and e.delegated is not None)
    assert first.delegated is not None
    upto = sum((c.usage for e in whole.events[: first.seq + 1] for c in e.calls), Usage())
    spent = (upto + first.delegated.policy + first.delegated.critic).total
    cut = await decomposed(seats(), tokens=spent)
    assert (cut.stop_reason, cut.usage.total.total) == (StopReason.TOKENS, spent)
    assert [p.node for p in of(cut, Proposed)] == [1, 2]
    more = await decomposed(seats(), tokens=spent + 1)
    assert [p.node for p in of(more, Proposed)] == [1, 2, 3]
    assert of(more, Proposed)[-1].text.endswith("Answer: none was found")  # one call was all it could pay


async def test_without_a_plan_the_problem_is_debated_whole() -> None:
    def unplanned(messages: Sequence[BaseMessage]) -> Line:
        said = policy_says(messages)
        return "Let me think." if said == PLAN else f"1. This is no plan, although it has a number. {said}"

    ended = await decomposed(seats(unplanned))
    assert [f.failure for f in of(ended, Failed)] == [Failure.UNREADABLE_STEP]
    assert [p.trajectories for p in of(ended, Proposed)] == [()]
    assert of(ended, Judged)[0].node == 1
    assert ended.answer == "210"


async def test_a_policy_that_knows_only_steps_is_refused() -> None:
    game = Problem(id="game", statement="Use 3, 7, 16 and 20, each once, to make 46.", domain="countdown")
    context = DecomposeContext(tools=())
    ended = await decomposed(seats(dialect="compact"), log=[started(game, context)])
    assert ended.stop_reason is StopReason.FAILED
    assert "can't write a plan" in (ended.failure or "")


async def test_the_critic_can_go_back_behind_an_answer() -> None:
    said: list[str] = []

    def doubting(messages: Sequence[BaseMessage]) -> Line:
        prompt = str(messages[-1].content)
        if prompt.startswith(f"Problem:\n{EGGS.statement}") and not said:
            said.append(prompt)
            return json.dumps({"critique": "105 is not believable", "action": "backtrack", "target": 1, "score": 0.1})
        return critic_says(messages)

    ended = await decomposed(seats(critic=doubting))
    assert [p.parent for p in of(ended, Proposed)] == [0, 1, 2, 3, 1]
    assert ended.answer == "210"


async def test_it_goes_on_from_every_prefix_of_its_log() -> None:
    whole = await decomposed(seats())
    for length in range(1, len(whole.events)):
        again = await decomposed(seats(), log=whole.events[:length])
        assert timeless(again.events) == timeless(whole.events), length


@pytest.mark.parametrize("questions", [0, -1])
def test_a_plan_without_questions_is_refused(questions: int) -> None:
    with pytest.raises(ConfigError, match="questions"):
        DecomposeContext(questions=questions)


# In a job, where sub-debates have logs of their own.


async def played(folder: Path, table: Seats, **settings: Any) -> tuple[Progress, list[Trajectory]]:
    job, progress = JobRequest(context=DecomposeContext(tools=(), **settings)), Progress()
    with RunFolder.create_or_resume(folder, job.config()) as opened:
        ended = [t async for t in run_job(job, [TASK], opened, seats=table, progress=progress)]
    return progress, ended


async def test_sub_debates_are_logged_beside_their_parent_and_are_no_problems(tmp_path: Path) -> None:
    progress, ended = await played(tmp_path / "run", seats())
    run = Run(tmp_path / "run")
    assert run.ids() == run.finished_ids() == run.graded_ids() == ["eggs#0"]
    assert run.parts("eggs#0") == ["eggs#0/1", "eggs#0/2"]
    assert (len(run), list(run.unfinished())) == (1, [])
    parts = [run.trajectory(name) for name in run.parts("eggs#0")]
    assert [part.answer for part in parts] == ["105", "210"]
    assert [
        part.tree.started.parent.trajectory for part in parts if part.tree.started and part.tree.started.parent
    ] == ["eggs#0"] * 2
    assert not any(isinstance(event, Graded) for part in parts for event in part.events)
    assert (progress.finished, progress.graded, progress.solved, progress.total) == (1, 1, 1, 1)
    assert progress.policy.usage == ended[0].usage.policy
    assert progress.critic.usage == ended[0].usage.critic
    assert progress.requests == ended[0].requests
    delegated = [e.delegated for e in ended[0].events if isinstance(e, Proposed) and e.delegated]
    assert [paid.policy for paid in delegated] == [part.usage.policy for part in parts]


async def test_a_job_goes_on_from_any_prefix_of_either_log(tmp_path: Path) -> None:
    table = seats()
    progress, _ = await played(tmp_path / "whole", table)
    whole = Run(tmp_path / "whole")
    lines = (tmp_path / "whole").glob("events-*.jsonl")
    written = b"".join(path.read_bytes() for path in lines).splitlines(keepends=True)
    for length in range(1, len(written)):
        folder = tmp_path / f"cut-{length}"
        with RunFolder.create_or_resume(folder, JobRequest(context=DecomposeContext(tools=())).config()) as opened:
            opened.append([EVENT.validate_json(line) for line in written[:length]])
        again = seats()
        counted, _ = await played(folder, again)
        run = Run(folder)
        for name in ("eggs#0", "eggs#0/1", "eggs#0/2"):
            assert timeless(run.trajectory(name).events) == timeless(whole.trajectory(name).events), (length, name)
        assert counted.policy.usage == progress.policy.usage
        agents: Any = (again.policy, again.critic)
        asked = sum(len(agent.model.seen) for agent in agents)
        logged = sum(len(EVENT.validate_json(line).calls) for line in written[:length])
        assert asked + logged == progress.requests  # nothing is asked twice


async def test_sub_debates_pass_the_gates_of_their_job() -> None:
    events: list[AnyEvent] = []
    job = JobRequest(context=DecomposeContext(tools=()), requests=1)
    ended = await DebateRunner(job, seats(), events.extend).play(Assignment(task=TASK))
    assert ended.solved is True
    assert {event.trajectory for event in events} == {"eggs#0", "eggs#0/1", "eggs#0/2"}


def test_sub_debates_take_the_agents_and_the_rules_of_their_parent() -> None:
    tree = Tree.fold([started(EGGS, DecomposeContext(tools=("algebra",), veto=False, tokens=900))])
    first = begun(tree, DecomposeContext(tools=("algebra",), veto=False, tokens=900), EGGS, number=3, node=0, rounds=5)
    context = DebateContext.read(first.config)
    assert isinstance(first, Started)
    assert (first.trajectory, first.config["graph"], context.rounds) == ("eggs#0/3", "debate", 5)
    assert (context.tools, context.veto, context.tokens) == (["algebra"], False, 900)
    own: dict[str, Any] = {"draft": None, "afresh": False, "patience": 7, "reflections": 3, "backtracks": 2}
    given = DecomposeContext(tools=(), **own)
    first = begun(Tree.fold([started(EGGS, given)]), given, EGGS, number=1, node=0, rounds=5)
    assert {name: first.config[name] for name in own} == own


def test_a_sub_debate_may_spend_a_little_where_what_ran_beside_it_has_spent_the_rest() -> None:
    settings = DecomposeContext(tools=(), tokens=10, computed=10, seconds=0.1)
    log = Log(EGGS)
    log.add(Proposed, Author.POLICY, node=1, parent=0, text="so", calls=(call("so", 50, 5),))
    tree = Tree.fold([started(EGGS, settings), *log[1:]])
    context = DebateContext.read(begun(tree, settings, EGGS, number=1, node=0, rounds=5).config)
    assert (context.tokens, context.computed, context.seconds) == (1, 1, 0.001)
