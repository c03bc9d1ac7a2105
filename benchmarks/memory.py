"""Stream many problems through a job and measure its resident memory.

    python benchmarks/memory.py --problems 100000 --from 5000

The problems come from a file and scripted agents answer at once, so that only the job itself is measured: agenda, graph
and log. The exit code is 1 if memory grew by more than --most MB after the first --from debates.
"""

import argparse
import gc
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import longthought as lt
from longthought.agents.agent import Reply
from longthought.agents.dialects.dialect import Step
from longthought.agents.view import View
from longthought.domains.loader import write
from longthought.problems.problem import AnswerReference, Problem, Task
from longthought.trajectories.events import Action, Call, Usage, Verdict

SIZE = resource.getpagesize()


class Adder:
    """Takes both seats: it proposes a step and then the answer, and accepts both."""

    name = "scripted:adder"

    def unsuitable(self, view: View) -> str | None:
        """Accept every problem."""
        return None

    async def propose(self, view: View) -> Reply[Step]:
        """Propose a step, or the answer if there is a step."""
        number = view.problem.statement.split()[2]
        answer = str(int(number) + 1000) if view.path else None
        step = Step(f"So it is {answer}." if answer else f"I add the thousand to {number}.", answer)
        return Reply(step, (Call(model=self.name, text=step.text, usage=Usage(prompt=100, completion=10)),))

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Propose the same step `count` times."""
        return [await self.propose(view)] * count

    async def reflect(self, view: View) -> Reply[str]:
        """Fail: these debates hold no reflection."""
        raise NotImplementedError

    async def judge(self, view: View) -> Reply[Verdict]:
        """Accept."""
        verdict = Verdict(action=Action.TERMINATE if view.path else Action.CONTINUE, score=0.9, critique="fine")
        return Reply(verdict, (Call(model=self.name, text="fine", usage=Usage(prompt=120, completion=5)),))

    async def aclose(self) -> None:
        """Do nothing: there is no connection to close."""


def resident() -> float:
    """Return the resident memory of this process in MB."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * SIZE / 1e6


def task(number: int) -> Task:
    """Return the problem of that number with its answer."""
    problem = Problem(id=f"sum-{number}", statement=f"What is {number} + 1000 ?")
    return Task(problem=problem, reference=AnswerReference(answer=str(number + 1000)))


def main() -> None:
    """Play the debates and print the memory along the way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=100_000)
    parser.add_argument(
        "--from", dest="first", type=int, default=5_000, help="number of debates before the growth counts"
    )
    parser.add_argument("--most", type=float, default=50.0, help="maximum growth of memory in MB")
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--out", type=Path, help="empty folder to work in (default: a temporary one)")
    given = parser.parse_args()

    folder = given.out or Path(tempfile.mkdtemp(prefix="longthought-memory-"))
    folder.mkdir(parents=True, exist_ok=True)
    problems = folder / "problems.jsonl"
    write((task(number) for number in range(given.problems)), problems)
    began, base, most = time.process_time(), 0.0, 0.0
    job = lt.generate(
        problems, out=folder / "run", concurrency=given.concurrency, tools=[], policy=Adder(), critic=Adder()
    )
    for number, _ in enumerate(job, 1):
        if number % given.first == 0:
            now = resident()
            base, most = base or now, max(most, now)
            cpu = (time.process_time() - began) / number * 1e3
            print(f"{number:>8} debates  {now:7.1f} MB  {cpu:.2f} ms of CPU per debate", flush=True)
    print(f"\n{given.problems} problems: {most - base:+.1f} MB from debate {given.first} on")
    print(f"run folder: {folder / 'run'}")
    sys.exit(most - base > given.most)


if __name__ == "__main__":
    main()
