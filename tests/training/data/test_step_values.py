"""Targets of values along debates written by hand."""

import pytest

from longthought.labels.outcomes import lives
from longthought.training.data.annotated import AnnotatedDebate
from longthought.training.data.rows import RowOrigin
from longthought.training.data.scorer_rows import td_targets
from longthought.trajectories.events import (
    Action,
    Author,
    Cause,
    Finished,
    Graded,
    Moved,
    Proposed,
    Reflected,
    StopReason,
)
from longthought.trajectories.trajectory import Trajectory
from tests.fakes.logs import Log


@pytest.mark.parametrize("reflected", [False, True])
def test_a_reflection_on_an_answer_hides_no_outcome(*, reflected: bool) -> None:
    log = Log("What is 2 * 3 + 4?")
    log.add(Proposed, Author.POLICY, node=1, parent=0, text="2 * 3 = 6")
    log.judge(1, Action.CONTINUE, 0.8)
    log.add(Moved, Author.CRITIC, to=1, cause=Cause.ACCEPTED, accepted=(1,))
    log.add(Proposed, Author.POLICY, node=2, parent=1, text="6 + 4 = 10", answer="10")
    if reflected:
        log.judge(2, Action.REFLECT, 0.4)
        log.add(Moved, Author.CRITIC, to=1, cause=Cause.DOUBTED, doubted=(2,))
        log.add(Reflected, Author.POLICY, node=3, parent=2, text="It is right.")
    log.judge(2, Action.TERMINATE, 0.9)
    log.add(Moved, Author.CRITIC, to=2, cause=Cause.ACCEPTED, accepted=(2,))
    log.add(Finished, Author.CRITIC, reason=StopReason.ANSWERED, node=2, answer="10")
    log.add(Graded, Author.GRADER, solved=True)
    debate = Trajectory(log.name, log)
    targets = td_targets(AnnotatedDebate(debate, {}, RowOrigin("", "", debate.id, 0), lives(debate, {})))
    assert targets == {1: pytest.approx(0.1 * 0.9 + 0.9 * 1.0), 2: 1.0}
