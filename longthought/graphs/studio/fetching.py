"""The debates of a thread, read from where the thread is kept: a LangGraph server, SQLite or PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import aiohttp
from pydantic import ValidationError

from longthought.errors import ConfigError, EndpointError
from longthought.trajectories.events import EVENT, AnyEvent
from longthought.trajectories.trajectory import Trajectory

_MOST: Final = 1_000
"""Maximum number of turns of a thread that are looked at."""
_SECONDS: Final = 30


async def from_server(url: str, thread: str) -> list[Trajectory]:
    """Return the debates that a thread on a LangGraph server has come to: the end of each fork, oldest first.

    Where it stands now is among them, though it may not be an end.

    Raises:
        EndpointError: if the server can't be reached or misbehaves.
        ConfigError: if there is no such thread, or it holds no debate.

    """
    address = f"{url.rstrip('/')}/threads/{thread}/history"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as session,
            session.post(address, json={"limit": _MOST}) as reply,
        ):
            if reply.status in (404, 422):
                raise ConfigError(
                    f"the server at {url} has no thread {thread!r}; Studio shows its name above the thread"
                )
            reply.raise_for_status()
            history: Any = await reply.json()
    except (TimeoutError, aiohttp.ClientError) as error:
        raise EndpointError(
            f"{url}: the LangGraph server can't be asked ({error or 'no reply'}); start it with make studio"
        ) from error
    ends = [state for number, state in enumerate(history) if number == 0 or not state["next"]]
    return debates([state["values"].get("events") or [] for state in reversed(ends)], f"thread {thread!r}")


def debates(logs: Sequence[Sequence[Mapping[str, Any]]], named: str) -> list[Trajectory]:
    """Return logs as debates, each once, and without those that another one goes on from.

    Raises:
        ConfigError: if there is none, or one can't be read.

    """
    try:
        read = [tuple(EVENT.validate_python(event) for event in log) for log in logs if log]
    except ValidationError as error:
        raise ConfigError(f"{named} holds no debates of longthought: {error.errors()[0]['msg']}") from error
    whole = [log for n, log in enumerate(read) if not any(_goes_on(other, log) for other in read[n + 1 :])]
    whole = [log for n, log in enumerate(whole) if not any(_goes_on(other, log) for other in whole[:n])]
    if not whole:
        raise ConfigError(f"{named} holds no debate yet")
    return [Trajectory(log[0].trajectory, log) for log in whole]


def _goes_on(log: Sequence[AnyEvent], earlier: Sequence[AnyEvent]) -> bool:
    """Say whether a log begins with another one, or is the same."""
    return len(log) >= len(earlier) and all(a == b for a, b in zip(log, earlier, strict=False))


async def from_store(thread: str) -> list[Trajectory]:
    """Return the debate of a thread that `lt.solve(…, thread=…)` keeps.

    Raises:
        ConfigError: if the thread holds no debate.
        LogError: if the store can't be opened.

    """
    from longthought.graphs.threads import Thread, held

    log = await held(Thread.of(thread))
    return debates([log], f"thread {thread!r}")
