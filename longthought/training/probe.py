"""A linear probe as a critic: what a frozen model knows of an answer, read out into its verdict of one word.

The data are read once. At the place where the verdict is to be written, a logistic regression on the input of each
layer's MLP learns whether the answer is right, and the layer whose regression orders held-out answers best is taken.
Its direction becomes one neuron of that MLP, which a gate opens at that place alone, and which writes along the
difference of *yes* and *no*. So the result is an ordinary model that any server can serve, it judges below the policy's
own words without reading anything twice, and in the policy's chair it writes what its base writes.

Alain and Bengio, "Understanding Intermediate Layers Using Linear Classifier Probes", 2016; Azaria and Mitchell, "The
Internal State of an LLM Knows When It's Lying", 2023.
"""

# pyright: basic

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers.cache_utils import DynamicCache, DynamicLayer

from longthought.agents.dialects.yes_no import WORDS, YesNo
from longthought.errors import ConfigError, ModelError, ProblemError
from longthought.statistics import auroc
from longthought.training.data.folder import Split
from longthought.training.fine_tuning import TrainerInputs, begin, finish, origin, prepare
from longthought.training.inspection import Examples, Lengths
from longthought.training.record import CHECKPOINTS, Clock
from longthought.training.request import TrainingRequest

PENALTIES: Final = (1.0, 1e-1, 1e-2)
"""Strengths of the ridge penalty, among which cross-validation chooses."""
FOLDS: Final = 5
ELSEWHERE: Final = 2
"""Number of other places of each row, chosen at random, at which the gate is to stay shut."""
OPEN: Final = 8.0
"""Mean input of the open gate; what lets SiLU through at minus that much is below 0.003."""
_KEPT: Final = "hidden.npz"
_SAVED_AFTER: Final = 100
"""Number of rows after which what was read is kept, for a start after a stop."""
_HEADER: Final = 3
"""Number of tokens by which another place is known at which the model is about to speak."""
_AVERAGED: Final = 32
"""Number of rows over which a gradient is averaged, and that are read again after a stop."""


@dataclass
class Verdicts:
    """See `longthought.training.fine_tuning.Rows`."""

    columns: tuple[str, ...] = ("prompt", "completion")
    formats: str = f"critic in the dialect {YesNo.name}"


@dataclass(frozen=True, slots=True)
class Row:
    """A verdict to learn."""

    prompt: tuple[int, ...]
    """The tokens up to the verdict."""
    words: tuple[int, int]
    """The tokens of *yes* and *no* there."""
    yes: bool
    problem: str


@dataclass(slots=True)
class Reading:
    """What a frozen model makes of rows."""

    states: np.ndarray
    """The inputs of every MLP where the verdict is to be written: rows × layers × width, float16."""
    elsewhere: np.ndarray
    """The same at other places: places × layers × width."""
    margins: np.ndarray
    """By how much the logit of *yes* exceeds that of *no*, one number a row."""
    towards_yes: torch.Tensor
    """The gradient of that margin in the last layer's output, on average: one number a dimension."""


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
    inputs = prepare(Verdicts(), request, folder)
    if inputs.base.path is None or inputs.base.added is not None:
        raise ConfigError(f"{inputs.base.name}: a probe reads a whole model; merge the adapter into its base first")
    rows: dict[Split, list[Row]] = {
        split: _rows(of, inputs, str(folder.files[split])) for split, of in inputs.splits.items()
    }
    for split, of in rows.items():
        problems = len({row.problem for row in of})
        say(f"{split}: {len(of):,} verdicts on {problems:,} problems, {sum(row.yes for row in of):,} yes")
        if dropped := len(inputs.splits[split]) - len(of):
            say(f"{split}: {dropped:,} longer than {inputs.limit} tokens are left out")
    if not _has_both(rows["train"]):
        raise ProblemError(
            f"{folder.files['train']}: its verdicts are all the same, or too long, so there is nothing to tell apart"
        )
    model = inputs.base.language_model(torch.bfloat16).eval()
    if torch.accelerator.is_available():
        model.to(torch.accelerator.current_accelerator())
    mlps = _mlps(model, inputs.base.name)
    clock = Clock(record, 0)
    record.write()
    reading = _read(model, mlps, rows["train"], out / CHECKPOINTS, request.seed, say)
    measured = _teach(mlps, reading, rows["train"], say)
    if _has_both(held := rows.get("validation", [])):
        after = _read(model, mlps, held, None, request.seed, say).margins
        measured["AUROC on the validation split, as it is served"] = _orders(after, held)
    model.save_pretrained(out)
    inputs.base.tokenizer.save_pretrained(out)
    clock.note()
    record.facts = {
        **origin(inputs, record, {split: _lengths(of, len(inputs.splits[split])) for split, of in rows.items()}, model),
        "trained_parameters": 3 * reading.states.shape[-1],
        "measured": measured,
        "command": command,
    }
    for name, value in measured.items():
        say(f"{name}: {value}")
    finish(record, inputs)
    return record.facts


