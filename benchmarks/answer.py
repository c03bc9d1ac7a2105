r"""Measure how many answers are compared per second, and how many of them need a worker process.

python benchmarks/answer.py [--count 3000]

The answers are mixed as in a data set of school and competition problems: mostly numbers in many notations, then
radicals, polynomials, collections, intervals, units and words. About two thirds are right. Every pair has numbers of
its own, so that no result comes from a cache. The time to start the workers is printed separately.
"""

import argparse
import asyncio
import os
import random
import resource
import time
from collections import Counter

from longthought.tools.answer.compare import WORKERS, compare, decide
from longthought.tools.answer.equivalence import Equivalence


def pair(rng: random.Random) -> tuple[str, str, str]:
    """Return the kind of an answer, a reference and an answer to compare with it."""
    n, d, slip = rng.randint(2, 9_999), rng.randint(2, 97), rng.choice((0, 0, 1))
    m = n + slip
    kinds = {
        "integer": (40, f"{n}", rng.choice((f"{m}", f"{m:,}", f"${m}$", f"{m}.0", f"x = {m}", rf"\boxed{{{m}}}"))),
        "fraction": (15, rf"\frac{{{n}}}{{{d}}}", rng.choice((f"{m}/{d}", rf"\dfrac{{{2 * m}}}{{{2 * d}}}"))),
        "decimal": (8, f"{n}.5", rng.choice((rf"\frac{{{2 * m + 1}}}{{2}}", f"{m}.50"))),
        "unit": (8, rf"{n} \text{{ cm}}", rng.choice((f"{m} centimeters", f"{m}", f"{m} cm"))),
        "money": (5, rf"\${n}", rng.choice((f"{m} dollars", f"${m}.00"))),
        "percent": (2, f"{d}%", rf"{d + slip}\%"),
        "tuple": (4, f"({n}, {d})", f"({m},{d})"),
        "interval": (3, rf"(-\infty,{d})\cup({n + 100},\infty)", f"x<{d} or x>{m + 100}"),
        "word": (3, rng.choice(("Monday", "yes", "(A)")), rng.choice(("monday", "no", "A"))),
        "radical": (5, rf"{d}\sqrt{{{n}}}", rf"\sqrt{{{d * d * m}}}"),
        "pi": (3, rf"\frac{{{n}\pi}}{{{d}}}", rf"{m}\pi/{d}"),
        "polynomial": (3, f"(x+{d})^2", f"x^2+{2 * d}x+{d * d + slip}"),
        "equation": (1, f"y={n}x+{d}", f"y-{m}x={d}"),
    }
    weights = [weight for weight, _, _ in kinds.values()]
    kind = rng.choices(list(kinds), weights)[0]
    return kind, *kinds[kind][1:]


async def main() -> None:
    """Compare all pairs, at most 64 at a time, as a job does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3_000)
    count = parser.parse_args().count
    rng = random.Random(0)
    pairs = [pair(rng) for _ in range(count)]

    began = time.perf_counter()
    await asyncio.gather(*(compare(f"(x+{n})^2", "x^2+1") for n in range(8)))
    print(f"starting {WORKERS.size} workers: {time.perf_counter() - began:.1f} s")

    gate = asyncio.Semaphore(64)

    async def compare_one(gold: str, given: str) -> Equivalence:
        async with gate:
            return await compare(gold, given)

    cpu, began = _cpu(), time.perf_counter()
    found = await asyncio.gather(*(compare_one(gold, given) for _, gold, given in pairs))
    seconds = time.perf_counter() - began
    WORKERS.close()  # so that their CPU time is counted, their start included
    cpu = _cpu() - cpu
    handed = Counter(kind for kind, gold, given in pairs if isinstance(decide(gold, given), tuple))
    print(f"{count} comparisons in {seconds:.2f} s: {count / seconds:.0f} per second on {os.cpu_count()} cores")
    print(f"CPU {cpu:.2f} s, {1000 * cpu / count:.2f} ms per comparison")
    print(f"to a worker: {handed.total()} ({handed.total() / count:.0%}): {', '.join(sorted(handed))}")
    print(f"verdicts: {dict(Counter(str(c.equal) for c in found))}")


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


if __name__ == "__main__":
    asyncio.run(main())
