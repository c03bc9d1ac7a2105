"""The policy's own mistakes as training material: what it proposes, and proposes again, at nodes of made-up debates.

Rejected steps drawn at random teach little, since the policy would hardly propose them anyway. Here it plays against a
perfect critic, and the teacher says at each turn what should have been said (Ross et al., "A Reduction of Imitation
Learning and Structured Prediction to No-Regret Online Learning", 2011).
"""

# pyright: basic

import json
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM

from longthought.agents import notation
from longthought.training.bundled import corpus
from longthought.training.bundled import model as architecture
from longthought.training.bundled.corpus import Example, Step, Visit
from longthought.training.bundled.recipe import Mix

TURNS = 12
BATCH = 256
TEMPERATURE = 0.7


def explore(model: LlamaForCausalLM, mix: Mix, *, nodes: int, seed: int, file: Path) -> list[Example]:
    """Return an example for every turn at which something stood rejected, over `nodes` nodes; kept in `file`."""
    if not file.exists():
        rng = random.Random(seed)
        torch.manual_seed(seed)
        visits = corpus.visits(rng, mix)
        examples: list[Example] = []
        for _ in range(0, nodes, BATCH):
            examples += _play(model, rng, list(islice(visits, BATCH)))
        draft = file.with_suffix(".part")
        draft.write_text("".join(json.dumps(e.pieces) + "\n" for e in examples))
        draft.rename(file)
    return [Example(tuple(map(tuple, json.loads(line)))) for line in file.read_text().splitlines()]


def _play(model: LlamaForCausalLM, rng: random.Random, visits: Sequence[Visit]) -> Iterator[Example]:
    """Let the policy propose at each node until it finds a good step, or its turns are over."""
    tokenizer = architecture.tokenizer()
    tokenizer.padding_side = "left"
    waiting: list[tuple[Visit, list[Step]]] = [(visit, []) for visit in visits]
    for _ in range(TURNS):
        if not waiting:
            return
        views = [
            notation.policy_prompt(visit.view([notation.write_rejected(corpus.write(*s), "dead") for s in tried]))
            for visit, tried in waiting
        ]
        proposals = _propose(model, tokenizer, views)
        following: list[tuple[Visit, list[Step]]] = []
        for (visit, tried), words in zip(waiting, proposals, strict=True):
            if tried:
                example = corpus.lesson(rng, visit, tried)
                if example is None:
                    continue
                yield example
            found = next((s for s in (*visit.here.live, *visit.here.dead) if _words(s) == words), None)
            if found is None or found in tried:
                following.append((visit, tried))
            elif found in visit.here.dead or rng.random() < 0.05:
                following.append((visit, [*tried, found]))
        waiting = following


def _propose(model: LlamaForCausalLM, tokenizer: Any, views: Sequence[str]) -> list[str]:
    """Sample the move, without result and rest, for each view."""
    batch = tokenizer(list(views), return_tensors="pt", padding=True, return_token_type_ids=False).to(model.device)
    with torch.inference_mode():
        model.eval()
        written = model.generate(  # pyright: ignore[reportAttributeAccessIssue]
            **batch, max_new_tokens=3, do_sample=True, temperature=TEMPERATURE, top_k=0, eos_token_id=None
        )[:, -3:]
    return [tokenizer.decode(row) for row in written]


def _words(step: Step) -> str:
    return corpus.write(*step).partition(" =")[0]
