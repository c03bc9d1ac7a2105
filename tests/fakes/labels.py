"""Labels made up for tests, and a debate with a step that a tool refuted."""

from longthought.labels.label import Label, Method
from longthought.trajectories.events import Author, Checked, Evidence, EvidenceStatus, Finished, Proposed, StopReason
from longthought.trajectories.trajectory import Trajectory
from tests.fakes.logs import Log


def guess(node: int, method: Method, live: bool | None, **more: object) -> Label:
    return Label.model_validate({"trajectory": "p#0", "node": node, "method": method, "live": live, **more})


def with_a_refuted_step() -> Trajectory:
    """Return a failed debate whose first step miscalculates, and whose answer below that is right."""
    log = Log("What is 7 * 6?")
    wrong = Evidence(tool="algebra", status=EvidenceStatus.REFUTED, claim="7 * 3 = 20")
    log.add(Proposed, Author.POLICY, node=1, parent=0, text="twice 7 * 3")
    log.add(Proposed, Author.POLICY, node=2, parent=1, text="7 * 3 = 20")
    log.add(Checked, Author.TOOL, node=2, evidence=(wrong,))
    log.add(Proposed, Author.POLICY, node=3, parent=2, text="on", answer=None)
    log.add(Proposed, Author.POLICY, node=4, parent=3, text="so 42", answer="42")
    log.add(Finished, Author.STRATEGY, reason=StopReason.BACKTRACKS)
    return Trajectory(log.name, log)
