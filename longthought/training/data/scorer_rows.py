"""Rows for critics that only score: paths of steps, each step with its label or with its value.

Labels say where a step leads. Values are learned from temporal differences: the value of a step is that of the step
that the debate went on with, as far as the critic knew it then, and the outcome where the debate ended.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from longthought.training.data.annotated import AnnotatedDebate
from longthought.training.data.rows import Ruler, TrainingRow
from longthought.trajectories.events import Author, Judged
from longthought.trajectories.tree import Node, NodeKind

LAMBDA: Final = 0.9
"""Weight of what came later against the critic's next score: 1 learns from outcomes alone, 0 from next scores alone."""


def label_rows(debate: AnnotatedDebate, prompt: str, ruler: Ruler, left_out: Counter[str]) -> Iterator[TrainingRow]:
    """Yield every path from the problem to a leaf, cut at the first step whose outcome is unknown.

    The columns are those of TRL's stepwise supervision; `first_error` counts as ProcessBench does (Zheng et al., 2024):
    the first step from which no right answer can be reached, or -1.
    """
    for steps in _paths(debate, debate.lives, left_out):
        lives = [debate.lives[node.id] for node in steps]
        kind = "with an error" if False in lives else "right"
        columns = {
            "labels": lives, "values": [_value(debate, node.id) for node in steps],
            "first_error": lives.index(False) if False in lives else -1,
        }  # fmt: skip
        yield _row("step-labels", kind, debate, prompt, steps, columns, ruler)


def value_rows(debate: AnnotatedDebate, prompt: str, ruler: Ruler, left_out: Counter[str]) -> Iterator[TrainingRow]:
    """Yield the same paths with the TD(λ) target of each step, cut at the first step that has none."""
    targets = td_targets(debate)
    for steps in _paths(debate, targets, left_out):
        columns = {"labels": [targets[node.id] for node in steps]}
        yield _row("step-values", "path", debate, prompt, steps, columns, ruler)


def td_targets(debate: AnnotatedDebate) -> dict[int, float]:
    """Return the target of every step's value, from 0 to 1: TD(λ) of Sutton, 1988, without rewards on the way.

    The target of a step is (1 - λ) times the critic's score of the next step plus λ times the next step's own target;
    the next step is the last that was proposed below it. A step with none below it has the outcome as far as it is
    known: the grade of its answer, what tools refuted, labels.
    """
    tree, targets = debate.trajectory.tree, dict[int, float]()
    scores = {
        event.node: event.verdict.score
        for event in debate.trajectory.events
        if isinstance(event, Judged) and event.by is not Author.STRATEGY and event.verdict.score is not None
    }
    for node in reversed(tree.nodes[1:]):  # children come after their parents
        proposed = [child for child in node.children if tree.nodes[child].kind is NodeKind.STEP]
        if not proposed:
            if (live := debate.lives.get(node.id)) is not None:
                targets[node.id] = float(live)
            continue
        after = proposed[-1]
        parts = [(1 - LAMBDA, scores.get(after)), (LAMBDA, targets.get(after))]
        if known := [(weight, value) for weight, value in parts if value is not None]:
            targets[node.id] = sum(weight * value for weight, value in known) / sum(weight for weight, _ in known)
    return targets


def _paths(debate: AnnotatedDebate, known: Mapping[int, object], left_out: Counter[str]) -> Iterator[list[Node]]:
    """Yield the steps of every path to a leaf, up to the first of which nothing is known."""
    tree = debate.trajectory.tree
    for leaf in debate.trajectory.steps:
        if any(tree.nodes[child].kind is NodeKind.STEP for child in leaf.children):
            continue
        steps = [node for node in tree.path(leaf.id) if node.kind is NodeKind.STEP]
        end = next((at for at, node in enumerate(steps) if node.id not in known), None)
        if end is not None:
            left_out["with a step of which it is not known where it leads"] += 1
        if steps[:end]:
            yield steps[:end]


def _row(
    name: str,
    kind: str,
    debate: AnnotatedDebate,
    prompt: str,
    steps: list[Node],
    columns: Mapping[str, object],
    ruler: Ruler,
) -> TrainingRow:
    texts = [node.text for node in steps]
    length = sum(map(ruler, texts))
    return TrainingRow(
        name, kind, debate.at(steps[-1].id), {"prompt": prompt, "completions": texts, **columns},
        "\n".join([prompt, *texts]), length, length + ruler(prompt),
    )  # fmt: skip


def _value(debate: AnnotatedDebate, node: int) -> float:
    value = debate.value(node)
    return float(debate.lives[node]) if value is None else value
