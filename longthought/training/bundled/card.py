"""Write the model card of the bundled agents from the measured figures."""

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from longthought.evaluation.comparison import Comparison, Rate
from longthought.evaluation.critic_report import Criticism

_ARMS = {
    "debate": "**debate** of policy and critic",
    "self-critique": "**self-critique** of the solo agent",
    "greedy": "one greedy pass of the policy",
    "oracle": "exact solver in the critic's chair (ceiling)",
    "random-critic": "random critic at the same rates",
    "leaf-only": "depth-first search that backtracks only at a failed leaf",
}


def card(facts: Mapping[str, Mapping[str, Any]], found: Comparison, critic: Criticism) -> str:
    """Return the card as Markdown, with the front matter that model hubs read."""
    rows = [
        f"| {_ARMS[r.strategy]} | {_rate(r.solved)} | {_rate(r.unseen) if r.unseen else ''} | {r.all:,.0f} "
        f"| {r.computed:,.0f} | {r.requests:.1f} |"
        for r in found.rows
        if r.count == "computed"
    ]
    trained = [
        f"| {role} | {f['parameters']:,} | {f['steps']:,} × {f['recipe']['tokens']:,} tokens "
        f"| {f['recipe']['seed']} | {f['wall_seconds'] / 60:.0f} min | {f['cpu_seconds'] / 60:.0f} min |"
        for role, f in facts.items()
    ]
    return _CARD.format(
        trained="\n".join(trained),
        problems=f"{found.problems:,}",
        budget=f"{max(found.budgets):,}",
        rows="\n".join(rows),
        measures="\n".join(f"| {name} | {value} |" for name, value in _measures(critic)),
        judged=critic.judged,
        versions=f"Python {platform.python_version()}, torch {version('torch')}, "
        f"transformers {version('transformers')}",
    )


def _rate(rate: Rate) -> str:
    return f"{rate.rate:.1%} [{rate.low:.1%}, {rate.high:.1%}]"


def _measures(critic: Criticism) -> Iterator[tuple[str, str]]:
    f1 = critic.first_errors.f1()
    if critic.auroc is not None:
        yield 'AUROC of its score on "this state is still solvable"', f"{critic.auroc:.4f}"
    if critic.calibration:
        yield "Brier score; calibration error", f"{critic.calibration.brier:.4f}; {critic.calibration.error:.4f}"
    if f1:
        yield "first-error F1", f"{f1[0]:.1%} [{f1[1]:.1%}, {f1[2]:.1%}]"
    yield "backtracks that were due (precision)", str(critic.precision)
    yield "lost states that it backtracked from (recall)", str(critic.recall)
    yield "solvable states given up", str(critic.given_up)
    yield "backtracks to the deepest solvable state", str(critic.right_target)
    yield "first answer wrong, debate ended right", str(critic.wrong_to_right)
    yield "first answer right, debate did not end right", str(critic.right_to_wrong)
    yield "proposals that the tools refuted", str(critic.refuted)
    yield "proposals that were already rejected at the same node", str(critic.repeated)
    yield (
        "replies of the policy that were unreadable or already rejected, so it was asked again",
        str(critic.asked_again),
    )


_CARD = """\
---
license: apache-2.0
library_name: transformers
tags: [longthought, countdown, critic]
---

# The bundled Countdown agents

The policy proposes one move at a time, and the critic judges it. Both are small Llamas, trained from nothing on generated
puzzles. They play Countdown with three or four numbers from 1 to 20 and targets from 10 to 100, in longthought's compact
notation, in which each whole number up to 400 and each word is one token. They know nothing else.

No solver, checker or table stands behind their words: the solver wrote the training examples and is absent when they
play. The critic writes its look-ahead before its verdict. With three numbers left, it holds each number back in turn and
lists what the other two would *need* to make and what they *have*, until one is *found*.

A third agent, *solo*, sits in both chairs of `--graph self_critique`. Its training starts from the critic's weights and
uses both kinds of examples.

## Training

`longthought train bundled` rebuilds the agents. Examples are drawn from the exact solver without end, so an example is
repeated only by chance. Only number multisets of the training split occur in them, and held-out targets never do.

| agent | parameters | data | seed | wall time | CPU time |
|---|---|---|---|---|---|
{trained}

The models are Llamas with head dimension 64, trained by AdamW with a cosine schedule. Each used one thread, and policy
and critic were trained side by side on two cores, with {versions}.

## Results

{problems} problems of the test split (four numbers from 1 to 20; no multiset of numbers seen in training), 95 % Wilson
intervals. Every arm may spend {budget} computed tokens a problem. *Unseen targets* are targets that never occur in
training. The column *tokens* counts both agents' tokens per problem, prompts included; *computed* excludes cached prompt
tokens. The exact checker only grades finished debates.

| arm | solved | unseen targets | tokens | computed | requests |
|---|---|---|---|---|---|
{rows}

The critic, compared with the exact solver on the {judged:,} steps that it judged in those debates:

| measure | value |
|---|---|
{measures}

## Limits

Numbers above 400 can't be written, so the agents can't find a solution that must pass through one. They were never
trained on more than four numbers. The critic never asks for a reflection. Its score is the probability that it gave its
own words, moved above one half if it judges the state solvable and below one half if not.
"""
