"""Tree search from end to end: the real graph, dialects and tools, and models that follow a script."""

import asyncio
import json
import random
import re
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from longthought.agents.agent import Critic, Policy
from longthought.agents.catalogue import DIALECTS
from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.dialect import Step
from longthought.agents.view import view
from longthought.errors import ConfigError, EndpointError
from longthought.graphs import catalogue
from longthought.graphs.context import started
from longthought.graphs.search.graph import TreeSearch
from longthought.graphs.search.settings import SearchContext, StrategyName
from longthought.graphs.seats import Seats
from longthought.problems.problem import Problem
from longthought.tools.catalogue import verifiers
from longthought.trajectories.events import (
    Action,
    AnyEvent,
    Author,
    Cause,
    Failed,
    Failure,
    Finished,
    Judged,
    Moved,
    Proposed,
    StopReason,
)
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Standing, Tree, TreeError
from tests.fakes.drivers import Driver, langgraph, loop
from tests.fakes.scripted import Line, ScriptedChatModel

STATEMENTS = {
    "prose": "What is 12 * 13 + 7 * 8?",
    "compact": "Use 3, 7, 16 and 20, each once, to make 46.",
}
every = pytest.mark.parametrize("way", list(StrategyName))


def prose_policy(seed: int) -> Callable[[str, int], Line]:
    """Say one of a few steps, an answer from the third on, sometimes a false sum or nothing."""

    def say(prompt: str, asked: int) -> Line:
        chance = random.Random(f"{seed}{prompt}{asked}")
        deep = len(re.findall(r"^Step \d+", prompt, re.MULTILINE)) >= 2
        if chance.random() < 0.1:
            return chance.choice(["", "So 12 * 13 = 146."])
        if deep and chance.random() < 0.4:
            return rf"Then it is \boxed{{{chance.randrange(210, 214)}}}."
        return f"I look at case {chance.randrange(6)}."

    return say


def prose_critic(seed: int) -> Callable[[str, int], Line]:
    """Judge by chance, but always the same in the same words."""

    def say(prompt: str, asked: int) -> Line:
        chance = random.Random(f"{seed}{prompt}{asked}critic")
        answers = "gives the final answer:" in prompt
        likely = ["terminate"] if answers and chance.random() < 0.3 else ["continue"] * 3
        action = chance.choice([*likely, "backtrack"])
        score = round(chance.random(), 3)
        said = json.dumps({"critique": "so I say", "action": action, "target": None, "score": score})
        return said if chance.random() < 0.95 else "hm"

    return say


def compact_policy(seed: int) -> Callable[[str, int], Line]:
    """Take two numbers by chance and combine them, rightly."""

    def say(prompt: str, asked: int) -> Line:
        chance = random.Random(f"{seed}{prompt}{asked}")
        numbers = [int(n) for n in re.findall(r"(?:use|left)((?: \d+)+)", prompt)[-1].split()]
        a, b = sorted(chance.sample(numbers, 2), reverse=True)
        rest = list(numbers)
        rest.remove(a)
        rest.remove(b)
        sign, made = chance.choice([("+", a + b), ("-", a - b)] if a > b else [("+", a + b)])
        return f"{a} {sign} {b} = {made} left {' '.join(map(str, sorted([*rest, made], reverse=True)))}"

    return say


def compact_critic(seed: int) -> Callable[[str, int], Line]:
    """Accept 46 and nothing else; in between, all goes on."""

    def say(prompt: str, asked: int) -> Line:
        left = re.findall(r"left((?: \d+)+)", prompt)[-1].split()
        return (
            "need 46 have continue"
            if len(left) > 1
            else "need 46 have " + ("terminate" if left == ["46"] else "none backtrack")
        )

    return say


SAYS = {"prose": (prose_policy, prose_critic), "compact": (compact_policy, compact_critic)}


