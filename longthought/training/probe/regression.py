"""What a frozen model's states know of an answer, layer by layer: logistic regressions, and how well they order."""

# pyright: basic

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from longthought.statistics import auroc
from longthought.training.probe.reading import Reading
from longthought.training.probe.verdicts import Row

PENALTIES: Final = (1.0, 1e-1, 1e-2)
"""Strengths of the ridge penalty, among which cross-validation chooses."""
FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class Known:
    """What the states of one layer know."""

    layer: int
    penalty: float
    scores: np.ndarray
    """Of each row, from a regression that has not seen its problem."""
    order: float
    loss: float


def folds(rows: Sequence[Row]) -> np.ndarray:
    """Return the fold of each row; the rows of a problem share theirs."""
    names = {name: n for n, name in enumerate(dict.fromkeys(row.problem for row in rows))}
    return np.array([names[row.problem] % FOLDS for row in rows])


def labels(rows: Sequence[Row]) -> torch.Tensor:
    """Return 1 for each right answer and 0 for each wrong one."""
    return torch.tensor([row.yes for row in rows], dtype=torch.float64)


def ranked(reading: Reading, rows: Sequence[Row]) -> list[Known]:
    """Return what each layer knows by cross-validation, the best first; between equals the likelier scores win."""
    fold, right, margins = folds(rows), labels(rows), torch.from_numpy(reading.margins)
    known = list[Known]()
    for layer in range(reading.states.shape[1]):
        states = doubles(reading.states[:, layer])
        found = [np.zeros(len(rows)) for _ in PENALTIES]
        for number in range(FOLDS):
            learned, held = torch.from_numpy(fold != number), torch.from_numpy(fold == number)
            direction = None
            for scores, penalty in zip(found, PENALTIES, strict=True):
                direction = fit(states[learned], margins[learned], right[learned], penalty, direction)
                scores[held.numpy()] = (margins[held] + states[held] @ direction).numpy()
        of_layer = [
            Known(
                layer, penalty, scores, round(order(scores, rows), 3),
                float(binary_cross_entropy_with_logits(torch.from_numpy(scores), right)),
            )
            for scores, penalty in zip(found, PENALTIES, strict=True)
        ]  # fmt: skip
        known.append(max(of_layer, key=_better))
    return sorted(known, key=_better, reverse=True)


def _better(known: Known) -> tuple[float, float]:
    return known.order, -known.loss


def fit(
    states: torch.Tensor, margins: torch.Tensor, right: torch.Tensor, penalty: float, start: torch.Tensor | None = None
) -> torch.Tensor:
    """Return the direction that, added to the margins, predicts best what is right, by ridge logistic regression."""
    spread = states.std(0)
    spread = torch.where(spread > 1e-6, spread, 1.0)
    scaled = states / spread
    weights = (torch.zeros_like(spread) if start is None else start * spread).requires_grad_()
    search = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        value = binary_cross_entropy_with_logits(margins + scaled @ weights, right) + penalty / 2 * weights @ weights
        value.backward()
        return value

    search.step(loss)
    return weights.detach() / spread


def doubles(values: np.ndarray) -> torch.Tensor:
    """Return an array as a tensor of float64."""
    return torch.from_numpy(values.astype(np.float64))


def order(scores: np.ndarray, rows: Sequence[Row]) -> float:
    """Return how well scores order answers: all of them, and those to one problem, in equal parts."""
    return (overall(scores, rows) + within(scores, rows)) / 2


def overall(scores: np.ndarray, rows: Sequence[Row]) -> float:
    """Return the AUROC of scores over all answers."""
    yes = np.array([row.yes for row in rows])
    return auroc(scores[yes].tolist(), scores[~yes].tolist())


def within(scores: np.ndarray, rows: Sequence[Row]) -> float:
    """Return the AUROC of scores over the pairs of a right and a wrong answer to the same problem.

    Where no problem has both, the AUROC over all answers.
    """
    pairs = [(len(right) * len(wrong), right, wrong) for right, wrong in _by_problem(scores, rows) if right and wrong]
    if not pairs:
        return overall(scores, rows)
    return sum(count * auroc(right, wrong) for count, right, wrong in pairs) / sum(count for count, _, _ in pairs)


def _by_problem(scores: np.ndarray, rows: Sequence[Row]) -> list[tuple[list[float], list[float]]]:
    """Return the scores of right and of wrong answers to each problem."""
    by_problem: dict[str, tuple[list[float], list[float]]] = {}
    for score, row in zip(scores, rows, strict=True):
        by_problem.setdefault(row.problem, ([], []))[not row.yes].append(float(score))
    return list(by_problem.values())


def chosen(scores: np.ndarray, rows: Sequence[Row]) -> tuple[float, float, float]:
    """Return the share of problems solved by the answer with the best score, by one at random, and by any."""
    by_problem = _by_problem(scores, rows)
    best = [_right_at_the_top(right, wrong) for right, wrong in by_problem]
    drawn = [len(right) / (len(right) + len(wrong)) for right, wrong in by_problem]
    return float(np.mean(best)), float(np.mean(drawn)), float(np.mean([bool(right) for right, _ in by_problem]))


def _right_at_the_top(right: list[float], wrong: list[float]) -> float:
    """Return the share of right answers among those that share the best score."""
    best = max(right + wrong)
    return right.count(best) / (right.count(best) + wrong.count(best))


def in_words(scores: np.ndarray, rows: Sequence[Row]) -> str:
    """Write both AUROCs."""
    return f"{overall(scores, rows):.3f}; within a problem {within(scores, rows):.3f}"
