"""What a frozen model makes of verdicts that are due: its states there, its margins, and what would move them."""

# pyright: basic

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

from longthought.errors import ModelError
from longthought.training.probe.verdicts import Row, shared

ELSEWHERE: Final = 2
"""Number of other places of each row, chosen at random, at which the gate is to stay shut."""
_KEPT: Final = "hidden-{}.npz"
"""A part of what was read, under the number of rows read by then."""
_SAVED_AFTER: Final = 100
"""Number of rows after which what was read is kept, for a start after a stop."""
_HEADER: Final = 3
"""Number of tokens by which another place is known at which the model is about to speak."""


@dataclass(slots=True)
class Reading:
    """What a frozen model makes of rows."""

    states: np.ndarray
    """The inputs of every MLP where the verdict is to be written: rows × layers × width, float16."""
    elsewhere: np.ndarray
    """The same at other places: places × layers × width."""
    margins: np.ndarray
    """By how much the logit of *yes* exceeds that of *no*, one number a row."""


def mlps(model: Any, name: str) -> list[Any]:
    """Return the MLP of every layer.

    Raises:
        ModelError: if they aren't gated ones, as in Llama, Qwen, Mistral or Gemma.

    """
    found = [getattr(layer, "mlp", None) for layer in getattr(model.get_decoder(), "layers", ())]
    if not found or not all(hasattr(mlp, "gate_proj") and hasattr(mlp, "down_proj") for mlp in found):
        raise ModelError(f"{name}: its layers have no gated MLP, in which a probe could be written; take another base")
    return found


@torch.no_grad()
def read(
    model: Any, mlps: Sequence[Any], rows: Sequence[Row], kept: Path, seed: int, say: Callable[[str], object]
) -> Reading:
    """Read every row once, and keep what was read in the folder `kept`, for a start after a stop."""
    width, rng = model.config.get_text_config().hidden_size, random.Random(seed)
    order = _order(rows)
    states = np.zeros((len(rows), len(mlps), width), np.float16)
    elsewhere, margins, done, saved = list[np.ndarray](), np.zeros(len(rows)), 0, 0
    for part in sorted(kept.glob(_KEPT.format("*"))):
        with np.load(part) as before:
            new = order[done : done + len(before["margins"])]
            states[new], margins[new] = before["states"], before["margins"]
            elsewhere += list(before["elsewhere"])
            done, saved = done + len(new), len(elsewhere)
    if done:
        say(f"going on after {done:,} of {len(rows):,}")
    seen: list[torch.Tensor] = [torch.empty(0)] * len(mlps)

    def keep(layer: int) -> Callable[..., None]:
        def hook(_: Any, given: tuple[torch.Tensor, ...]) -> None:
            seen[layer] = given[0][0]

        return hook

    with ExitStack() as stack:
        for layer, mlp in enumerate(mlps):
            stack.callback(mlp.register_forward_pre_hook(keep(layer)).remove)
        for count, (number, given, margin) in enumerate(_walk(model, rows, order[done:]), start=done + 1):
            whole = torch.stack(seen).float().cpu().numpy().astype(np.float16)
            states[number], margins[number] = whole[:, -1], margin
            last = len(given) - 1
            places = {*rng.sample(range(last), min(ELSEWHERE, last)), *_about_to_speak(given)}
            elsewhere += [whole[:, place] for place in sorted(places)]
            if count % _SAVED_AFTER == 0 or count == len(order):
                new = order[done:count]
                part = kept / _KEPT.format(f"{count:09}")
                _save(part, states=states[new], margins=margins[new], elsewhere=np.stack(elsewhere[saved:]))
                done, saved = count, len(elsewhere)
                say(f"read {count:,} of {len(order):,}")
    return Reading(states, np.stack(elsewhere), margins)


@torch.no_grad()
def margins(model: Any, rows: Sequence[Row]) -> np.ndarray:
    """Return by how much the logit of *yes* exceeds that of *no*, one number a row."""
    found = np.zeros(len(rows))
    for number, _, margin in _walk(model, rows, _order(rows)):
        found[number] = margin
    return found


@torch.enable_grad()
def gradients(model: Any, rows: Sequence[Row]) -> torch.Tensor:
    """Return what would raise each margin if it were added to a layer's output there: rows × layers × width."""
    found, outputs = list[torch.Tensor](), list[torch.Tensor]()

    def keep(_: Any, __: Any, output: Any) -> Any:
        whole = output if isinstance(output, torch.Tensor) else output[0]
        if not outputs:  # nothing before the first layer is asked
            whole = whole.detach().requires_grad_()
        outputs.append(whole)
        return whole if isinstance(output, torch.Tensor) else (whole, *output[1:])

    model.requires_grad_(requires_grad=False)
    with ExitStack() as stack:
        for layer in model.get_decoder().layers:
            stack.callback(layer.register_forward_hook(keep).remove)
        for row in rows:
            outputs.clear()
            given = torch.tensor([row.prompt], device=model.device)
            logits = model(input_ids=given, use_cache=False, logits_to_keep=1).logits[0, -1].double()
            of = torch.autograd.grad(logits[row.words[0]] - logits[row.words[1]], outputs)
            found.append(torch.stack([gradient[0, -1].double().cpu() for gradient in of]))
    return torch.stack(found)


def _order(rows: Sequence[Row]) -> list[int]:
    """Return the order in which rows share most with the row before."""
    return sorted(range(len(rows)), key=lambda n: rows[n].prompt)


def _walk(model: Any, rows: Sequence[Row], order: Sequence[int]) -> Iterator[tuple[int, list[int], float]]:
    """Read rows; what a row shares with the one before is not read again.

    Yields:
        The row's number, its tokens that were read, and its margin.

    """
    cache, past = None, ()
    for number in order:
        row = rows[number]
        kept = min(shared(past, row.prompt), len(row.prompt) - 1)
        if cache is None or not all(type(of) is DynamicLayer for of in cache.layers):
            cache, kept = DynamicCache(config=model.config), 0
        elif len(past) > kept:
            cache.crop(kept - len(past))
        given = list(row.prompt[kept:])
        tokens = torch.tensor([given], device=model.device)
        logits = model(input_ids=tokens, past_key_values=cache, logits_to_keep=1).logits[0, -1].double()
        past = row.prompt
        yield number, given, float(logits[row.words[0]] - logits[row.words[1]])


def _about_to_speak(tokens: list[int]) -> list[int]:
    """Return the other places that end as the prompt does: where the model began to speak before."""
    header = tokens[-_HEADER:]
    return [n for n in range(_HEADER - 1, len(tokens) - 1) if tokens[n - _HEADER + 1 : n + 1] == header]


def _save(path: Path, **arrays: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    with draft.open("wb") as file:
        np.savez(file, **arrays)
    draft.replace(path)