@dataclass
class Ran:
    """A search that was run."""

    events: list[AnyEvent]
    policy: ScriptedChatModel
    critic: ScriptedChatModel

    @property
    def tree(self) -> Tree:
        return Tree.fold(self.events)

    @property
    def end(self) -> Finished:
        assert isinstance(self.events[-1], Finished)
        return self.events[-1]

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def moves(self, cause: Cause) -> list[Moved]:
        return [event for event in self.of(Moved) if event.cause is cause]


def model(say: Callable[[str, int], Line], before: Sequence[str] = ()) -> ScriptedChatModel:
    """Return a model that says something else each time it is asked the same, after what it was asked before."""
    asked = Counter(before)

    def script(messages: list[BaseMessage]) -> Line:
        prompt = "\n".join(str(message.content) for message in messages)
        asked[prompt] += 1
        return say(prompt, asked[prompt])

    return ScriptedChatModel(script)


async def search(
    dialect: str = "prose",
    seed: int = 0,
    *,
    says: tuple[Callable[[str, int], Line], Callable[[str, int], Line]] | None = None,
    log: Sequence[AnyEvent] = (),
    before: tuple[Sequence[str], Sequence[str]] = ((), ()),
    driver: Driver = loop,
    delays: bool = False,
    **settings: Any,
) -> Ran:
    """Search, from a log if there is one, to the end. Nothing catches what the graph raises."""
    policy, critic = says or (SAYS[dialect][0](seed), SAYS[dialect][1](seed))
    models = [Slow(m.script) if delays else m for m in (model(policy, before[0]), model(critic, before[1]))]
    tongue = DIALECTS[dialect]()
    seats = Seats(
        Policy("fake:policy", models[0], tongue), Critic("fake:critic", models[1], tongue),
        verifiers(["algebra", "countdown"]),
    )  # fmt: skip
    context = SearchContext(**{"rounds": 24, "width": 3, "keep": 2, "depth": 5, **settings})
    begun = list(log) or [started(Problem(id="p", statement=STATEMENTS[dialect]), context)]
    return Ran(await driver(TreeSearch(seats), begun, context), models[0], models[1])


class Slow(ScriptedChatModel):
    """Takes its time, longer for some requests than for others."""

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        turns = zlib.crc32(str(messages[-1].content).encode()) % 5
        result = await super()._agenerate(messages, *args, **kwargs)
        for _ in range(turns):
            await asyncio.sleep(0)
        return result


def facts(events: Sequence[AnyEvent]) -> list[dict[str, Any]]:
    """Return events without the clock."""
    found = [event.model_dump(mode="json", exclude={"at"}) for event in events]
    for event in found:
        for call in event["calls"]:
            del call["latency"]
        for evidence in event.get("evidence", ()):
            del evidence["seconds"]
    return found


# The log.


@every
@pytest.mark.parametrize("dialect", list(STATEMENTS))
async def test_both_drivers_write_the_same_log(way: StrategyName, dialect: str) -> None:
    for seed in range(3):
        one = await search(dialect, seed, strategy=way, driver=langgraph)
        whole = await search(dialect, seed, strategy=way)
        assert facts(one.events) == facts(whole.events)
        assert len(whole.of(Judged)) > 2


@every
@pytest.mark.parametrize("dialect", list(STATEMENTS))
async def test_a_search_cut_after_any_event_goes_on_as_if_nothing_had_happened(way: StrategyName, dialect: str) -> None:
    settings: dict[str, Any] = {"strategy": way, "rounds": 15, "answers": 2, "rollouts": way is StrategyName.MCTS}
    whole = await search(dialect, 1, **settings)
    assert len(whole.events) > 20
    for cut in range(1, len(whole.events)):
        log = whole.events[:cut]
        done = Counter({by: sum(len(e.calls) for e in log if e.by is by) for by in Author})
        before = whole.policy.prompts[: done[Author.POLICY]], whole.critic.prompts[: done[Author.CRITIC]]
        resumed = await search(dialect, 1, log=log, before=before, **settings)
        assert facts(resumed.events) == facts(whole.events), f"cut after event {cut}"


