"""The model card of the bundled agents, written from what was measured."""

import platform
from collections.abc import Mapping
from typing import Any

import torch
import transformers

from longthought.evaluation.worth import Worth

_ARMS = {
    "debate": "**debate**, the two agents, at most 32 rounds",
    "greedy": "one greedy pass of the policy",
    "oracle": "exact solver in the critic's chair (ceiling), at most 32 rounds",
    "random": "random critic at the same rates, as many tokens",
    "leaf-only": "depth-first search that backtracks only at a failed leaf, as many tokens",
}


def card(facts: Mapping[str, Mapping[str, Any]], worth: Worth) -> str:
    """Return the card as Markdown, with the front matter that model hubs read."""
    rows = [
        f"| {_ARMS[a.arm]} | {a.rate:.1%} [{a.low:.1%}, {a.high:.1%}] | {a.unseen_targets} | {a.tokens:,.0f} "
        f"| {a.computed:,.0f} | {a.rounds:.1f} |"
        for a in worth.arms
    ]
    trained = [
        f"| {role} | {f['parameters']:,} | {f['steps']:,} × {f['recipe']['tokens']:,} tokens "
        f"| {f['recipe']['seed']} | {f['wall_seconds'] / 60:.0f} min | {f['cpu_seconds'] / 60:.0f} min |"
        for role, f in facts.items()
    ]
    critic = worth.critic
    return _CARD.format(
        trained="\n".join(trained),
        problems=worth.arms[0].problems,
        rows="\n".join(rows),
        auroc=critic.auroc,
        judged=critic.judged,
        false_dead=critic.false_dead,
        false_live=critic.false_live,
        right_target=critic.right_target,
        miscalculated=critic.miscalculated,
        repeated=critic.repeated,
        asked_again=critic.asked_again,
        versions=f"Python {platform.python_version()}, torch {torch.__version__}, "
        f"transformers {transformers.__version__}",
    )


_CARD = """\
---
license: apache-2.0
library_name: transformers
tags: [longthought, countdown, critic]
---

# The bundled Countdown agents

A policy that proposes one move at a time and a critic that judges it, two small Llamas trained from nothing on generated
puzzles. They play Countdown with three or four numbers from 1 to 20 and targets from 10 to 100, in longthought's compact
notation (one whole number up to 400, or one word, a token). They know nothing else.

Behind their words stands no solver, no checker and no table: the solver wrote the training examples and is absent when
they play. The critic writes its look-ahead before its verdict: with three numbers left it holds each back in turn,
lists what the other two would *need* to make and what they *have*, until one is *found*.

A third agent, *solo*, sits in both chairs of `--graph self_critique`. It starts from the critic's weights and learns both
kinds of examples.

## Training

One command rebuilds them: `longthought train bundled`. Examples are drawn from the exact solver without end, so none is
seen twice but by chance; only number multisets of the training split and no held-out target ever occur.

| agent | parameters | data | seed | wall time | CPU time |
|---|---|---|---|---|---|
{trained}

Llama, head dimension 64, AdamW, cosine schedule, one thread a model, policy and critic side by side on two cores.
{versions}.

## Results

{problems} problems of the test split (four numbers from 1 to 20; no multiset of numbers seen in training), 95 % Wilson
intervals. *Unseen targets* are those that never occur in training. Tokens are those of both agents per problem, prompts
included; *computed* leaves cached prompt tokens out. The exact checker only grades, after the end.

| arm | solved | unseen targets | tokens | computed | rounds |
|---|---|---|---|---|---|
{rows}

The critic, held against the exact solver on the {judged:,} steps that it judged in those debates:

| measure | value |
|---|---|
| AUROC of its score on "this state is still solvable" | {auroc:.4f} |
| solvable states given up | {false_dead} |
| lost states gone on from | {false_live} |
| steps back that went to the deepest solvable state | {right_target} |
| proposals that the tools refuted | {miscalculated} |
| proposals already rejected at the same node | {repeated} |
| replies of the policy sent back before, as unreadable or rejected already | {asked_again} |

## Limits

Numbers above 400 can't be written, so a solution that must pass through one is out of reach. More than four numbers were
never trained on. The critic never asks for a reflection. Its score is the probability it gave its own words, moved above
one half for hope and below for none: good for ranking, not calibrated.
"""
