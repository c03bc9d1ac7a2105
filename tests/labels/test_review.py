from pathlib import Path

from longthought.labels.label import LabelBook, LabelWriter, Method
from longthought.labels.review import doubtful
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