@every
async def test_with_calls_side_by_side_the_log_is_sound_and_nothing_waits_for_its_siblings(way: StrategyName) -> None:
    ran = await search(seed=3, strategy=way, parallel=6, delays=True, rounds=40, answers=9)
    assert isinstance(ran.end, Finished)
    moves = [e.to for e in ran.moves(Cause.SELECTED)]
    assert len(moves) > 1
    tree = ran.tree
    assert [n.id for n in tree.nodes if n.kind == "step" and not (n.verdicts or n.evidence or n.failures)] == []
    judged = [e.node for e in ran.events if isinstance(e, Judged)]
    assert judged != sorted(judged), "verdicts fall as they come"
    assert len(ran.policy.seen) == sum(len(e.calls) for e in ran.events if e.by is Author.POLICY)
    assert len(ran.critic.seen) == sum(len(e.calls) for e in ran.events if e.by is Author.CRITIC)


@every
async def test_dead_and_finished_nodes_are_never_gone_on_from(way: StrategyName) -> None:
    for seed in range(4):
        ran = await search(seed=seed, strategy=way, answers=3, rounds=40)
        tree = Tree()
        for event in ran.events:
            if isinstance(event, Moved) and event.cause is Cause.SELECTED:
                node = tree.nodes[event.to]
                assert node.standing is not Standing.ABANDONED
                assert node.answer is None
            tree.apply(event)


# Verdicts, tools and failures.


async def test_an_accepted_answer_ends_it_and_its_path_is_accepted() -> None:
    ran = await search("compact", 2, strategy="best_first", rounds=300)
    assert (ran.end.reason, ran.end.by) == (StopReason.ANSWERED, Author.STRATEGY)
    tree = ran.tree
    assert ran.end.node is not None
    path = [n.id for n in tree.path(ran.end.node)]
    assert tree.nodes[path[-1]].verdicts[-1].action is Action.TERMINATE
    assert [n.id for n in Trajectory("p#0", ran.events).path] == path
    assert len(path) == 3


async def test_a_verdict_kills_or_only_scores_as_set() -> None:
    def policy(prompt: str, asked: int) -> Line:
        return f"I look at case {asked}."

    def critic(prompt: str, asked: int) -> Line:
        return json.dumps({"critique": "no", "action": "backtrack", "target": None, "score": 0.4})

    killed = await search(says=(policy, critic), strategy="beam", rounds=6)
    assert {m.by for m in killed.moves(Cause.REJECTED)} == {Author.CRITIC}
    assert len(killed.moves(Cause.REJECTED)) == len(killed.of(Judged)) > 3
    assert {m.to for m in killed.moves(Cause.SELECTED)} == {0}
    scored = await search(says=(policy, critic), strategy="beam", rounds=6, prune="score")
    assert scored.moves(Cause.REJECTED) == []
    assert [m.reason for m in scored.moves(Cause.PRUNED)] == ["the best 2 of 3 are kept"]
    assert [m.to for m in scored.moves(Cause.SELECTED)] == [0, 1]
    assert scored.end.reason is StopReason.ROUNDS


async def test_what_a_tool_refutes_is_dead_without_a_verdict() -> None:
    def policy(prompt: str, asked: int) -> Line:
        return ["So 12 * 13 = 146.", "So 12 * 13 = 156.", r"So 12 * 13 = 166, which is \boxed{7}."][(asked - 1) % 3]

    ran = await search(says=(policy, prose_critic(0)), rounds=3)
    assert [m.abandoned for m in ran.moves(Cause.VETOED)] == [(1,), (3,)]
    assert [e.node for e in ran.of(Judged)] == [2]
    assert ran.end.answer is None, "a refuted answer is none"
    free = await search(says=(policy, prose_critic(0)), rounds=3, veto=False)
    assert [e.node for e in free.of(Judged)] == [1, 2, 3]


