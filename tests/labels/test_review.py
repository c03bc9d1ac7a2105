from pathlib import Path

import pytest

from longthought.labels.label import LabelBook, LabelWriter, Method
from longthought.labels.review import by_hand, doubtful
from longthought.trajectories.run import Run
from tests.fakes.labels import guess


def test_doubtful_labels_come_up_until_a_person_has_settled_them(run: Path) -> None:
    with LabelWriter(run) as writer:
        for debate in Run(run).trajectories():
            unsure = {"trajectory": debate.id, "doubtful": True}
            writer.append(guess(n.id, Method.MODEL, True).model_copy(update=unsure) for n in debate.steps)
    waiting = list(doubtful(Run(run), LabelBook(run)))
    assert waiting
    assert all(one.doubtful for one in waiting)
    with LabelWriter(run) as writer:
        writer.append([waiting[0].model_copy(update={"method": Method.HUMAN, "live": True, "doubtful": False})])
    assert list(doubtful(Run(run), LabelBook(run))) == waiting[1:]
    assert len(list(doubtful(Run(run), LabelBook(run), everything=True))) > len(waiting)


def test_a_label_of_a_step_that_the_debate_lacks_is_not_put_before_a_person(run: Path) -> None:
    stray = guess(99, Method.MODEL, True, doubtful=True).model_copy(update={"trajectory": Run(run).ids()[0]})
    with LabelWriter(run) as writer:
        writer.append([stray])
    assert not [one for all_ in (False, True) for one in doubtful(Run(run), LabelBook(run), everything=all_)]


def test_a_person_keeps_the_reason_that_they_agree_with() -> None:
    suggested = guess(1, Method.MODEL, True).model_copy(update={"reason": "20 + 16 can still make 46"})
    assert by_hand("p#0", 1, True, suggested).reason == "20 + 16 can still make 46"
    assert by_hand("p#0", 1, False, suggested).reason == ""
    assert by_hand("p#0", 1, True, suggested, reason="I checked").reason == "I checked"
    taken_back = by_hand("p#0", 1, True, suggested, withdrawn=True)
    assert (taken_back.withdrawn, taken_back.live, taken_back.reason) == (True, None, "")


@pytest.mark.parametrize("error", [KeyError("getpwuid(): uid not found: 4321"), OSError("No username set")])
def test_a_person_whose_account_has_no_name_can_label(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise error

    monkeypatch.setattr("getpass.getuser", nameless)
    assert by_hand("p#0", 1, True, None).by == "someone"


def test_what_is_least_certain_comes_first_and_a_sure_no_is_certain(run: Path) -> None:
    debate = Run(run).trajectory(Run(run).ids()[0])
    values = dict(zip((node.id for node in debate.steps), (0.0, 0.55, None, 1.0), strict=False))
    with LabelWriter(run) as writer:
        writer.append(
            guess(node, Method.MODEL, None).model_copy(update={"trajectory": debate.id, "value": value})
            for node, value in values.items()
        )
    first = [one.value for one in doubtful(Run(run), LabelBook(run), everything=True) if one.trajectory == debate.id]
    assert first == [None, 0.55, 0.0, 1.0][: len(first)]
    assert len(first) > 2