def _teach(mlps: Sequence[Any], reading: Reading, rows: Sequence[Row], say: Callable[[str], object]) -> dict[str, str]:
    """Write what the layer that knows most knows into one of its neurons; return what cross-validation says of it."""
    layer, penalty, scores = _choose(reading, rows, say)
    right = torch.tensor([row.yes for row in rows], dtype=torch.float64)
    states = _doubles(reading.states[:, layer])
    direction = _fit(states, _doubles(reading.margins), right, penalty)
    gate = _gate(states, _doubles(reading.elsewhere[:, layer]))
    _insert(mlps[layer], gate, direction, states, reading.towards_yes)
    return {
        "layer": f"{layer + 1} of {len(mlps)}",
        "ridge penalty": f"{penalty:g}",
        "AUROC before": _orders(reading.margins, rows),
        "AUROC in cross-validation": _orders(scores, rows),
    }


# The examples.


def _rows(rows: Any, inputs: TrainerInputs, where: str) -> list[Row]:
    """Encode every verdict that the model can take.

    Raises:
        ProblemError: at a row that is no verdict of one word.
        ModelError: if the tokenizer doesn't tell the two words apart.

    """
    examples, found = Examples(inputs.base, rows, ("completion",)), list[Row]()
    for number, row in enumerate(rows, start=1):
        place = f"{where}, example {number}"
        said = row["completion"][-1]["content"].strip()
        if said not in WORDS:
            raise ProblemError(f"{place}: its verdict is {said[:40]!r}, neither Yes nor No; export it again")
        (prompt, yes), (_, no) = (
            examples.encode({**row, "completion": [{"role": "assistant", "content": word}]}, "completion", place)
            for word in WORDS
        )
        at = _shared(yes, no)
        if at == min(len(yes), len(no)):
            raise ModelError(f"{place}: {inputs.base.name} has no tokens that tell Yes from No; take another base")
        tokens = (*prompt, *yes[:at])
        if len(tokens) >= inputs.limit:
            continue
        inputs.base.expect_known_words(list(tokens), place)
        found.append(Row(tokens, (yes[at], no[at]), said == WORDS[0], str(row.get("problem", number))))
    return found


def _has_both(rows: Sequence[Row]) -> bool:
    return len({row.yes for row in rows}) == 2


def _lengths(rows: Sequence[Row], given: int) -> Lengths:
    sizes, dropped = [len(row.prompt) for row in rows], given - len(rows)
    return Lengths(given, sum(sizes), max(sizes, default=0), len(rows), dropped, dropped)


# What the frozen model makes of them.


def _mlps(model: Any, name: str) -> list[Any]:
    """Return the MLP of every layer.

    Raises:
        ModelError: if they aren't gated ones, as in Llama, Qwen, Mistral or Gemma.

    """
    layers = getattr(model.get_decoder(), "layers", ())
    found = [getattr(layer, "mlp", None) for layer in layers]
    if not found or not all(hasattr(mlp, "gate_proj") and hasattr(mlp, "down_proj") for mlp in found):
        raise ModelError(f"{name}: its layers have no gated MLP, in which a probe could be written; take another base")
    return found


