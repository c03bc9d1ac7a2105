"""Measure pass@k of thinkers: the chance that one of k thoughts on a problem of Countdown is right.

    OMP_NUM_THREADS=1 python benchmarks/passes.py runs/journeys/journey-0 runs/journeys/journey-0-grpo

Every thinker writes `--samples` thoughts on each held-out problem at temperature 1, and the exact checker grades them.
From c right ones of n, pass@k is estimated without bias as 1 - C(n - c, k) / C(n, k) (Chen et al., "Evaluating Large
Language Models Trained on Code", 2021). Intervals of 95 % are over problems. The last columns say what a thought costs
and how many of its steps repeat an earlier one of the same thought.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from transformers import AutoModelForCausalLM, AutoTokenizer

from longthought.agents.dialects.thinkers import VOICES
from longthought.agents.in_process.engine import SamplingParams
from longthought.agents.in_process.rollouts import generate_all
from longthought.domains.countdown import countdown_task
from longthought.problems.countdown import game
from longthought.problems.problem import Problem
from longthought.statistics import Z
from longthought.thoughts.compact import read_thought
from longthought.tools.countdown import fault
from longthought.training.reinforcement.rewards.forms import repeated

AT_ONCE = 512
"""Thoughts written in one batch."""


def thoughts(folder: Path, asked: Sequence[Problem], longest: int) -> Iterator[tuple[str, int]]:
    """Write a thought on every problem, and yield it with its number of tokens."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    sampling = SamplingParams(max_tokens=longest, temperature=1.0)
    for start in range(0, len(asked), AT_ONCE):
        said = [VOICES["compact"].ask(problem)[0].text for problem in asked[start : start + AT_ONCE]]
        messages = [[{"role": "user", "content": text}] for text in said]
        prompts = [tokenizer.apply_chat_template(message, return_dict=False) for message in messages]
        for reply in generate_all(model, prompts, sampling):
            yield tokenizer.decode(reply.token_ids, skip_special_tokens=True), len(reply.token_ids)


def passes(right: int, of: int, k: int) -> float:
    """Return the chance that one of k thoughts is right, from `right` right ones in `of`."""
    return 1 - math.comb(of - right, k) / math.comb(of, k)


def interval(values: Sequence[float]) -> str:
    """Write a mean in percent with its 95 % interval over problems."""
    mean, half = fmean(values), Z * stdev(values) / math.sqrt(len(values))
    return f"{100 * mean:.1f} ±{100 * half:.1f}"


def main() -> None:
    """Measure the thinkers, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("thinkers", nargs="+", type=Path, help="Folders of thinkers.")
    parser.add_argument("--problems", type=int, default=100, help="Number of problems (default: 100).")
    parser.add_argument("--samples", type=int, default=64, help="Thoughts on each problem (default: 64).")
    parser.add_argument("--max-tokens", type=int, default=992, help="Maximum tokens of a thought (default: 992).")
    parser.add_argument("--split", default="test", choices=("test", "validation"))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    puzzles = game.generate(count=given.problems, split=given.split, seed=30_000)
    problems = [countdown_task(puzzle).problem for puzzle in puzzles]
    asked = [(puzzle, problem) for puzzle, problem in zip(puzzles, problems, strict=True) for _ in range(given.samples)]
    ks = [2**n for n in range(given.samples.bit_length())]
    table = Table(title=f"pass@k, %, {given.problems} problems", title_justify="left", box=None, pad_edge=False)
    for column in ("thinker", *map(str, ks), "tokens", "repeated steps"):
        table.add_column(column, justify="left" if column == "thinker" else "right", no_wrap=True)
    for folder in given.thinkers:
        torch.manual_seed(given.seed)
        right, tokens, steps, again = dict.fromkeys((problem.id for problem in problems), 0), 0, 0, 0
        written = thoughts(folder, [problem for _, problem in asked], given.max_tokens)
        for (puzzle, problem), (text, length) in zip(asked, written, strict=True):
            answer, (repeats, said) = read_thought(text).answer, repeated(text, "compact")
            right[problem.id] += answer is not None and fault(puzzle.numbers, puzzle.target, answer) is None
            tokens, steps, again = tokens + length, steps + said, again + repeats
        shares = [interval([passes(hits, given.samples, k) for hits in right.values()]) for k in ks]
        table.add_row(folder.name, *shares, f"{tokens / len(asked):.0f}", f"{again / max(1, steps):.1%}")
    Console(highlight=False, width=180).print(table)


if __name__ == "__main__":
    main()
