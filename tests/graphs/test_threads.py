"""Debates in threads: a debate goes on from the last turn that was kept, in SQLite and in PostgreSQL."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.errors import ConfigError, LogError
from longthought.graphs.threads import Thread
from longthought.trajectories.events import AnyEvent, Proposed
from tests.fakes import sums
from tests.fakes.scripted import ScriptedChatModel

PUZZLE = "Use 3, 7, 16 and 20, each once, to make 46."
KILLED = """
import os, signal, sys
import longthought as lt

def kill(event):
    if event.seq == 6:
        os.kill(os.getpid(), signal.SIGKILL)

lt.solve(sys.argv[1], thread=sys.argv[2], on_event=kill)
"""


def agents() -> dict[str, Any]:
    policy = ScriptedChatModel(lambda messages: sums.policy_says(str(messages[-1].content)))
    critic = ScriptedChatModel(lambda messages: sums.critic_says(str(messages[-1].content)))
    return {"policy": Policy("fake:policy", policy, Prose()), "critic": Critic("fake:critic", critic, Prose())}


def kill_and_resume(thread: str) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, PUZZLE, thread], capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    seen: list[AnyEvent] = []
    debate = lt.solve(PUZZLE, thread=thread, on_event=seen.append)
    assert [event.seq for event in seen] == list(range(len(seen)))
    assert tuple(seen) == debate.events
    assert debate.finished
    again = lt.solve(PUZZLE, thread=thread)
    assert again.events[:-1] == debate.events[:-1]  # all but the grade, which is given anew


def test_a_debate_goes_on_after_it_was_killed(tmp_path: Path) -> None:
    kill_and_resume(f"{tmp_path}/threads.sqlite#one")


@pytest.mark.postgres
def test_a_debate_in_postgres_goes_on_after_it_was_killed() -> None:
    kill_and_resume(f"{os.environ['LONGTHOUGHT_POSTGRES']}#{os.getpid()}")


def test_threads_in_one_file_are_apart_and_a_new_problem_begins_anew(tmp_path: Path) -> None:
    store = f"{tmp_path}/new/threads.sqlite"
    one = lt.solve("What is 2 + 1000?", thread=f"{store}#one", **agents())
    other = lt.solve("What is 2 + 1000?", thread=f"{store}#other", **agents())
    assert one.answer == other.answer == "1002"
    assert one.events != other.events
    third = lt.solve("What is 4 + 1000?", thread=f"{store}#one", **agents())
    assert third.answer == "1004"
    assert third.problem.statement == "What is 4 + 1000?"


def test_a_thread_gives_the_same_debate_as_no_thread(tmp_path: Path) -> None:
    kept, plain = lt.solve(PUZZLE, thread=f"{tmp_path}/t#x", seed=3), lt.solve(PUZZLE, seed=3)
    assert [e.text for e in kept.events if isinstance(e, Proposed)] == [
        e.text for e in plain.events if isinstance(e, Proposed)
    ]


def test_how_a_thread_is_written(tmp_path: Path) -> None:
    assert Thread.of("a") == ("threads.sqlite", "a")
    assert Thread.of("runs/t.sqlite#a b") == ("runs/t.sqlite", "a b")
    assert Thread.of("postgresql://u@h/d#a").in_postgres
    with pytest.raises(ConfigError, match="FILE#NAME"):
        Thread.of("t.sqlite#")
    (tmp_path / "text").write_text("no database, but a text that is long enough to be seen as one")
    with pytest.raises(LogError, match="text can't be used"):
        lt.solve("What is 2 + 1000?", thread=f"{tmp_path}/text#x", **agents())
