"""Choose the debates that training data is made of, by their outcome, backtracks and agreement."""

from collections.abc import Mapping

from longthought.training.data.annotated import agrees
from longthought.training.data.request import ExportRequest
from longthought.trajectories.events import Judged
from longthought.trajectories.trajectory import Trajectory


def objection(request: ExportRequest, trajectory: Trajectory, lives: Mapping[int, bool]) -> str | None:
    """Say why a debate is left out of an export; None if it is not."""
    if request.outcome is not None and trajectory.solved is not (request.outcome == "solved"):
        return f"not {request.outcome}"
    if request.backtracks is not None:
        low, high = request.backtracks
        if trajectory.backtracks < low or (high is not None and trajectory.backtracks > high):
            return "with too few or too many backtracks"
    if request.agreement is not None and agreement(trajectory, lives) < request.agreement:
        return "whose critic disagrees with the outcome"
    return None


def agreement(trajectory: Trajectory, lives: Mapping[int, bool]) -> float:
    """Return the share of verdicts that fit where their steps lead, as far as that is known; 1 if none is known."""
    known = [e for e in trajectory.events if isinstance(e, Judged) and e.node in lives]
    if not known:
        return 1.0
    return sum(agrees(event.verdict, lives[event.node]) for event in known) / len(known)
