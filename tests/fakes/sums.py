"""A small debate that always goes the same way: sums, a policy that guesses first, and a critic that sees it.

As scripted lines for a fake model, and as the replies of a fake server.
"""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from aiohttp import web

from longthought.domains.loader import write
from longthought.problems.problem import AnswerReference, Problem, Task
from tests.fakes.server import Act, FakeServer, completion

ROUNDS = 3
"""A guess that is rejected, a step, the answer."""
REQUESTS = 2 * ROUNDS


def task(number: int, name: str | None = None) -> Task:
    """Return one problem; every tenth is answered wrongly."""
    problem = Problem(id=name or f"sum-{number}", statement=f"What is {number} + 1000?")
    return Task(problem=problem, reference=AnswerReference(answer=str(number + 1000)))


def tasks(count: int) -> list[Task]:
    """Return problems `sum-0`, `sum-1`, …."""
    return [task(number) for number in range(count)]


def file(path: Path, count: int) -> Path:
    """Write problems as JSONL."""
    write(tasks(count), path)
    return path


def number_in(prompt: str) -> int:
    """Return which problem a prompt is about."""
    found = re.search(r"What is (\d+) \+ 1000\?", prompt)
    assert found
    return int(found[1])


def policy_says(prompt: str) -> str:
    """Guess, then take a step, then answer."""
    number = number_in(prompt)
    if "Step " in prompt:
        return rf"So it is \boxed{{{number + 1000 + (number % 10 == 9)}}}."
    return f"I add the thousand to {number}." if "Tried from here" in prompt else "I guess."


def critic_says(prompt: str) -> str:
    """Reject the guess and take the rest."""
    action = "backtrack" if "I guess." in prompt.rpartition("\n\nStep ")[2] else "continue"
    if "gives the final answer:" in prompt:
        action = "terminate"
    return json.dumps({"critique": "so I say", "action": action, "target": None, "score": 0.5})


def debates(delay: float = 0.0) -> Act:
    """Answer policy and critic so, after some seconds."""

    async def act(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(delay)
        prompt = payload["messages"][-1]["content"]
        return web.json_response(
            completion(critic_says(prompt) if "response_format" in payload else policy_says(prompt))
        )

    return act