async def test_an_unreadable_verdict_costs_the_step_and_silence_the_node() -> None:
    ran = await search(says=(prose_policy(0), lambda prompt, asked: "hm"), rounds=6)
    assert {e.failure for e in ran.of(Failed)} == {Failure.UNREADABLE_VERDICT}
    assert all("no usable verdict" in m.reason for m in ran.moves(Cause.EXHAUSTED))
    silent = await search(says=(lambda prompt, asked: "", prose_critic(0)))
    assert [e.failure for e in silent.of(Failed)] == [Failure.UNREADABLE_STEP] * 2
    assert silent.end.reason is StopReason.STUCK


@pytest.mark.parametrize("role", [0, 1])
@pytest.mark.parametrize("parallel", [1, 4])
async def test_a_model_that_cannot_be_had_ends_it(role: int, parallel: int) -> None:
    says = [prose_policy(0), prose_critic(0)]
    says[role] = lambda prompt, asked: EndpointError("the server is gone")
    ran = await search(says=(says[0], says[1]), parallel=parallel)
    assert ran.end.reason is StopReason.FAILED
    fatal = [e for e in ran.of(Failed) if e.fatal]
    assert {e.by for e in fatal} == {(Author.POLICY, Author.CRITIC)[role]}
    assert "the server is gone" in fatal[0].detail


async def test_a_defect_is_not_swallowed() -> None:
    def broken(prompt: str, asked: int) -> Line:
        raise KeyError("a mistake")

    with pytest.raises(KeyError):
        await search(says=(broken, prose_critic(0)), parallel=3, driver=langgraph)
    for parallel in (1, 3):
        ran = await search(says=(broken, prose_critic(0)), parallel=parallel)
        (failed,) = ran.of(Failed)
        assert (failed.failure, failed.detail) == (Failure.INTERNAL, "KeyError('a mistake')")
        assert ran.end.reason is StopReason.FAILED


# Budgets.


@every
@pytest.mark.parametrize("parallel", [1, 3])
async def test_no_call_is_made_once_a_budget_is_spent_and_the_bill_is_exact(way: StrategyName, parallel: int) -> None:
    for tokens in range(200, 6000, 450):
        ran = await search(seed=tokens, strategy=way, tokens=tokens, answers=9, rounds=30, parallel=parallel)
        words = sum(len(prompt.split()) for m in (ran.policy, ran.critic) for prompt in m.prompts)
        said = sum(len(call.text.split()) or 1 for event in ran.events for call in event.calls)
        tree = ran.tree
        assert tree.policy_usage.total + tree.critic_usage.total == words + said
        assert tree.rounds <= 30 + len(ran.of(Failed))
        if parallel == 1:
            spent, asking = 0, False
            for event in ran.events:
                asking = asking and isinstance(event, Proposed | Failed) and event.by is Author.POLICY
                assert not event.calls or spent < tokens or asking, "all that one request brought counts as one"
                asking = asking or (isinstance(event, Proposed | Failed) and event.by is Author.POLICY)
                spent += sum(call.usage.total for call in event.calls)
            if ran.end.reason is StopReason.TOKENS:
                assert spent >= tokens


async def test_rounds_are_never_exceeded_and_asked_for_to_the_last() -> None:
    def policy(prompt: str, asked: int) -> Line:
        return f"I look at case {asked}."

    def critic(prompt: str, asked: int) -> Line:
        return json.dumps({"critique": "so", "action": "continue", "target": None, "score": 0.5})

    for rounds in (1, 2, 3, 4, 5, 16, 17):
        for parallel in (1, 5):
            ran = await search(says=(policy, critic), rounds=rounds, parallel=parallel)
            assert (len(ran.of(Proposed)), ran.end.reason) == (rounds, StopReason.ROUNDS)


