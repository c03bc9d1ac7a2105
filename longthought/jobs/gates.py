"""Gates before model servers: a limited number of requests in flight, those of the oldest debate first."""

import asyncio
import heapq
import itertools
from collections.abc import Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import Final

from longthought.agents.agent import Judge, Proposer, Reply, solver_of
from longthought.agents.dialects.dialect import Step
from longthought.agents.view import View
from longthought.errors import ModelError
from longthought.graphs.seats import Seats
from longthought.problems.worked import Worked
from longthought.trajectories.events import Verdict

AGE: Final[ContextVar[int]] = ContextVar("AGE", default=0)
"""The rank of the debate that a task plays, by age; the oldest has the smallest."""


class Gate:
    """Admits a limited number of requests at a time; the waiting request of the oldest debate is next."""

    def __init__(self, limit: int) -> None:
        """Admit at most `limit` requests at a time."""
        self._free = limit
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._tickets = itertools.count()

    async def __aenter__(self) -> None:
        """Wait for admission."""
        if self._free and not self._waiting:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (AGE.get(), next(self._tickets), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # admitted and cancelled at the same time
                self._leave()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Admit the next request."""
        self._leave()

    def _leave(self) -> None:
        while self._waiting:
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class GatedPolicy:
    """A policy whose requests pass a gate."""

    def __init__(self, policy: Proposer, gate: Gate) -> None:
        """Put a gate before a policy."""
        self.name, self.unsuitable, self.aclose = policy.name, policy.unsuitable, policy.aclose
        self._policy, self._gate = policy, gate

    async def propose(self, view: View) -> Reply[Step]:
        """Give the next step, once admitted."""
        async with self._gate:
            return await self._policy.propose(view)

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Give several next steps, once admitted."""
        async with self._gate:
            return await self._policy.propose_many(view, count)

    @property
    def solves(self) -> bool:
        """Whether the policy can write a solution whole."""
        return solver_of(self._policy) is not None

    async def solve(self, view: View, count: int, examples: Sequence[Worked] = ()) -> Sequence[Reply[Step]]:
        """Write several whole solutions, once admitted.

        Raises:
            ModelError: if the policy knows only steps.

        """
        solver = solver_of(self._policy)
        if solver is None:
            raise ModelError(f"{self.name}: it knows only steps, not whole solutions")
        async with self._gate:
            return await solver.solve(view, count, examples)

    async def reflect(self, view: View) -> Reply[str]:
        """Re-examine the candidate, once admitted."""
        async with self._gate:
            return await self._policy.reflect(view)


class GatedCritic:
    """A critic whose requests pass a gate."""

    def __init__(self, critic: Judge, gate: Gate) -> None:
        """Put a gate before a critic."""
        self.name, self.unsuitable, self.aclose = critic.name, critic.unsuitable, critic.aclose
        self._critic, self._gate = critic, gate

    async def judge(self, view: View) -> Reply[Verdict]:
        """Judge the candidate, once admitted."""
        async with self._gate:
            return await self._critic.judge(view)


def gated(seats: Seats, limit: int | None, *, shared: bool) -> Seats:
    """Put a gate before each agent, or one before both if they share a server."""
    if limit is None:
        return seats
    gate = Gate(limit)
    policy = GatedPolicy(seats.policy, gate)
    return Seats(policy, GatedCritic(seats.critic, gate if shared else Gate(limit)), seats.verifiers)
