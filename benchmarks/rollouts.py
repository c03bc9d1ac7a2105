"""Measure how fast replies are written in GRPO, beside the engines alone, and what the rest of a step costs.

    OMP_NUM_THREADS=1 python benchmarks/rollouts.py --base runs/thinker

The same prompts, each answered by a group, go through the continuous engine, plain `generate` and `generate_all`, which
GRPO uses; then a short GRPO runs in the same process. All figures are of CPU seconds, so that other load on the machine
changes little.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

import longthought as lt
from longthought.agents.catalogue import bundled_folder
from longthought.agents.dialects.thinkers import VOICES
from longthought.agents.in_process.continuous import ContinuousEngine
from longthought.agents.in_process.engine import SamplingParams
from longthought.agents.in_process.rollouts import generate_all
from longthought.domains.countdown import countdown_task
from longthought.domains.loader import write
from longthought.problems.countdown import game
from longthought.problems.problem import Task

Write = Callable[[Any, Sequence[list[int]], SamplingParams], int]
"""Writes a reply to each prompt, and returns the number of tokens."""


def continuous(model: Any, prompts: Sequence[list[int]], sampling: SamplingParams) -> int:
    """Send all requests to the continuous engine at once."""

    async def ask() -> int:
        engine = ContinuousEngine(model)
        try:
            replies = await asyncio.gather(*(engine.generate(prompt, sampling) for prompt in prompts))
            return sum(len(reply.token_ids) + (not reply.truncated) for reply in replies)
        finally:
            await engine.aclose()

    return asyncio.run(ask())


def plain(model: Any, prompts: Sequence[list[int]], sampling: SamplingParams) -> int:
    """Call `generate` once, with prompts padded on the left."""
    width = max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    end = model.config.eos_token_id
    config = GenerationConfig(
        max_new_tokens=sampling.max_tokens, do_sample=True, temperature=sampling.temperature, top_k=0, eos_token_id=end,
        pad_token_id=0, use_cache=True, disable_compile=True,
    )  # fmt: skip
    with torch.no_grad():
        rows = model.generate(ids, attention_mask=mask, generation_config=config)[:, width:].tolist()
    return sum(row.index(end) + 1 if end in row else len(row) for row in rows)


def at_once(model: Any, prompts: Sequence[list[int]], sampling: SamplingParams) -> int:
    """Write all replies in one batch that shrinks."""
    replies = generate_all(model, prompts, sampling)
    return sum(len(reply.token_ids) + (not reply.truncated) for reply in replies)


def speed(write: Write, model: Any, prompts: Sequence[list[int]], sampling: SamplingParams) -> float:
    """Return the tokens written in a CPU second, after a warm-up."""
    write(model, prompts[:2], SamplingParams(max_tokens=4, temperature=1.0))
    began = time.process_time()
    return write(model, prompts, sampling) / (time.process_time() - began)


def reinforced(tasks: Sequence[Task], base: str, group: int, max_tokens: int, steps: int) -> dict[str, float]:
    """Run a short GRPO; return its tokens in a CPU second of generation, and the shares of a step."""
    with tempfile.TemporaryDirectory() as scratch:
        write(tasks, Path(scratch) / "problems.jsonl")
        lt.reinforce(
            Path(scratch) / "problems.jsonl", Path(scratch) / "out", base=base, role="thinker", group=group,
            batch=len(tasks) * group, max_tokens=max_tokens, steps=steps,
        )  # fmt: skip
        lines = [json.loads(line) for line in (Path(scratch) / "out" / "figures.jsonl").open()]
    spent = {name: sum(line[f"cpu/{name}"] for line in lines) for name in ("generation", "reward", "step")}
    written = sum(line["length"] for line in lines) * len(tasks) * group
    update = spent["step"] - spent["generation"] - spent["reward"]
    return {
        "tokens": written / spent["generation"],
        "generation": spent["generation"] / spent["step"],
        "reward": spent["reward"] / spent["step"],
        "update": update / spent["step"],
        "seconds": spent["step"] / steps,
    }


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="bundled:countdown", help="Folder of a thinker (default: a bundled agent).")
    parser.add_argument("--problems", type=int, default=16, help="Number of problems (default: 16).")
    parser.add_argument("--group", type=int, default=8, help="Replies to each problem (default: 8).")
    parser.add_argument("--max-tokens", type=int, default=400, help="Maximum tokens of a reply (default: 400).")
    parser.add_argument("--steps", type=int, default=3, help="Optimiser steps of the GRPO (default: 3).")
    given = parser.parse_args()
    torch.set_num_threads(1)
    folder = given.base
    if folder.startswith("bundled:"):
        folder = str(bundled_folder(folder.removeprefix("bundled:"), "solo"))
    model: Any = AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    tasks = [countdown_task(puzzle) for puzzle in game.generate(count=given.problems, split="train", seed=5)]
    asked = [VOICES["compact"].ask(task.problem)[0].text for task in tasks for _ in range(given.group)]
    prompts = [tokenizer.apply_chat_template([{"role": "user", "content": p}], return_dict=False) for p in asked]
    sampling = SamplingParams(max_tokens=given.max_tokens, temperature=1.0)
    print(f"{len(prompts)} replies of up to {given.max_tokens} tokens; tokens in a CPU second:")
    for name, written in (("continuous engine", continuous), ("plain generate", plain), ("generate_all", at_once)):
        print(f"  {name:18} {speed(written, model, prompts, sampling):8,.0f}", flush=True)
    found = reinforced(tasks, given.base, given.group, given.max_tokens, given.steps)
    print(f"  {'in GRPO':18} {found['tokens']:8,.0f}")
    parts = ", ".join(f"{found[name]:.1%} {name}" for name in ("generation", "reward", "update"))
    print(f"a step of GRPO: {found['seconds']:.1f} CPU seconds; {parts}")


if __name__ == "__main__":
    main()
