"""From the data of verdicts to the folder of a model that gives them."""

# pyright: basic

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from longthought.agents.dialects.yes_no import YesNo
from longthought.errors import ConfigError, ProblemError
from longthought.training.data.folder import Split
from longthought.training.fine_tuning import begin, finish, origin, prepare
from longthought.training.probe import neuron, reading, verdicts
from longthought.training.probe.neuron import Neuron
from longthought.training.probe.regression import Known, chosen, doubles, fit, folds, in_words, labels, order, ranked
from longthought.training.probe.verdicts import Row
from longthought.training.record import CHECKPOINTS, Clock
from longthought.training.request import TrainingRequest

CANDIDATES: Final = 4
"""Number of layers, the best by cross-validation, whose probes are tried out."""
TRIALS: Final = 320
"""Maximum number of held-out verdicts that each of them gives."""
AVERAGED: Final = 32
"""Number of rows over which gradients are averaged."""
LEAST: Final = 0.1
"""Least factor by which a probe that adds nothing of use is scaled."""


def fit_probe(
    request: TrainingRequest,
    data: Path,
    out: Path,
    *,
    say: Callable[[str], object] = lambda _: None,
    command: str = "",
) -> dict[str, Any]:
    """Teach a model to judge in one word, and leave a folder that can be served at once.

    On a training already begun, the same call goes on with the rows that are not read yet.

    Args:
        request: The settings of the training; those of an optimiser are not used.
        data: The folder that `longthought export --format critic --dialect yes-no` wrote.
        out: The folder that the trained model is written into.
        say: Called with one line for each thing that is done.
        command: The command line, for the model card.

    Returns:
        The facts of the training, as they stand in `training.json`.

    Raises:
        UserError: if data, base or settings make no sense; nothing has been written then.

    """
    folder, record = begin(request.model_copy(update={"role": "critic"}), data, out)
    if record.finished:
        say(f"{out} is trained already")
        return record.facts
    if folder.meta.dialect != YesNo.name:
        raise ConfigError(
            f"{data}: a probe learns verdicts of one word, and these are in {folder.meta.dialect}; export the critic's "
            f"data with `--dialect {YesNo.name}`"
        )
    inputs = prepare(verdicts.Columns(), request, folder)
    if inputs.base.path is None or inputs.base.added is not None:
        raise ConfigError(f"{inputs.base.name}: a probe reads a whole model; merge the adapter into its base first")
    rows: dict[Split, list[Row]] = {
        split: verdicts.encode(of, inputs, str(folder.files[split])) for split, of in inputs.splits.items()
    }
    for split, of in rows.items():
        problems = len({row.problem for row in of})
        say(f"{split}: {len(of):,} verdicts on {problems:,} problems, {sum(row.yes for row in of):,} yes")
        if dropped := len(inputs.splits[split]) - len(of):
            say(f"{split}: {dropped:,} longer than {inputs.limit} tokens are left out")
    if not verdicts.have_both(rows["train"]):
        raise ProblemError(
            f"{folder.files['train']}: its verdicts are all the same, or too long, so there is nothing to tell apart"
        )
    sides: tuple[list[Row], list[Row]] = ([], [])
    for row, fold in zip(rows["train"], folds(rows["train"]), strict=True):
        sides[int(fold == 0)].append(row)
    if not all(map(verdicts.have_both, sides)):
        raise ProblemError(
            f"{folder.files['train']}: too few problems; a fifth of them is put aside to choose the layer, and that "
            "fifth and the rest must both hold right and wrong answers"
        )
    model = inputs.base.language_model(torch.bfloat16).eval()
    if torch.accelerator.is_available():
        model.to(torch.accelerator.current_accelerator())
    mlps = reading.mlps(model, inputs.base.name)
    clock = Clock(record, 0)
    with record.held():
        read = reading.read(model, mlps, rows["train"], out / CHECKPOINTS, request.seed, say)
        measured = _teach(model, mlps, read, rows["train"], random.Random(request.seed), say)
        if verdicts.have_both(held := rows.get("validation", [])):
            after = reading.margins(model, held)
            measured["AUROC on the validation split, as it is served"] = in_words(after, held)
            right = np.mean([row.yes for row in held])
            measured["mean P(yes) there"] = f"{_sigmoid(after).mean():.3f}; right {right:.3f}"
        model.save_pretrained(out)
        inputs.base.tokenizer.save_pretrained(out)
        clock.note()
        sizes = {split: verdicts.lengths(of, len(inputs.splits[split])) for split, of in rows.items()}
        record.facts = {
            **origin(inputs, record, sizes, model),
            "trained_parameters": 3 * read.states.shape[-1],
            "measured": measured,
            "command": command,
        }
        for name, value in measured.items():
            say(f"{name}: {value}")
        finish(record, inputs)
    return record.facts