@torch.no_grad()
def _read(
    model: Any, mlps: Sequence[Any], rows: Sequence[Row], kept: Path | None, seed: int, say: Callable[[str], object]
) -> Reading:
    """Read every row once; what rows share with the row before in order of their tokens is not read again."""
    width, rng = model.config.get_text_config().hidden_size, random.Random(seed)
    order = sorted(range(len(rows)), key=lambda n: rows[n].prompt)
    states = np.zeros((len(rows), len(mlps), width), np.float16)
    elsewhere, margins, done = list[np.ndarray](), np.zeros(len(rows)), 0
    if kept is not None and (kept / _KEPT).is_file():
        with np.load(kept / _KEPT) as before:
            done, elsewhere = max(0, int(before["done"]) - _AVERAGED), list(before["elsewhere"])
            states[order[:done]], margins[order[:done]] = before["states"][:done], before["margins"][:done]
        say(f"going on after {done:,} of {len(rows):,}")
    norm = model.get_decoder().norm
    seen: list[torch.Tensor] = [torch.empty(0)] * (len(mlps) + 1)
    ends = list[torch.Tensor]()

    def keep(layer: int) -> Callable[..., None]:
        def hook(_: Any, given: tuple[torch.Tensor, ...]) -> None:
            seen[layer] = given[0][0]

        return hook

    cache, past = None, ()
    with ExitStack() as stack:
        for layer, module in enumerate((*mlps, norm)):
            stack.callback(module.register_forward_pre_hook(keep(layer)).remove)
        for count, number in enumerate(order[done:], start=done + 1):
            row = rows[number]
            shared = min(_shared(past, row.prompt), len(row.prompt) - 1)
            if cache is None or not all(type(of) is DynamicLayer for of in cache.layers):
                cache, shared = DynamicCache(config=model.config), 0
            elif len(past) > shared:
                cache.crop(shared - len(past))
            given = torch.tensor([row.prompt[shared:]], device=model.device)
            logits = model(input_ids=given, past_key_values=cache, logits_to_keep=1).logits[0, -1].double()
            past = row.prompt
            margins[number] = logits[row.words[0]] - logits[row.words[1]]
            whole = torch.stack(seen[:-1])
            states[number] = whole[:, -1].float().cpu().numpy()
            last = whole.shape[1] - 1
            places = {*rng.sample(range(last), min(ELSEWHERE, last)), *_about_to_speak(given[0].tolist())}
            elsewhere += [whole[:, place].float().cpu().numpy().astype(np.float16) for place in sorted(places)]
            if len(ends) < _AVERAGED:
                ends.append(seen[-1][-1].clone())
            if kept is not None and (count % _SAVED_AFTER == 0 or count == len(order)):
                chosen = order[:count]
                _save(kept, done=count, states=states[chosen], margins=margins[chosen], elsewhere=np.stack(elsewhere))
                say(f"read {count:,} of {len(order):,}")
    return Reading(states, np.stack(elsewhere), margins, _towards_yes(model, norm, ends, rows[0].words))


def _about_to_speak(tokens: list[int]) -> list[int]:
    """Return the other places that end as the prompt does: where the model began to speak before."""
    header = tokens[-_HEADER:]
    return [n for n in range(_HEADER - 1, len(tokens) - 1) if tokens[n - _HEADER + 1 : n + 1] == header]


@torch.enable_grad()
def _towards_yes(model: Any, norm: Any, ends: Sequence[torch.Tensor], words: tuple[int, int]) -> torch.Tensor:
    last = torch.stack(list(ends)).detach().requires_grad_()
    logits = model.get_output_embeddings()(norm(last[None]))[0]
    margin = (logits[:, words[0]] - logits[:, words[1]]).sum()
    (gradient,) = torch.autograd.grad(margin, last)
    return gradient.double().mean(0).cpu()


def _save(folder: Path, **arrays: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{_KEPT}.part").open("wb") as file:
        np.savez(file, **arrays)
    (folder / f"{_KEPT}.part").replace(folder / _KEPT)


def _shared(a: Sequence[int], b: Sequence[int]) -> int:
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _doubles(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float64))


# What it knows, and where.


