"""Debates in threads: LangGraph keeps each turn in SQLite or PostgreSQL, and a debate goes on from the last one kept.

A thread is written `NAME`, `FILE#NAME` or `postgresql://USER@HOST/DATABASE#NAME`; a bare name is one in
`threads.sqlite` in the working folder. Jobs keep run folders instead, which cost less: here each turn rewrites the log.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver

from longthought.errors import ConfigError, LogError
from longthought.extras import expect_installed
from longthought.graphs.context import Context
from longthought.graphs.debate_span import debate_span
from longthought.graphs.machine import NO_LIMIT, Machine, Observer
from longthought.trajectories.events import EVENT, AnyEvent, Started
from longthought.trajectories.trajectory import Trajectory

FILE: Final = "threads.sqlite"
"""The file that holds threads whose place isn't named."""


class Thread(NamedTuple):
    """Where a debate is kept, turn by turn."""

    store: str
    """A file, or the URL of a PostgreSQL database."""
    name: str

    @classmethod
    def of(cls, written: str) -> "Thread":
        """Read a thread as it is written.

        Raises:
            ConfigError: if it has no name, or the package of its store isn't installed.

        """
        store, _, name = written.rpartition("#")
        if not name.strip():
            raise ConfigError(f"`thread` must be NAME, FILE#NAME or postgresql://…#NAME, got {written!r}")
        thread = cls(store or FILE, name)
        if thread.in_postgres:
            expect_installed(
                ("psycopg", "langgraph.checkpoint.postgres"), "postgres", f"`thread` {written}", ConfigError
            )
        else:
            expect_installed(
                ("aiosqlite", "langgraph.checkpoint.sqlite"), "threads", f"`thread` {written}", ConfigError
            )
        return thread

    @property
    def in_postgres(self) -> bool:
        """Whether the store is a PostgreSQL database."""
        return self.store.startswith(("postgres://", "postgresql://"))

    @property
    def exists(self) -> bool:
        """Whether the store may hold the thread: its file is there."""
        return self.in_postgres or Path(self.store).exists()


async def play_in_thread(
    machine: Machine[Any, Any], first: Started, thread: Thread, observe: Observer, settings: Context
) -> Trajectory:
    """Play a debate in a thread, or go on with the one on the same problem that the thread holds, and return it.

    Args:
        machine: The graph of the debate.
        first: The first event of a new debate.
        thread: The thread.
        observe: Called with all new events; with those that the thread held first.
        settings: The context of the graph.

    Raises:
        OutageError: if a server fails every request; the debate goes on at the next call.
        LogError: if the store can't be opened.

    """
    config: RunnableConfig = {**NO_LIMIT, "configurable": {"thread_id": thread.name}}
    async with _opened(thread) as store:
        graph: Any = machine.compile()
        graph.checkpointer = store
        events = _events((await graph.aget_state(config)).values.get("events", []))
        typed = None
        if not (events and isinstance(events[0], Started) and events[0].problem == first.problem):
            events, typed = [first], {"events": [first.model_dump(mode="json")]}
        observe(tuple(events))
        with debate_span(first, lambda: events):
            running = graph.astream(typed, config, context=settings, stream_mode="updates", durability="sync")
            async for update in running:
                more = [event for written in update.values() for event in _events(_written(written))]
                observe(more)
                events += more
    return Trajectory(events[0].trajectory, tuple(events))


async def held(thread: Thread) -> list[dict[str, Any]]:
    """Return the events that a thread holds, as JSON objects; none if there is no such thread.

    Raises:
        LogError: if the store can't be opened.

    """
    if not thread.exists:
        return []
    async with _opened(thread) as store:
        kept = await store.aget_tuple({"configurable": {"thread_id": thread.name}})
    return kept.checkpoint["channel_values"].get("events", []) if kept else []


def _written(update: Any) -> list[dict[str, Any]]:
    """Return the events in what a node wrote, which may be nothing."""
    return update.get("events", []) if update else []


def _events(dumped: Sequence[dict[str, Any]]) -> list[AnyEvent]:
    return [EVENT.validate_python(event) for event in dumped]


@asynccontextmanager
async def _opened(thread: Thread) -> AsyncGenerator[BaseCheckpointSaver[Any]]:
    """Open a store, with its tables made."""
    if thread.in_postgres:
        from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
        from psycopg import OperationalError

        try:
            async with AsyncPostgresSaver.from_conn_string(thread.store) as store:
                await store.setup()
                yield store
        except OperationalError as error:
            raise LogError(f"`thread`: PostgreSQL can't be used ({str(error).strip()})") from error
        return
    from sqlite3 import DatabaseError

    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    try:
        Path(thread.store).parent.mkdir(parents=True, exist_ok=True)
        async with AsyncSqliteSaver.from_conn_string(thread.store) as store:
            await store.setup()
            yield store
    except (DatabaseError, OSError) as error:
        raise LogError(f"`thread`: {thread.store} can't be used ({error}); name another file") from error