async def test_when_it_has_to_stop_the_best_answer_counts_an_accepted_one_first() -> None:
    def policy(prompt: str, asked: int) -> Line:
        return rf"It is \boxed{{{asked}}}."

    verdicts = {1: ("backtrack", 0.9), 2: ("terminate", 0.3), 3: ("terminate", 0.4)}

    def critic(prompt: str, asked: int) -> Line:
        number = int(re.findall(r"boxed\{(\d)\}", prompt)[-1])
        action, score = verdicts[number]
        return json.dumps({"critique": "so", "action": action, "target": None, "score": score})

    best = await search(says=(policy, critic), rounds=3, answers=3)
    assert (best.end.reason, best.end.answer) == (StopReason.ROUNDS, "3")
    assert "best of 2 accepted" in best.moves(Cause.ACCEPTED)[0].reason
    first = await search(says=(policy, critic), rounds=3, answers=1)
    assert (first.end.reason, first.end.answer) == (StopReason.ANSWERED, "2")
    verdicts |= {2: ("reflect", 0.3), 3: ("reflect", 0.4)}
    none = await search(says=(policy, critic), rounds=3)
    assert (none.end.reason, none.end.answer) == (StopReason.ROUNDS, "1")
    assert "none of them accepted" in none.moves(Cause.ACCEPTED)[0].reason

    machine, settings = TreeSearch(), SearchContext()
    fold, answers = machine.begin(settings), list[str | None]()
    for event in none.events:
        fold.apply(event)
        answers.append(machine.answer(fold, settings))
    assert list(dict.fromkeys(answers)) == [None, "1"]


# States that two paths lead to.


def state(path: Sequence[str], step: str) -> str | None:
    problem = Problem(id="p", statement=STATEMENTS["compact"])
    tree = Tree.fold([started(problem, SearchContext())])
    for number, text in enumerate(path, 1):
        tree.apply(
            Proposed(trajectory="p#0", seq=number, by=Author.POLICY, at=0, node=number, parent=number - 1, text=text)
        )
    read = Compact().read_step(step, view(tree, at=len(path)))
    assert isinstance(read, Step)
    return read.state


def test_the_small_language_tells_states_apart_by_the_numbers_that_are_left() -> None:
    one = state(["20 + 16 = 36 left 36 7 3"], "7 - 3 = 4 left 36 4")
    assert one == state(["7 - 3 = 4 left 20 16 4"], "20 + 16 = 36 left 36 4") == "4 36"
    assert state([], "7 - 3 = 4 left 20 16 4") != state([], "7 + 3 = 10 left 20 16 10")
    assert state([], "7 - 3 = 5 left 20 16 5") is None, "what does not follow is no state"
    assert state([], "7 - 4 = 3 left 20 16 3") is None
    assert state([], "7 - 3 = 4 left 20 4") is None
    assert state(["20 + 16 = 36 left 36 7 3", "7 - 3 = 4 left 36 4"], "36 + 4 = 40 left 40") is None, "an answer"


async def test_two_orders_of_the_same_moves_are_one_node() -> None:
    merged = 0
    for seed in range(6):
        ran = await search("compact", seed, strategy="mcts", rounds=60, width=4, says=(compact_policy(seed), _never))
        known: set[int] = set()
        for event in ran.of(Proposed):
            if event.node in known:
                merged += 1
                tree = ran.tree
                assert event.parent in tree.nodes[event.node].sources
                assert event.state is not None
                first = next(e for e in ran.of(Proposed) if e.node == event.node)
                assert (first.state, first.parent != event.parent) == (event.state, True)
            known.add(event.node)
        assert len(ran.of(Judged)) == len({e.node for e in ran.of(Judged)}), "a state is judged once"
    assert merged > 3


def _never(prompt: str, asked: int) -> Line:
    left = re.findall(r"left((?: \d+)+)", prompt)[-1].split()
    return "need 46 have continue" if len(left) > 1 else "need 46 have none backtrack"


def test_the_tree_refuses_a_state_that_would_be_made_from_itself() -> None:
    tree = Tree.fold([started(Problem(id="p", statement="x"), SearchContext())])
    stamp: dict[str, Any] = {"trajectory": "p#0", "by": Author.POLICY, "at": 0, "text": "x"}
    tree.apply(Proposed(seq=1, node=1, parent=0, **stamp))
    tree.apply(Proposed(seq=2, node=2, parent=1, **stamp))
    with pytest.raises(TreeError, match="itself"):
        tree.apply(Proposed(seq=3, node=1, parent=2, **stamp))


