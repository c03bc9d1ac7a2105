"""Rewards: each on replies whose worth is plain, and what is said of a broken one."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from longthought.agents.agent import Reply
from longthought.agents.model import Model
from longthought.agents.view import Candidate, TriedStep, View
from longthought.domains.countdown import countdown_task
from longthought.errors import ConfigError, EndpointError
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import AnswerReference, Problem, Task
from longthought.training.reinforcement.rewards import judged
from longthought.training.reinforcement.rewards.judged import read_judgement, rubric
from longthought.training.reinforcement.rewards.state import Played, State
from longthought.training.reinforcement.rewards.table import (
    REWARDS,
    CheckedReward,
    expect_some,
    reward_named,
    split_weight,
)
from longthought.trajectories.events import Action, Author, Verdict
from tests.fakes.server import FakeServer, refuses, says

SUM = countdown_task(Puzzle((3, 5, 7), 22))
RIGHT = (
    "step 5 * 3 = 15 left 15 7 judge need 22 have 22 found continue "
    "step 15 + 7 = 22 left 22 judge need 22 have 22 found terminate"
)
ASTRAY = "step 5 + 3 = 8 left 8 7 step 8 + 7 = 15 left 15 judge need 22 have 15 none "
MENDED = ASTRAY + "backtrack 0 not 5 + 3 dead left 7 5 3 make 22 " + RIGHT
WORDS = Task(problem=Problem(id="w", statement="What is two and two?"), reference=AnswerReference(answer="4"))


def bare(task: Task, **more: Any) -> View:
    return View(task.problem, (), (), (), **more)


def thinker(task: Task = SUM, dialect: str = "compact") -> State:
    return State(role="thinker", dialect=dialect, task=task, view=bare(task))


def policy(*path: str, **more: Any) -> State:
    view = View(SUM.problem, path, tuple(range(1, len(path) + 1)), more.pop("attempts", ()))
    return State(role="policy", dialect="compact", task=SUM, view=view, **more)


def critic(step: str, live: bool | None, back_to: int | None = None, path: tuple[str, ...] = (), **more: Any) -> State:
    candidate = Candidate(len(path) + 1, step, more.pop("answer", None), (), (), ())
    view = View(SUM.problem, path, tuple(range(1, len(path) + 1)), (), candidate=candidate)
    return State(role="critic", dialect="compact", task=SUM, view=view, live=live, back_to=back_to, **more)


def given(name: str, state: State, *replies: str, **columns: Any) -> list[float | None]:
    """Return what a reward gives replies, which come as messages and as plain text alike."""
    said = [[{"role": "assistant", "content": reply}] for reply in replies]
    column = [state.model_dump_json()] * len(replies)
    prompts = [state.ask()[-1].text] * len(replies)
    rewards = list(REWARDS[name](prompts=prompts, completions=said, state=column, **columns))
    assert list(REWARDS[name](prompts=prompts, completions=list(replies), state=column, **columns)) == rewards
    return rewards


def test_accuracy_is_the_grader_s_word() -> None:
    assert given("accuracy", thinker(), RIGHT, MENDED, ASTRAY, "", "step step") == [1, 1, 0, 0, 0]
    said = (r"So it is \boxed{4}.", r"So it is \boxed{5}.", "I give up.")
    assert given("accuracy", thinker(WORDS, "prose"), *said) == [1, 0, 0]
    ungraded = Task(problem=WORDS.problem)
    assert given("accuracy", thinker(ungraded, "prose"), said[0]) == [None]
    path = ("5 * 3 = 15 left 15 7",)
    assert given("accuracy", policy(*path), "15 + 7 = 22 left 22", "15 - 7 = 8 left 8") == [1, 0]
    assert given("accuracy", policy(), "5 * 3 = 15 left 15 7") == [None]
    assert given("accuracy", critic("5 * 3 = 15 left 15 7", True), "continue") == [None]


def test_format_wants_a_thought_to_its_end_and_no_repeated_step() -> None:
    assert given("format", thinker(), RIGHT, ASTRAY, RIGHT + " left", "judge") == [1, 0, 1, 0]
    tried = (TriedStep("5 + 3 = 8 left 8 7", "dead", Author.CRITIC),)
    steps = ("5 * 3 = 15 left 15 7", "5 + 3 = 8 left 8 7", "make")
    assert given("format", policy(attempts=tried), *steps) == [1, 0, 0]
    verdicts = ("need 22 have 22 found continue", "perhaps", "")
    assert given("format", critic(steps[0], True), *verdicts) == [1, 0, 0]


def test_language_is_the_share_in_the_script_of_the_problem() -> None:
    state = thinker(WORDS, "prose")
    assert given("language", state, "four", "fourчеты", "12", "") == [1, 0.5, None, None]
    assert given("language", thinker(), "step 3 + 5 maybe") == [0.8]


def test_novelty_is_the_share_of_legal_steps_that_were_not_taken_before_from_the_same_numbers() -> None:
    twice = ASTRAY + "backtrack 0 not 5 + 3 dead left 7 5 3 make 22 " + MENDED
    assert given("novelty", thinker(), MENDED, twice, "") == [1, pytest.approx(2 / 3), None]
    broken = MENDED.replace("5 + 3 = 8 left 8 7 step 8", "5 + 3 = 9 left 9 7 step 9", 1)
    assert given("novelty", thinker(), broken, "step 9 + 3 = 12 left 12 7") == [0.5, 0]
    assert given("novelty", thinker(WORDS, "prose"), "2 + 2 = 4\n4\n2 + 2 = 4") == [pytest.approx(2 / 3)]


def test_length_costs_nothing_within_the_budget() -> None:
    bounds = {"budget": [10] * 4, "limit": [20] * 4}
    ids = [[0] * n for n in (5, 10, 15, 40)]
    assert given("length", thinker(), *"abcd", completion_ids=ids, **bounds) == [0, 0, -0.5, -1]


def test_the_outcome_credits_every_turn_of_a_debate_alike() -> None:
    replies = "5 * 3 = 15 left 15 7", "nonsense"
    assert given("outcome", policy(played=Played(solved=True)), *replies) == [1, 1]
    assert given("outcome", policy(played=Played(solved=False)), *replies) == [0, 0]
    assert given("outcome", policy(played=Played(solved=None)), *replies) == [None, None]
    assert given("outcome", policy(), *replies) == [None, None]


def test_improvement_in_a_whole_debate_compares_the_answers_that_were_proposed() -> None:
    right, wrong = "5 * 3 + 7", "5 + 3 + 7"
    for answers, worth in (((wrong, right), 1), ((right, wrong), -1), ((right,), None), ((), None)):
        assert given("improvement", policy(played=Played(solved=True, answers=answers)), "any") == [worth]


def test_usefulness_is_what_the_policy_gains_after_a_verdict() -> None:
    live, dead = "5 * 3 = 15 left 15 7", "5 + 3 = 8 left 8 7"
    back, on = "need 22 have 15 none backtrack 0", "need 22 have 22 found continue"

    def after(judged: str, following: str | None) -> State:
        return critic(judged, None, played=Played(solved=True, following=None if following is None else (following,)))

    assert given("usefulness", after(dead, live), back, "nonsense") == [1, -1]
    assert given("usefulness", after(dead, dead), back) == [0]
    assert given("usefulness", after(live, dead), back) == [-1]
    assert given("usefulness", after(live, None), on) == [None]
    assert given("usefulness", critic(dead, None), back) == [None]


def test_usefulness_of_a_verdict_on_an_answer_is_the_outcome_against_its_grade() -> None:
    path, last = ("5 * 3 = 15 left 15 7",), "15 + 7 = 22 left 22"
    say = "need 22 have 22 found terminate"
    for answer, solved, worth in (("5 * 3 + 7", True, 0), ("5 * 3 + 7", False, -1), ("5 + 3 + 7", True, 1)):
        state = critic(last, None, path=path, answer=answer, played=Played(solved=solved))
        assert given("usefulness", state, say) == [worth]


def test_improvement_compares_the_first_answer_with_the_last() -> None:
    spoilt = RIGHT.replace("terminate", "backtrack 0 not 5 * 3 dead left 7 5 3 make 22 ") + ASTRAY.strip()
    assert given("improvement", thinker(), MENDED, RIGHT, spoilt, "") == [1, None, -1, None]
    boxes = (r"\boxed{5}, no, \boxed{4}", r"\boxed{4} or \boxed{\frac{1}{2}}", r"\boxed{4}", r"\boxed{4} \boxed{")
    assert given("improvement", thinker(WORDS, "prose"), *boxes) == [1, -1, None, None]


def test_learnability_is_highest_where_half_is_right() -> None:
    assert given("learnability", thinker(), RIGHT, ASTRAY) == [1, 1]
    assert given("learnability", thinker(), RIGHT, RIGHT, RIGHT, ASTRAY) == [0.75] * 4
    assert given("learnability", thinker(), RIGHT, RIGHT) == [0, 0]


def test_a_verdict_is_held_against_what_is_known() -> None:
    step, look = "5 + 3 = 8 left 8 7", "need 22 have 15 1 56 blank none"
    replies = (f"{look} backtrack 0", f"{look} continue", "nonsense")
    assert given("verdict", critic(step, False, 0), *replies) == [1, 0, 0]
    assert given("verdict", critic(step, True), *replies) == [0, 1, 0]
    assert given("verdict", critic(step, None), *replies) == [None] * 3
    below = critic("8 + 7 = 15 left 15", False, 0, (step,))
    assert given("verdict", below, "none backtrack 1", "none backtrack 0") == [0.5, 1]


def test_a_reason_is_checked_number_by_number() -> None:
    step = "5 + 3 = 8 left 8 7"
    right, wrong = "need 22 have 15 1 56 blank none backtrack 0", "need 22 have 15 2 56 blank none backtrack 0"
    assert given("reason", critic(step, False), right, wrong, "backtrack 0", "what") == [1, 0, None, 0]
    forged = "5 + 3 = 9 left 9 7"
    assert given("reason", critic(forged, False), "wrong backtrack 0", right) == [1, 0]
    assert given("reason", critic(step, False), "wrong backtrack 0") == [0]


def test_an_advantage_is_what_a_step_adds_to_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        ("5 + 3 = 8 left 8 7",): 0.2,
        ("5 * 3 = 15 left 15 7",): 0.9,
        ("5 * 3 = 15 left 15 7", "15 - 7 = 8 left 8"): 0.5,
    }

    class Value:
        """A critic with a table of values."""

        def unsuitable(self, view: View) -> None:
            return None

        async def judge(self, view: View) -> Reply[Verdict]:
            assert view.candidate is not None
            score = values[*view.path, view.candidate.text]
            return Reply(Verdict(action=Action.CONTINUE, score=score, critique=""), ())

    monkeypatch.setattr(judged, "critic", lambda _: Value())
    reward = reward_named("advantage", "bundled:countdown")
    first, second = policy(), policy("5 * 3 = 15 left 15 7")
    turns = [
        (first, "5 + 3 = 8 left 8 7"), (first, "5 * 3 = 15 left 15 7"), (first, "nonsense"),
        (second, "15 + 7 = 22 left 22"), (second, "15 - 7 = 8 left 8"),
    ]  # fmt: skip
    found = reward(
        prompts=[about.ask()[-1].text for about, _ in turns],
        completions=[text for _, text in turns],
        state=[about.model_dump_json() for about, _ in turns],
    )
    mean = (0.2 + 0.9 + 0.0) / 3
    assert found == pytest.approx([0.2 - mean, 0.9 - mean, -mean, 1 - 0.9, 0 - 0.9])  # answers are graded


def test_a_reason_must_end_as_its_verdict_does_and_name_every_number() -> None:
    look = "need 22 have 15 1 56 blank none"
    assert given("reason", critic("5 + 3 = 8 left 8 7", None), f"{look} continue", f"{look} backtrack 0") == [0, 1]
    hopeful = critic("5 * 3 = 15 left 15 7", None)
    assert given("reason", hopeful, "need 22 have 22 found continue", "need 22 have 22 found backtrack 0") == [1, 0]
    three = State.model_validate(
        critic("4 + 1 = 5 left 9 8 5", None).model_dump() | {"task": countdown_task(Puzzle((1, 4, 8, 9), 100))}
    )
    three = three.model_copy(update={"view": replace(three.view, problem=three.task.problem)})
    lines = [
        "9 need 109 91 blank blank have 13 3 40 blank none",
        "8 need 108 92 blank blank have 14 4 45 blank none",
        "5 need 105 95 blank 20 have 17 1 72 blank none",
    ]
    bent = lines[1].replace("45", "46")
    whole, partly = " ".join(lines), " ".join([lines[0], bent, lines[2]])
    replies = (f"{whole} backtrack 0", f"{partly} backtrack 0", f"{lines[0]} backtrack 0")
    assert given("reason", three, *replies) == [1, pytest.approx(2 / 3), 0]


def test_in_prose_a_reason_is_checked_by_its_equalities() -> None:
    state = critic("5 + 3 = 8, which leaves 8 and 7.", False).model_copy(update={"dialect": "prose"})

    def says_why(critique: str) -> str:
        return json.dumps({"action": "backtrack", "target": 0, "score": 0.1, "critique": critique})

    replies = ("8 + 7 = 15 is too small.", "8 + 7 = 16 is too small.", "That is hopeless.")
    assert given("reason", state, *map(says_why, replies)) == [1, 0, None]


def test_a_step_is_worth_what_the_solver_or_the_labels_say() -> None:
    replies = ("5 * 3 = 15 left 15 7", "5 + 3 = 8 left 8 7", "5 + 3 = 9 left 9 7", "left", "7 - 5 = 2 left 3 2")
    assert given("step", policy(solver=True), *replies) == [1, 0, 0, 0, 0]
    known = {replies[0]: 0.75}
    assert given("step", policy(known=known), *replies) == [0.75, None, None, 0, None]
    path = ("5 * 3 = 15 left 15 7",)
    assert given("step", policy(*path), "15 + 7 = 22 left 22", "15 * 7 = 105 left 105") == [1, 0]


# Judged by a model.


def model_at(server: FakeServer) -> Model:
    return Model(name="openai:judge", base_url=server.base_url)


async def test_a_judge_that_fails_once_skips_a_reply_and_one_that_is_gone_is_an_error() -> None:
    state = thinker(WORDS, "prose").model_dump_json()
    asked = {"prompts": ["p", "q"], "completions": ["four", "five"], "state": [state] * 2}
    async with FakeServer([refuses(400, "too long"), says('{"words": "", "score": 5}')]) as server:
        assert sorted(await asyncio.to_thread(rubric(model_at(server), "It says why."), **asked), key=str) == [
            0.5,
            None,
        ]
    async with FakeServer([refuses(401, "no key")]) as server:
        with pytest.raises(EndpointError):
            await asyncio.to_thread(rubric(model_at(server), "It says why."), **asked)


async def test_a_rubric_is_judged_in_words_and_a_number(tmp_path: Path) -> None:
    criteria = tmp_path / "criteria.txt"
    criteria.write_text("It says why.")
    verdict = '{"words": "It gives no reason.", "score": 4}'
    async with FakeServer([says(verdict)]) as server:
        reward = reward_named("rubric", model_at(server), criteria)
        logged: dict[str, list[str]] = {}
        state = thinker(WORDS, "prose").model_dump_json()
        asked = {"prompts": ["p"], "completions": ["four"], "state": [state]}
        assert await asyncio.to_thread(reward, **asked, log_extra=logged.__setitem__) == [0.4]
        assert logged == {"rubric": ["It gives no reason."]}
        request = json.dumps(server.chats[-1].payload["messages"])
        assert all(said in request for said in ("It says why.", "What is two and two?", "four"))


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ('{"words": "well", "score": 10}', 1.0),
        ('Fine: {"words": "so", "score": "7"} I hope', 0.7),
        ('{"words": "cut, "score": 3', 0.3),
        ('{"words": "beyond", "score": 11}', None),
        ("no number", None),
        ("[]", None),
    ],
)
def test_a_judgement_is_read_leniently(said: str, score: float | None) -> None:
    assert read_judgement(said)[1] == score


def test_a_critic_scores_a_step() -> None:
    reward = reward_named("critic-score", "bundled:countdown")
    states = [policy("5 * 3 = 15 left 15 7").model_dump_json()] * 3
    replies = ["15 + 7 = 22 left 22", "15 - 7 = 8 left 8", "left"]
    right, wrong, unread = reward(prompts=[""] * 3, completions=replies, state=states)
    assert right > 0.8 > 0.2 > wrong
    assert unread is None


# Rewards of one's own.


def own(answer: Any) -> CheckedReward:
    return CheckedReward("mine:own", lambda prompts, completions, **_: answer)


def test_rewards_by_name_and_weight() -> None:
    assert split_weight("format=0.2") == ("format", 0.2)
    assert split_weight("module:function") == ("module:function", 1.0)
    for written in ("format=much", "=1", "format=nan"):
        with pytest.raises(ConfigError, match="`rewards` must be names"):
            split_weight(written)
    assert reward_named("math:fsum") is not None
    for name, said in (
        ("acuracy", "no such reward; choose from accuracy, "),
        ("math:none", "can't be imported"),
        ("math:pi", "it is no function"),
        ("rubric", "`judge` is missing"),
    ):
        with pytest.raises(ConfigError, match=said):
            reward_named(name)
    with pytest.raises(ConfigError, match="`rubric` is missing"):
        reward_named("rubric", "bundled:countdown")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([1.0], "reward mine:own must return 2 rewards, one for each reply, and returned 1"),
        (None, "must return 2 rewards, got None"),
        ([1.0, float("nan")], "must return finite numbers, or None to skip a reply; it returned nan"),
        ([1.0, float("inf")], "it returned inf"),
        ([1.0, "much"], "it returned 'much'"),
    ],
)
def test_a_broken_answer_names_its_reward(answer: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        own(answer)(prompts=["a", "b"], completions=["c", "d"])


def test_a_reward_that_raises_or_waits() -> None:
    def raises(prompts: Any, completions: Any, **_: Any) -> Any:
        raise KeyError("answer")

    async def waits(prompts: Any, completions: Any, **_: Any) -> list[float | None]:
        return [True, None]  # a bool is a number

    with pytest.raises(ConfigError, match="the reward raises failed: KeyError: 'answer'"):
        CheckedReward("raises", raises)(prompts=["a"], completions=["b"])
    assert CheckedReward("waits", waits)(prompts=["a"] * 2, completions=["b"] * 2) == [1, None]


def test_arguments_are_checked_without_a_call() -> None:
    CheckedReward("fine", lambda prompts, completions, **_: []).expect_callable(["state"])
    with pytest.raises(ConfigError, match=r"`rewards` short: it must take .*, and it takes \(completions\)"):
        CheckedReward("short", lambda completions: []).expect_callable(["state"])


def test_a_reward_that_skips_everything() -> None:
    expect_some("some", [None, 0.0])
    with pytest.raises(ConfigError, match="the reward none returned None for all of 2 replies"):
        expect_some("none", [None, None])
