"""Stream many problems through a job and watch its resident memory.

    python benchmarks/memory.py --problems 100000 --from 5000

The problems come from a file, the agents answer at once from a script, so that nothing but the job itself is measured:
agenda, graph, dialects, log. It ends with 1 if memory grew by more than --most MB after the first --from debates.
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
    """A policy and a critic of few words: a step, then the answer, both accepted."""

    name = "scripted:adder"

    def unsuitable(self, view: View) -> str | None:
        """Take everything on."""
        return None

    async def propose(self, view: View) -> Reply[Step]:
        """Take a step, then answer."""
        number = view.problem.statement.split()[2]
        answer = str(int(number) + 1000) if view.path else None
        step = Step(f"So it is {answer}." if answer else f"I add the thousand to {number}.", answer)
        return Reply(step, (Call(model=self.name, text=step.text, usage=Usage(prompt=100, completion=10)),))

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        """Give the same step so many times."""
        return [await self.propose(view)] * count

    async def reflect(self, view: View) -> Reply[str]:
        """Never asked for."""
        raise NotImplementedError

    async def judge(self, view: View) -> Reply[Verdict]:
        """Accept."""
        verdict = Verdict(action=Action.TERMINATE if view.path else Action.CONTINUE, score=0.9, critique="fine")
        return Reply(verdict, (Call(model=self.name, text="fine", usage=Usage(prompt=120, completion=5)),))

    async def aclose(self) -> None:
        """Hold nothing."""


def resident() -> float:
    """Return the resident memory of this process in MB."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * SIZE / 1e6


def task(number: int) -> Task:
    """Return one problem."""
    problem = Problem(id=f"sum-{number}", statement=f"What is {number} + 1000 ?")
    return Task(problem=problem, reference=AnswerReference(answer=str(number + 1000)))


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=100_000)
    parser.add_argument("--from", dest="first", type=int, default=5_000)
    parser.add_argument("--most", type=float, default=50.0, help="MB that memory may grow by")
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--out", type=Path, help="an empty folder to work in; by default a temporary one")
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
            print(f"{number:>8} debates  {now:7.1f} MB  {cpu:.2f} ms of CPU each", flush=True)
    print(f"\n{given.problems} problems: {most - base:+.1f} MB from debate {given.first} on")
    print(f"run folder: {folder / 'run'}")
    sys.exit(most - base > given.most)


if __name__ == "__main__":
    main()
