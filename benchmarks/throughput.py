"""Count the debates that the bundled agents play per minute of CPU, compared with a plain batched `generate`.

    OMP_NUM_THREADS=1 python benchmarks/throughput.py --problems 200

Three ways run one after the other in this process: debates on the engine that jobs use (continuous batching, shared
prefixes); the same debates on the static engine (all waiting requests become one padded batch); and transformers'
`generate` alone, in full batches with one row for each call of the first job, where every prompt and every reply has
the mean length of that job. The last way is a bound that no debate can reach, because a turn needs the reply before it.
The time to load the models is not counted.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from longthought.agents.agent import Critic, Policy
from longthought.agents.catalogue import BUNDLED
from longthought.agents.dialects.compact import Compact
from longthought.agents.in_process.chat_model import InProcessChatModel
from longthought.domains.countdown import countdown_task
from longthought.graphs.debate import DebateContext
from longthought.graphs.seats import Seats
from longthought.jobs.generate import run_job
from longthought.jobs.preflight import expect_ready
from longthought.jobs.progress import Bill, Progress
from longthought.jobs.request import JobRequest
from longthought.problems.countdown import game
from longthought.tools.catalogue import verifiers
from longthought.trajectories.folder import RunFolder

NAME = "bundled:countdown"
Kind = Literal["continuous", "static"]


@dataclass(frozen=True)
class Row:
    """The figures of one way."""

    name: str
    debates: int
    solved: int
    written: int
    """Number of tokens written by the models."""
    read: int
    cpu: float
    wall: float

    def line(self) -> str:
        """Return the row for people to read."""
        debates = f"{60 * self.debates / self.cpu:,.0f}" if self.debates else "–"
        return (
            f"{self.name:<22}{self.debates or '–':>8}{self.solved or '–':>8}{debates:>12}{self.written:>10,}"
            f"{self.read:>10,}{self.written / self.cpu:>14,.0f}{self.cpu:>8.1f}{self.wall:>8.1f}"
        )


def seats(kind: Kind, tools: tuple[str, ...]) -> Seats:
    """Seat the bundled agents on an engine of one kind."""

    def model(role: str, temperature: float) -> InProcessChatModel:
        path = str(BUNDLED / "countdown" / role)
        return InProcessChatModel(model=NAME, path=path, temperature=temperature, max_tokens=64, kind=kind)

    policy = Policy(NAME, model("policy", 0.7), Compact())
    return Seats(policy, Critic(NAME, model("critic", 0.0), Compact()), verifiers(tools))


async def debate(kind: Kind, given: argparse.Namespace, out: Path) -> tuple[Row, Progress]:
    """Play the debates on one engine."""
    puzzles = game.generate(count=given.problems, split="test", seed=given.seed)
    tasks = [countdown_task(puzzle) for puzzle in puzzles]
    job, progress = JobRequest(context=DebateContext(), concurrency=given.concurrency), Progress()
    seated = seats(kind, tuple(job.context.used_tools))
    await expect_ready(seated, [task.problem for task in tasks])
    with RunFolder.create_or_resume(out, job.config()) as folder:
        cpu, wall = time.process_time(), time.perf_counter()
        async for _ in run_job(job, tasks, folder, seats=seated, progress=progress):
            pass
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    await seated.aclose()
    bills = (progress.policy, progress.critic)
    written, read = sum(bill.completion for bill in bills), sum(bill.prompt for bill in bills)
    return Row(f"debates, {kind}", progress.done, progress.solved, written, read, cpu, wall), progress


def plain(bills: Mapping[str, Bill], batch: int, seed: int) -> Row:
    """Let both models write the same number of tokens with `generate` alone."""
    dice, written, read = random.Random(seed), 0, 0
    work: list[Callable[[], Any]] = []
    for role, bill in bills.items():
        models: Any = AutoModelForCausalLM
        model = models.from_pretrained(BUNDLED / "countdown" / role, dtype=torch.float32).eval()
        prompt, reply = round(bill.prompt / bill.requests), max(1, round(bill.completion / bill.requests))
        for rows in _batches(bill.requests, batch):
            ids = [[dice.randrange(model.config.vocab_size) for _ in range(prompt)] for _ in range(rows)]
            work.append(_one_batch(model, torch.tensor(ids), reply))
            written, read = written + rows * reply, read + rows * prompt
    work[0]()
    cpu, wall = time.process_time(), time.perf_counter()
    for generate in work:
        generate()
    return Row("plain generate", 0, 0, written, read, time.process_time() - cpu, time.perf_counter() - wall)


def _batches(count: int, most: int) -> Iterator[int]:
    for begun in range(0, count, most):
        yield min(most, count - begun)


def _one_batch(model: Any, ids: Any, reply: int) -> Callable[[], Any]:
    settings: dict[str, Any] = {"do_sample": False, "min_new_tokens": reply, "max_new_tokens": reply, "pad_token_id": 0}
    return lambda: model.generate(ids, attention_mask=torch.ones_like(ids), **settings)


def main() -> None:
    """Measure and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    logging.disable_progress_bar()
    head = f"{'':<22}{'debates':>8}{'solved':>8}{'a CPU min':>12}{'written':>10}{'read':>10}{'written/CPU s':>14}"
    print(f"{head}{'CPU s':>8}{'wall s':>8}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        row, progress = asyncio.run(debate("continuous", given, Path(temporary) / "continuous"))
        print(row.line(), flush=True)
        print(asyncio.run(debate("static", given, Path(temporary) / "static"))[0].line(), flush=True)
    print(plain({"policy": progress.policy, "critic": progress.critic}, given.concurrency, given.seed).line())


if __name__ == "__main__":
    main()