def _teach(
    model: Any,
    mlps: Sequence[Any],
    read: reading.Reading,
    rows: Sequence[Row],
    rng: random.Random,
    say: Callable[[str], object],
) -> dict[str, str]:
    """Write what the best layer knows into one of its neurons; return what was measured on the way.

    Later layers answer to what an earlier one writes, so the layer is chosen, and its words are weighed, by what comes
    out at the end: on verdicts that the tried probe has not learned from.
    """
    raises = reading.gradients(model, rng.sample(list(rows), min(AVERAGED, len(rows))))
    held = [n for n, fold in enumerate(folds(rows)) if fold == 0]
    held = sorted(rng.sample(held, min(TRIALS, len(held))))
    of, before = [rows[n] for n in held], torch.from_numpy(read.margins[held])
    learned = folds(rows) != 0
    tried = list[tuple[Known, np.ndarray]]()
    for known in ranked(read, rows)[:CANDIDATES]:
        candidate = _neuron(read, rows, known.layer, known.penalty, raises, learned)
        with neuron.tried(mlps[known.layer], _place(mlps, read, known.layer), candidate):
            after = reading.margins(model, of)
        say(
            f"layer {known.layer + 1} of {len(mlps)}: AUROC {in_words(known.scores, rows)} in cross-validation, "
            f"{in_words(after, of)} as it would be served"
        )
        tried.append((known, after))
    known, after = max(tried, key=lambda one: order(one[1], of))
    scale, shift = _calibration(torch.from_numpy(after) - before, before, labels(of))
    final = _neuron(read, rows, known.layer, known.penalty, raises, np.full(len(rows), fill_value=True))
    neuron.insert(mlps[known.layer], _place(mlps, read, known.layer), final.calibrated(scale, shift))
    return {
        "layer": f"{known.layer + 1} of {len(mlps)}",
        "ridge penalty": f"{known.penalty:g}",
        "AUROC before": in_words(read.margins, rows),
        "AUROC in cross-validation": in_words(known.scores, rows),
        "solved there by the best score of each problem": "{:.1%}; by a random answer {:.1%}, by any {:.1%}".format(
            *chosen(known.scores, rows)
        ),
    }


def _neuron(
    read: reading.Reading, rows: Sequence[Row], layer: int, penalty: float, raises: torch.Tensor, learned: np.ndarray
) -> Neuron:
    """Return the neuron of a layer that is fitted on the rows that are `learned`."""
    states = doubles(read.states[learned, layer])
    reads = fit(states, torch.from_numpy(read.margins[learned]), labels(rows)[torch.from_numpy(learned)], penalty)
    gate = neuron.gate(states, doubles(read.elsewhere[:, layer]))
    opened = torch.nn.functional.silu(states @ gate).mean()
    return Neuron(gate, reads, neuron.writes(raises[:, layer]) / opened)


def _place(mlps: Sequence[Any], read: reading.Reading, layer: int) -> int:
    return neuron.least_used(mlps[layer], doubles(read.states[:AVERAGED, layer]))


def _calibration(adds: torch.Tensor, before: torch.Tensor, right: torch.Tensor) -> tuple[float, float]:
    """Return the factor and the summand that make likely verdicts of what a probe adds (Platt, 1999)."""
    scale, shift = fit(torch.stack((adds, torch.ones_like(adds)), dim=1), before, right, 1e-3).tolist()
    return max(scale, LEAST), shift


def _sigmoid(margins: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-margins))
