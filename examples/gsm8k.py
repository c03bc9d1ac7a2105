"""GSM8K with a model that you serve: the model alone, and the same model in both chairs of a debate.

    vllm serve Qwen/Qwen3-8B --port 8000
    python examples/gsm8k.py test.jsonl Qwen/Qwen3-8B http://localhost:8000/v1

`test.jsonl` is the file that OpenAI published, as it is: rows of `question` and `answer`.
"""

import sys
from itertools import islice
from pathlib import Path

import longthought as lt


def main(problems: str, model: str, base_url: str, out: Path, limit: int = 200) -> dict[str, tuple[int, int]]:
    """Play the first problems both ways; return how many are solved and the tokens spent, by the way."""
    ways = {
        "alone": {"graph": "sampling", "attempts": 1},
        "debate": {"graph": "debate", "draft": None, "tools": ["algebra"]},
    }
    tasks, named = list(islice(lt.load(problems), limit)), f"openai:{model}"
    figures: dict[str, tuple[int, int]] = {}
    for way, settings in ways.items():
        for _ in lt.generate(tasks, out=out / way, policy=named, critic=named, base_url=base_url, **settings):
            pass  # each debate as it ends; the same call again plays only what is missing
        debates = list(lt.Run(out / way).trajectories())
        figures[way] = sum(d.solved is True for d in debates), sum(d.usage.total.computed for d in debates)
    return figures


if __name__ == "__main__":
    for way, (solved, tokens) in main(*sys.argv[1:4], out=Path("runs/gsm8k")).items():
        print(f"{way}: {solved} solved with {tokens:,} tokens")