def _choose(reading: Reading, rows: Sequence[Row], say: Callable[[str], object]) -> tuple[int, float, np.ndarray]:
    """Return the layer and the penalty whose probe orders held-out answers best, and its scores of them.

    The order of all answers and of those to one problem count the same; where it is equal, the likelier scores win.
    """
    names = {name: n for n, name in enumerate(dict.fromkeys(row.problem for row in rows))}
    fold = np.array([names[row.problem] % FOLDS for row in rows])
    right = torch.tensor([row.yes for row in rows], dtype=torch.float64)
    margins, best = _doubles(reading.margins), ((0.0, 0.0), 0, 0.0, reading.margins)
    for layer in range(reading.states.shape[1]):
        states = _doubles(reading.states[:, layer])
        found = [np.zeros(len(rows)) for _ in PENALTIES]
        for number in range(FOLDS):
            learned, held = torch.from_numpy(fold != number), torch.from_numpy(fold == number)
            direction = None
            for scores, penalty in zip(found, PENALTIES, strict=True):
                direction = _fit(states[learned], margins[learned], right[learned], penalty, direction)
                scores[held.numpy()] = (margins[held] + states[held] @ direction).numpy()
        for scores, penalty in zip(found, PENALTIES, strict=True):
            loss = float(binary_cross_entropy_with_logits(torch.from_numpy(scores), right))
            order = (_overall(scores, rows) + _within(scores, rows)) / 2
            best = max(best, ((round(order, 3), -loss), layer, penalty, scores), key=lambda found: found[0])
    say(f"layer {best[1] + 1} of {reading.states.shape[1]} knows most")
    return best[1:]


def _fit(
    states: torch.Tensor, margins: torch.Tensor, right: torch.Tensor, penalty: float, start: torch.Tensor | None = None
) -> torch.Tensor:
    """Return the direction that, added to the margins, predicts best what is right, by ridge logistic regression."""
    spread = states.std(0) + 1e-6
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


def _gate(states: torch.Tensor, elsewhere: torch.Tensor) -> torch.Tensor:
    """Return the direction that is `OPEN` where a verdict is due, on average, and far below zero elsewhere."""
    both = torch.cat((states, elsewhere))
    due = torch.cat((torch.ones(len(states)), torch.zeros(len(elsewhere)))).double()
    direction = _fit(both, torch.zeros_like(due), due, 1e-3)
    return direction * (OPEN / (states @ direction).mean())


@torch.no_grad()
def _insert(mlp: Any, gate: torch.Tensor, direction: torch.Tensor, states: torch.Tensor, towards: torch.Tensor) -> None:
    """Write the probe into the neuron of an MLP that does least."""
    some = states[:_AVERAGED].to(mlp.down_proj.weight)
    does = (mlp.act_fn(mlp.gate_proj(some)) * mlp.up_proj(some)).abs().mean(0) * mlp.down_proj.weight.norm(dim=0)
    neuron = int(does.argmin())
    opened = mlp.act_fn(states @ gate).mean()
    step = towards / (towards @ towards) / opened
    for projection, row in ((mlp.gate_proj, gate), (mlp.up_proj, direction)):
        projection.weight[neuron] = row.to(projection.weight)
        if projection.bias is not None:
            projection.bias[neuron] = 0
    mlp.down_proj.weight[:, neuron] = step.to(mlp.down_proj.weight)


def _overall(scores: np.ndarray, rows: Sequence[Row]) -> float:
    """Return the AUROC of scores over all answers."""
    yes = np.array([row.yes for row in rows])
    return auroc(scores[yes].tolist(), scores[~yes].tolist())


def _within(scores: np.ndarray, rows: Sequence[Row]) -> float:
    """Return the AUROC of scores over the pairs of a right and a wrong answer to the same problem.

    Where no problem has both, the AUROC over all answers.
    """
    by_problem: dict[str, tuple[list[float], list[float]]] = {}
    for score, row in zip(scores, rows, strict=True):
        by_problem.setdefault(row.problem, ([], []))[not row.yes].append(float(score))
    pairs = [(len(right) * len(wrong), right, wrong) for right, wrong in by_problem.values() if right and wrong]
    if not pairs:
        return _overall(scores, rows)
    return sum(count * auroc(right, wrong) for count, right, wrong in pairs) / sum(count for count, _, _ in pairs)


def _orders(scores: np.ndarray, rows: Sequence[Row]) -> str:
    return f"{_overall(scores, rows):.3f}; within a problem {_within(scores, rows):.3f}"
