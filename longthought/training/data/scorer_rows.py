"""Rows for critics that only score: paths of steps, each step with its label."""

from collections import Counter
from collections.abc import Iterator

from longthought.training.data.annotated import AnnotatedDebate
from longthought.training.data.rows import Ruler, TrainingRow
from longthought.trajectories.tree import NodeKind


def step_label_rows(
    debate: AnnotatedDebate, prompt: str, ruler: Ruler, left_out: Counter[str]
) -> Iterator[TrainingRow]:
    """Yield every path from the problem to a leaf, cut at the first step whose outcome is unknown.

    The columns are those of TRL's stepwise supervision; `first_error` counts as ProcessBench does (Zheng et al., 2024):
    the first step from which no right answer can be reached, or -1.
    """
    tree = debate.trajectory.tree
    for leaf in debate.trajectory.steps:
        if any(tree.nodes[child].kind is NodeKind.STEP for child in leaf.children):
            continue
        steps = [node for node in tree.path(leaf.id) if node.kind is NodeKind.STEP]
        labels = [debate.lives.get(node.id) for node in steps]
        if None in labels:
            left_out["with a step of which it is not known where it leads"] += 1
            steps = steps[: labels.index(None)]
        if not steps:
            continue
        lives = [debate.lives[node.id] for node in steps]
        values = [_value(debate, node.id) for node in steps]
        texts = [node.text for node in steps]
        columns = {
            "prompt": prompt, "completions": texts, "labels": lives, "values": values,
            "first_error": lives.index(False) if False in lives else -1,
        }  # fmt: skip
        length = sum(map(ruler, texts))
        kind = "with an error" if False in lives else "right"
        yield TrainingRow(
            "step-labels", kind, debate.at(steps[-1].id), columns, "\n".join([prompt, *texts]), length,
            length + ruler(prompt),
        )  # fmt: skip


def _value(debate: AnnotatedDebate, node: int) -> float:
    value = debate.value(node)
    return float(debate.lives[node]) if value is None else value
