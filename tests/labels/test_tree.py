from longthought.labels.tree import tree_labels
from longthought.problems.problem import AnswerReference
from longthought.trajectories.events import Author, Cause, Finished, Graded, Moved, Proposed, StopReason
from longthought.trajectories.trajectory import Trajectory
from tests.fakes.logs import Log


async def test_tree_labels_grade_every_answer_in_the_tree() -> None:
    log = Log("What is 7 * 6?")
    for node, parent, text, answer in ((1, 0, "a", None), (2, 1, "b", "42"), (3, 1, "c", "41"), (4, 0, "d", "40")):
        log.add(Proposed, Author.POLICY, node=node, parent=parent, text=text, answer=answer)
    log.add(Proposed, Author.POLICY, node=5, parent=0, text="open")
    log.add(Moved, Author.STRATEGY, to=3, cause=Cause.SELECTED, accepted=(1, 3))
    log.add(Finished, Author.STRATEGY, reason=StopReason.ANSWERED, node=3, answer="41")
    log.add(Graded, Author.GRADER, solved=False)
    debate = Trajectory(log.name, log)
    found = {label.node: label for label in await tree_labels(debate, AnswerReference(answer="42"))}
    assert {n: (x.live, x.value, x.trials, x.doubtful) for n, x in found.items()} == {
        1: (True, 0.5, 2, False), 2: (True, 1.0, 1, False), 3: (False, 0.0, 1, False), 4: (False, 0.0, 1, False)
    }  # fmt: skip
    without = {label.node: label.live for label in await tree_labels(debate, None)}
    assert without == {1: False, 3: False}  # the debate's own grade is all there is
