"""The Python interface: who closes an agent, what is graded, and calls from where an event loop runs."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.agents import catalogue
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.errors import ConfigError, RunFolderError
from longthought.graphs.debate import Debate
from longthought.graphs.rules import DebateContext
from longthought.tools.verifier import Claim
from longthought.trajectories.events import (
    AnyEvent,
    Author,
    Checked,
    Evidence,
    EvidenceStatus,
    Finished,
    Started,
    StopReason,
)
from longthought.trajectories.stamps import stamped
from longthought.trajectories.tree import Tree
from tests.fakes import sums
from tests.fakes.scripted import ScriptedChatModel

PUZZLE = "Use 3, 7, 16 and 20, each once, to make 46."


class Closing(ScriptedChatModel):
    """Counts how often it is closed."""

    closed: int = 0

    async def aclose(self) -> None:
        self.closed += 1


def summing() -> tuple[Closing, Closing]:
    """Return the models of a policy and a critic that solve sums."""
    return (
        Closing(lambda messages: sums.policy_says(str(messages[-1].content))),
        Closing(lambda messages: sums.critic_says(str(messages[-1].content))),
    )


def agents(models: tuple[Closing, Closing]) -> dict[str, Any]:
    return {"policy": Policy("fake:policy", models[0], Prose()), "critic": Critic("fake:critic", models[1], Prose())}


def test_an_agent_that_was_given_stays_open_for_the_next_call(tmp_path: Path) -> None:
    models = summing()
    seated = agents(models)
    assert lt.solve(sums.task(1).problem, tools=[], **seated).answer == "1001"
    assert [t.solved for t in lt.generate(sums.tasks(3), out=tmp_path / "run", tools=[], **seated)] == [True] * 3
    lt.solve(sums.task(2).problem, tools=[], **seated)
    assert [model.closed for model in models] == [0, 0]


def test_one_agent_in_both_chairs_stays_open_if_it_was_given() -> None:
    model = Closing(lambda messages: r"It is \boxed{1001}.")
    lt.solve(sums.task(1).problem, graph="self_critique", policy=Policy("fake:policy", model, Prose()), rounds=1)
    assert model.closed == 0


def test_an_agent_that_a_call_made_is_closed_by_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models = summing()
    monkeypatch.setattr(catalogue, "chat_model", lambda model, role, **_: models[role == "critic"])
    named = {"policy": "openai:fake", "critic": "openai:fake", "tools": []}
    lt.solve(sums.task(1).problem, **named)
    assert [model.closed for model in models] == [1, 1]
    list(lt.generate(sums.tasks(2), out=tmp_path / "run", **named))
    assert [model.closed for model in models] == [2, 2]
    lt.solve(sums.task(1).problem, **named | {"critic": agents(models)["critic"]})
    assert [model.closed for model in models] == [3, 2]


def test_the_critic_of_a_labelling_is_closed_at_its_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models = summing()
    list(lt.generate(sums.tasks(1), out=tmp_path / "run", tools=[], **agents(models)))
    monkeypatch.setattr(catalogue, "chat_model", lambda model, role, **_: models[1])
    assert lt.label(tmp_path / "run", method="model", critic="openai:fake", trials=1).labels
    assert models[1].closed == 1


@pytest.mark.parametrize("given", [PUZZLE, lt.Problem(id="mine", statement=PUZZLE, domain="countdown")])
def test_a_statement_is_graded_alike_however_it_is_played(given: Any, tmp_path: Path) -> None:
    one = lt.solve(given, rounds=2)
    (other,) = lt.generate([given], out=tmp_path / "run", rounds=2)
    assert one.solved is not None
    assert other.solved is not None


def test_a_statement_without_a_reference_is_not_graded(tmp_path: Path) -> None:
    (trajectory,) = lt.generate(["What is 1 + 1000?"], out=tmp_path / "run", tools=[], **agents(summing()))
    assert trajectory.answer == "1001"
    assert trajectory.solved is None


async def test_calls_work_where_an_event_loop_runs(tmp_path: Path) -> None:
    """As in a notebook."""
    assert asyncio.get_running_loop()
    seated = agents(summing())
    assert lt.solve(sums.task(1).problem, tools=[], **seated).answer == "1001"
    assert list(lt.generate(sums.tasks(2), out=tmp_path / "run", tools=[], **seated))
    assert lt.label(tmp_path / "run", method="tree").labels
    compared = lt.evaluate(sums.tasks(1), out=tmp_path / "compared", strategies=["debate"], budgets=[4000], **seated)
    assert compared.comparison.problems == 1


# Parts that are given as objects.


class Sevens:
    """A tool that refutes every step without a 7."""

    name = "sevens"

    def claims(self, problem: lt.Problem, path: Any, step: str) -> list[Claim]:
        return [Claim(text=step, span=(0, len(step)), problem=problem, path=tuple(path))]

    async def check(self, claim: Claim) -> Evidence:
        status = EvidenceStatus.CONFIRMED if "7" in claim.text else EvidenceStatus.REFUTED
        return Evidence(tool=self.name, claim=claim.text, status=status)


class Unchecking:
    """Finds claims, and checks none."""

    name = "unchecking"

    def claims(self, problem: Any, path: Any, step: str) -> list[Claim]:
        return []


class Doubting(Debate):
    """A debate whose verdicts are never obeyed: it ends as if its rounds were spent."""

    async def take(self, turn: str, fold: Tree, settings: DebateContext) -> Sequence[AnyEvent]:
        if turn != "act":
            return await super().take(turn, fold, settings)
        return [stamped(fold, Finished, Author.STRATEGY, reason=StopReason.ROUNDS)]


def test_a_chat_model_is_taken_as_it_is() -> None:
    policy, critic = summing()
    debate = lt.solve("What is 7 + 1000?", policy=policy, critic=critic, tools=[])
    assert debate.answer == "1007"
    assert {call.model for call in debate.calls} == {"langchain:Closing"}
    assert (policy.closed, critic.closed) == (0, 0)
    assert isinstance(debate.events[0], Started)
    assert debate.events[0].config["policy"] == "langchain:Closing"
    with pytest.raises(ConfigError, match="`temperature`: a chat model that is given as an object"):
        lt.policy(policy, temperature=1)


def test_a_tool_is_taken_as_it_is_beside_names(tmp_path: Path) -> None:
    policy, critic = summing()
    debate = lt.solve("What is 7 + 1000?", policy=policy, critic=critic, tools=["algebra", Sevens()])
    used = {e.tool for event in debate.events if isinstance(event, Checked) for e in event.evidence}
    assert "sevens" in used
    given: Any = {"policy": policy, "critic": critic, "tools": [Sevens()]}
    (same,) = lt.generate(["What is 7 + 1000?"], out=tmp_path / "run", **given)
    assert {e.tool for event in same.events if isinstance(event, Checked) for e in event.evidence} == {"sevens"}
    with pytest.raises(ConfigError, match="name its tools"):
        list(lt.generate(["What is 7 + 1000?"], out=tmp_path / "two", processes=2, tools=[Sevens()]))
    no_tools: list[Any] = [7, Unchecking()]
    for no_tool in no_tools:
        with pytest.raises(ConfigError, match="names of tools, or objects"):
            lt.solve("What is 7 + 1000?", tools=[no_tool])


def test_a_job_that_goes_on_keeps_the_tools_and_the_graph_that_were_given_as_objects(tmp_path: Path) -> None:
    two, three = ["What is 7 + 1000?", "What is 17 + 1000?"], ["What is 27 + 1000?"]
    for out, own, other in (("tools", {"tools": [Sevens()]}, {"tools": []}), ("graph", {"graph": Doubting}, {})):
        policy, critic = summing()
        given: Any = {"policy": policy, "critic": critic, "out": tmp_path / out}
        assert len(list(lt.generate(two, **given, **own))) == 2
        with pytest.raises(RunFolderError, match=r"another configuration .*(own_tools|machine)"):
            list(lt.generate([*two, *three], **given, **other))
        assert len(list(lt.generate([*two, *three], **given, **own))) == 1


def test_a_graph_of_ones_own_is_played_in_a_job_too(tmp_path: Path) -> None:
    policy, critic = summing()
    given: Any = {"policy": policy, "critic": critic, "tools": [], "graph": Doubting}
    alone = lt.solve("What is 7 + 1000?", **given)
    (same,) = lt.generate(["What is 7 + 1000?"], out=tmp_path / "run", **given)
    assert [event.kind for event in same.events] == [event.kind for event in alone.events]
    assert any(isinstance(event, Finished) and event.reason is StopReason.ROUNDS for event in same.events)
    with pytest.raises(ConfigError, match="name its graph"):
        list(lt.generate(["What is 7 + 1000?"], out=tmp_path / "two", processes=2, graph=Doubting))
    assert not (tmp_path / "two").exists()
