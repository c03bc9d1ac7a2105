"""The debate as an environment of TRL's GRPOTrainer: the model proposes steps by a tool call, against a frozen critic.

    factory = DebateFactory(critic="openai:NAME", base_url="http://localhost:8000/v1")
    GRPOTrainer(model, train_dataset=Dataset.from_list(rows("train.jsonl")), environment_factory=factory, …)

TRL makes one environment for each rollout, masks what a tool returns, and asks `get_reward` at the end. The model must
have a chat template with tools. See `longthought.training.reinforcement.grpo` for single turns, which need none.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from longthought.agents import catalogue
from longthought.agents.agent import Judge, Reply
from longthought.agents.dialects.dialect import Step, Unreadable
from longthought.agents.dialects.prose import Prose
from longthought.agents.dialects.writing import statement
from longthought.agents.view import View
from longthought.api import context_of, seated
from longthought.domains.grade import reference_of
from longthought.domains.loader import load
from longthought.graphs.catalogue import machine
from longthought.graphs.context import started
from longthought.graphs.play import play
from longthought.jobs.grading import graded
from longthought.problems.problem import Task
from longthought.trajectories.events import AnyEvent, Cause, Failed, Finished, Moved
from longthought.trajectories.trajectory import Trajectory

ASKED: Final = "Solve this problem step by step. Propose each step with the tool `propose`; a critic judges it.\n\n"
ENDED: Final = "The debate has ended."
ACCEPTED: Final = "Accepted. Propose the next step."
REJECTED: Final = "Rejected by the {by}: {reason}. Propose another step after {to}."


def rows(problems: str | Path) -> list[dict[str, Any]]:
    """Return a data set for `GRPOTrainer`: a prompt for each problem of a file that can be graded."""
    found: list[dict[str, Any]] = []
    for task in load(problems):
        reference = task.reference or reference_of(task.problem, None)
        if reference is not None:
            written = Task(problem=task.problem, reference=reference).model_dump_json()
            found.append({"prompt": [{"role": "user", "content": ASKED + statement(task.problem)}], "task": written})
    return found


@dataclass(frozen=True)
class DebateFactory:
    """Makes environments; it can be pickled, as TRL's asynchronous trainer needs."""

    critic: str = "tools"
    """The frozen critic, as provider:model; by default the tools judge alone."""
    base_url: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Settings of the debate by name: rounds, tools, reflections, …"""

    def __call__(self) -> "DebateEnvironment":
        """Make an environment."""
        return DebateEnvironment(catalogue.critic(self.critic, base_url=self.base_url), self.settings)


class DebateEnvironment:
    """One debate at a time, in which a model proposes steps by calling a tool."""

    def __init__(self, critic: Judge, settings: Mapping[str, Any]) -> None:
        """Seat the critic."""
        self._critic, self._settings = critic, {"reflections": 0, **settings}
        self._task: Task | None = None
        self._policy = _Proposals()
        self._playing: asyncio.Task[Trajectory] | None = None
        self._events: list[AnyEvent] = []

    def reset(self, task: str, **_: Any) -> None:
        """Begin a debate on the problem of a row."""
        self._task, self._policy = Task.model_validate_json(task), _Proposals()
        self._playing, self._events = None, []

    async def propose(self, step: str) -> str:
        """Propose the next step of the solution; the critic judges it.

        Args:
            step: The step: one idea with its computation, and the final answer if it settles the problem.

        Returns:
            Whether the step was accepted, or why it was rejected.

        """
        if self._playing is None:
            self._playing = asyncio.create_task(self._play())
        if self._playing.done():
            return ENDED
        seen = len(self._events)
        await self._policy.hand_in(step, self._playing)
        return _told(self._events[seen:])

    async def get_reward(self) -> float:
        """Return 1 if the debate ended with the right answer, else 0; what was not proposed by now is too late."""
        if self._playing is None or not self._playing.done():
            if self._playing is not None:
                self._playing.cancel()
            return 0.0
        return float((await self._playing).solved is True)

    async def _play(self) -> Trajectory:
        assert self._task is not None
        context = context_of("debate", self._policy, self._critic, None, self._settings)  # type: ignore[arg-type]
        seats = seated(context, self._policy, self._critic)  # type: ignore[arg-type]
        opening = [started(self._task.problem, context)]
        ended = await play(machine("debate")(seats), opening, self._events.extend, settings=context)
        return await graded(ended, self._task.reference, self._events.extend)


class _Proposals:
    """A policy whose steps are handed in from outside, one at a time."""

    name = "trained"

    def __init__(self) -> None:
        self._dialect = Prose()
        self._waiting = asyncio.Event()
        self._steps: asyncio.Queue[str] = asyncio.Queue()

    async def hand_in(self, step: str, playing: asyncio.Task[Any]) -> None:
        """Give the step that is waited for, and return once the next is, or the debate has ended."""
        self._waiting.clear()
        self._steps.put_nowait(step)
        next_one = asyncio.create_task(self._waiting.wait())
        await asyncio.wait((next_one, playing), return_when=asyncio.FIRST_COMPLETED)
        next_one.cancel()

    def unsuitable(self, view: View) -> str | None:
        """Accept every problem."""
        return None

    async def propose(self, view: View) -> Reply[Step]:
        """Wait for the next step."""
        if self._steps.empty():
            self._waiting.set()
        return Reply(self._dialect.read_one(await self._steps.get(), view), ())

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Wait for one step."""
        return [await self.propose(view)]

    async def reflect(self, view: View) -> Reply[str]:
        """Refuse: nobody may ask for a reflection here."""
        return Reply(Unreadable("a step that is proposed by a tool call can't be explained"), ())

    async def aclose(self) -> None:
        """Release nothing."""


def _told(events: Sequence[AnyEvent]) -> str:
    """Say what became of a step."""
    for event in reversed(events):
        match event:
            case Finished():
                return ENDED
            case Moved(cause=Cause.ACCEPTED):
                return ACCEPTED
            case Moved():
                place = f"step {event.to}" if event.to else "the problem"
                return REJECTED.format(
                    by=event.by.value, reason=event.reason.strip().rstrip(".") or "no reason was given", to=place
                )
            case Failed():
                return f"{event.detail}. Propose another step."
            case _:
                pass
    return ACCEPTED
