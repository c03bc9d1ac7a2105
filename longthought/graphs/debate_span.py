"""The span of a debate, and what its log records carry: by OpenTelemetry's conventions, a workflow of two agents."""

import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from longthought.telemetry.fields import fields
from longthought.telemetry.observation import OFF, Observation, observed
from longthought.trajectories.events import AnyEvent, Failed, Finished, Started, StopReason
from longthought.trajectories.trajectory import Trajectory

log = logging.getLogger(__name__)


@contextmanager
def debate_span(first: Started, events: Callable[[], Sequence[AnyEvent]]) -> Generator[None]:
    """Observe a debate, from its first event or from where it goes on, until the context is left.

    Args:
        first: The first event of the debate.
        events: Returns the events of the debate so far.

    """
    graph = str(first.config.get("graph", "debate"))
    attributes = {
        "gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": graph,
        "gen_ai.conversation.id": first.trajectory, "longthought.problem.id": first.problem.id,
    }  # fmt: skip
    inputs = {"statement": first.problem.statement}
    with (
        fields(trajectory=first.trajectory, problem=first.problem.id),
        observed(f"invoke_workflow {graph}", attributes, run="chain", inputs=inputs) as seen,
    ):
        yield
        if seen is not OFF or log.isEnabledFor(logging.INFO):
            _tell(seen, events())


def _tell(seen: Observation, events: Sequence[AnyEvent]) -> None:
    """Add how a debate ended to its observation, and log it."""
    last = events[-1]
    if not isinstance(last, Finished):  # a person was asked, and has not replied
        return
    debate = Trajectory(last.trajectory, tuple(events))
    failure = next((event for event in reversed(debate.standing) if isinstance(event, Failed) and event.fatal), None)
    seen.output({"answer": debate.answer, "stop_reason": last.reason.value})
    seen.add({"longthought.stop_reason": last.reason.value, "longthought.rounds": debate.rounds})
    facts = {"stop_reason": last.reason.value, "rounds": debate.rounds, "tokens": debate.usage.total.total}
    if last.reason is StopReason.FAILED and failure is not None:
        seen.fail(failure.failure.value, failure.detail)
        log.info("the debate %s failed: %s", debate.id, failure.detail, extra={**facts, "error": failure.failure.value})
    else:
        log.info("the debate %s ended: %s", debate.id, last.reason, extra=facts)
