"""Measure the algebra verifier on worked solutions: how often it raises an alarm, and how often the alarm is right.

    python benchmarks/algebra.py --gsm8k FILE --steps FILE

`--gsm8k` takes JSONL whose `answer` is a right worked solution with one step per line. Every alarm there is false, or
shows a slip of the solution's author, so all alarms are listed. `--steps` takes JSONL with `steps` and `mistake_index`,
the first wrong step or null: the first alarm of a solution is right if it names that step. Both can be repeated.
"""

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from longthought.problems.problem import Problem
from longthought.statistics import share
from longthought.tools.algebra import Algebra
from longthought.trajectories.events import Evidence, EvidenceStatus

ALGEBRA = Algebra()


async def check(problem: Problem, path: Sequence[str], step: str) -> list[Evidence]:
    """Check every claim in one step."""
    return [await ALGEBRA.check(claim) for claim in ALGEBRA.claims(problem, path, step)]


def rows(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a JSONL file."""
    with file.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def alarms(found: Sequence[Evidence]) -> list[Evidence]:
    """Return the evidence that refutes a claim."""
    return [e for e in found if e.status is EvidenceStatus.REFUTED]


async def right_solutions(file: Path) -> None:
    """Count alarms on solutions that are right."""
    statuses: Counter[str] = Counter()
    steps, flagged, silent = 0, 0, 0
    began = time.perf_counter()
    for number, row in enumerate(rows(file), 1):
        problem = Problem(id=str(number), statement=row["question"])
        path: list[str] = []
        for step in row["answer"].split("\n"):
            if step.startswith("####"):
                continue
            found = await check(problem, path, step)
            statuses.update(e.status.value for e in found)
            steps += 1
            silent += not found
            for evidence in alarms(found):
                print(f"  alarm in {number}: {evidence.detail}\n      {step}")
            flagged += bool(alarms(found))
            path.append(step)
    seconds = time.perf_counter() - began
    print(f"{file.name}: {steps} steps, {dict(statuses)}, {silent} steps without a claim")
    print(f"  steps flagged: {share(flagged, steps)}; {seconds / steps * 1e3:.3f} ms per step")


async def labelled_steps(file: Path) -> None:
    """Compare the first alarm of each solution with its first wrong step."""
    hits, raised, wrong = 0, 0, 0
    for number, row in enumerate(rows(file), 1):
        problem = Problem(id=str(number), statement=row["input"])
        label = row["mistake_index"]
        wrong += label is not None
        for index, step in enumerate(row["steps"]):
            refuted = alarms(await check(problem, row["steps"][:index], step))
            if refuted:
                raised += 1
                hits += index == label
                verdict = "right" if index == label else f"FALSE (first wrong step: {label})"
                print(f"  alarm in {number}, step {index}, {verdict}: {refuted[0].detail}")
                break
    print(f"{file.name}: first-error precision {share(hits, raised)}, recall {share(hits, wrong)}")


def main() -> None:
    """Measure on the files that were given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gsm8k", type=Path, action="append", default=[], help="right solutions: JSONL with `answer`")
    parser.add_argument("--steps", type=Path, action="append", default=[], help="labelled steps: JSONL")
    given = parser.parse_args()
    if not given.gsm8k and not given.steps:
        parser.error("give --gsm8k FILE, --steps FILE, or both")
    for file in given.gsm8k:
        asyncio.run(right_solutions(file))
    for file in given.steps:
        asyncio.run(labelled_steps(file))


if __name__ == "__main__":
    main()