# Rollouts.


async def test_a_rollout_is_judged_at_its_end_alone() -> None:
    passed = 0
    for seed in range(6):
        ran = await search(seed=seed, strategy="mcts", rollouts=True, rounds=30, answers=5)
        tree = ran.tree
        last: dict[int, Cause] = {}
        played: set[int] = set()
        for event in ran.events:
            match event:
                case Moved(cause=Cause.SELECTED | Cause.ROLLOUT):
                    last[event.to] = event.cause
                case Proposed() if last[event.parent] is Cause.ROLLOUT:
                    played.add(event.node)
                    passed += event.answer is None and tree.nodes[event.node].depth < 5
                case Judged() if event.node in played:
                    node = tree.nodes[event.node]
                    ends = node.answer is not None or node.depth == 5
                    assert ends or last[node.parent or 0] is Cause.SELECTED, "judged on the way"
                case _:
                    pass
    assert passed > 10


# Settings.


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"strategy": "breadth"}, "`strategy` must be one of beam, dvts, best_first, mcts, adaptive, got 'breadth'"),
        ({"aggregate": "mean"}, "`aggregate` must be one of"),
        ({"prune": "never"}, "`prune` must be one of score, verdict, got 'never'"),
        ({"width": 0}, "`width` must be at least 1, got 0"),
        ({"parallel": 0}, "`parallel` must be at least 1"),
        ({"exploration": -1.0}, "`exploration` must be at least 0, got -1.0"),
        ({"strategy": "beam", "rollouts": True}, "only `strategy=mcts` has rollouts"),
    ],
)
def test_senseless_settings_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        catalogue.context("tree_search", settings)


def test_settings_are_read_as_typed_and_as_logged() -> None:
    found = catalogue.read("tree_search", ["strategy=dvts", "keep=3", "rollouts=false", "aggregate=min"])
    context = catalogue.context("tree_search", found)
    written = json.loads(json.dumps(context.written()))
    assert written["graph"] == "tree_search"
    assert SearchContext.read(written) == replace(context, tools=["algebra", "countdown"])


def _both_orders(prompt: str, asked: int) -> Line:
    numbers = tuple(re.findall(r"(?:use|left)((?: \d+)+)", prompt)[-1].split())
    after = {
        ("36", "7", "3"): "7 + 3 = 10 left 36 10",
        ("20", "16", "10"): "20 + 16 = 36 left 36 10",
        ("36", "10"): "36 - 10 = 26 left 26",
    }
    return after.get(numbers) or ("20 + 16 = 36 left 36 7 3", "7 + 3 = 10 left 20 16 10")[asked % 2]


@pytest.mark.parametrize("strategy", ["mcts", "best_first", "beam", "adaptive"])
async def test_a_state_is_reached_once_from_each_node(strategy: str) -> None:
    ran = await search("compact", strategy=strategy, rounds=60, width=2, says=(_both_orders, _never))
    edges = [(event.node, event.parent) for event in ran.of(Proposed)]
    assert len(edges) == len(set(edges)) > 3


async def test_a_critic_that_continues_on_a_final_answer_accepts_it() -> None:
    def solves(prompt: str, asked: int) -> Line:
        return r"So 12 * 13 = 156, and it is \boxed{212}."

    def goes_on(prompt: str, asked: int) -> Line:
        return json.dumps({"critique": "right", "action": "continue", "target": None, "score": 0.99})

    ran = await search(says=(solves, goes_on), rounds=24, width=3, answers=1)
    assert (ran.end.reason, ran.end.answer, len(ran.policy.seen)) == (StopReason.ANSWERED, "212", 3)
    assert [(v.action, v.said) for v in (e.verdict for e in ran.of(Judged))] == [(Action.TERMINATE, Action.CONTINUE)]
    asked = ran.critic.options[0]["response_format"]["json_schema"]["schema"]
    assert sorted(asked["properties"]["action"]["enum"]) == ["backtrack", "terminate"]
