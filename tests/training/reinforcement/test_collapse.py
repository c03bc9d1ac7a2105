"""Fabricated collapses are noticed, and a training that goes well is not."""

from collections.abc import Callable

import pytest

from longthought.agents.view import TriedStep
from longthought.training.reinforcement.collapse import WINDOW, Watch, entropy, figures, repeated
from longthought.trajectories.events import Author
from tests.training.reinforcement.test_rewards import ASTRAY, MENDED, RIGHT, critic, policy, thinker

STEPS = 60


def alarm(figure: str, course: Callable[[int], float]) -> tuple[int, str] | None:
    """Return the step at which a course of a figure is stopped, and the message."""
    watch = Watch()
    for step in range(STEPS):
        if message := watch.add({figure: course(step)}):
            return step, message
    return None


@pytest.mark.parametrize(
    ("figure", "course", "said"),
    [
        ("format", lambda t: 0.9 if t < 30 else 0.2, "share of replies that can be read went from 0.9 to"),
        ("verdict_entropy", lambda t: max(0.0, 1.2 - 0.04 * t), "the critic says the same of nearly every step"),
        ("obeyed", lambda t: 0.8 * 0.95**t, "the policy no longer heeds the critic"),
        ("length", lambda t: 100 * 1.1**t, "the reward length limits it"),
        ("length", lambda t: 100 * 0.9**t, "mean tokens of a reply went from"),
        ("repeated", lambda t: min(0.95, 0.3 + 0.02 * t), "repeat one of the same thought"),
        ("solved", lambda t: 0.2 * 0.9**t, "the agent is paid for something else"),
    ],
)
def test_a_collapse_is_noticed(figure: str, course: Callable[[int], float], said: str) -> None:
    found = alarm(figure, course)
    assert found is not None
    assert said in found[1]


@pytest.mark.parametrize(
    ("figure", "course"),
    [
        ("format", lambda t: 0.3 + 0.01 * t),
        ("format", lambda t: 0.0 if t == 40 else 0.9),  # one bad batch
        ("verdict_entropy", lambda t: 1.2 - 0.005 * t),
        ("obeyed", lambda t: 0.7 + 0.005 * t),
        ("length", lambda t: 300 - 3 * t),
        ("repeated", lambda t: 0.3 - 0.004 * t),
        ("solved", lambda t: 0.2 if t < 20 else 0.1),  # harder problems
        ("solved", lambda t: 0.02 if t < 20 else 0.0),  # so few that chance decides
        ("reward", lambda t: 0.0),
    ],
)
def test_a_training_that_goes_well_is_left_alone(figure: str, course: Callable[[int], float]) -> None:
    assert alarm(figure, course) is None


@pytest.mark.parametrize(("rise", "stopped"), [(0.01, False), (0.0, True), (-0.01, True)])
def test_replies_may_grow_as_long_as_the_reward_rises(rise: float, stopped: bool) -> None:
    watch = Watch()
    said = [watch.add({"length": 40 + 4 * step, "reward": 0.1 + rise * step}) for step in range(STEPS)]
    assert any(said) is stopped


def test_replies_may_not_shrink_to_nothing_though_the_reward_rises() -> None:
    watch = Watch()
    said = [watch.add({"length": 100 * 0.9**step, "reward": 0.01 * step}) for step in range(STEPS)]
    assert any(said)


def test_nothing_is_said_before_there_is_something_to_compare() -> None:
    found = alarm("format", lambda t: 1.0 if t < WINDOW else 0.0)
    assert found is not None
    assert found[0] == 2 * WINDOW - 1


def test_figures_of_critics() -> None:
    state = critic("5 + 3 = 8 left 8 7", False).model_dump_json()
    replies = ["none continue", "none backtrack 0", "none continue", "nonsense"]
    found = figures(replies, [state] * 4, [[1] * n for n in (2, 3, 2, 1)])
    assert found == {"format": 0.75, "length": 2.0, "verdict_entropy": pytest.approx(0.918, abs=1e-3)}
    assert entropy([5]) == 0
    assert entropy([2, 2]) == 1


def test_figures_of_policies() -> None:
    step = "5 + 3 = 8 left 8 7"
    told = policy(attempts=(TriedStep(step, "dead", Author.CRITIC),)).model_dump_json()
    untold = policy().model_dump_json()
    found = figures([step, "5 * 3 = 15 left 15 7", step], [told, told, untold], [[1], [1], [1]])
    assert found["obeyed"] == 0.5
    assert found["format"] == pytest.approx(2 / 3)
    assert "verdict_entropy" not in found
    assert "obeyed" not in figures([step], [untold], [[1]])


def test_figures_of_thinkers_count_steps_tried_twice_from_the_same_numbers() -> None:
    way_back = "backtrack 0 not 5 + 3 dead left 7 5 3 make 22 "
    twice = ASTRAY + way_back + ASTRAY + way_back + RIGHT
    assert repeated(MENDED, "compact") == (0, 4)
    assert repeated(twice, "compact") == (2, 6)
    assert repeated("So.\nNo.\n\nSo.", "prose") == (1, 3)
    state = thinker().model_dump_json()
    assert figures([twice, RIGHT], [state] * 2, [[1], [1]])["repeated"] == 0.25
