"""A probe as one neuron of an MLP: a gate that opens where a verdict is due, what it reads, and what it writes."""

# pyright: basic

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import torch

from longthought.training.probe.regression import fit

OPEN: Final = 8.0
"""Mean input of the open gate; what lets SiLU through at minus that much is below 0.003."""
_STEADY: Final = 0.1
"""Ridge penalty on what is written, as a share of the mean square of the gradients."""


@dataclass(frozen=True, slots=True)
class Neuron:
    """The three rows of a gated MLP's neuron, one number a dimension of the layer."""

    gate: torch.Tensor
    reads: torch.Tensor
    writes: torch.Tensor

    def calibrated(self, scale: float, shift: float) -> "Neuron":
        """Return the neuron that adds `scale` times as much to the margin, and `shift` beside it."""
        constant = self.gate / OPEN  # about 1 where the gate is open
        return replace(self, reads=self.reads + constant * (shift / scale), writes=self.writes * scale)


def gate(states: torch.Tensor, elsewhere: torch.Tensor) -> torch.Tensor:
    """Return the direction that is `OPEN` where a verdict is due, on average, and far below zero elsewhere."""
    both = torch.cat((states, elsewhere))
    due = torch.cat((torch.ones(len(states)), torch.zeros(len(elsewhere)))).double()
    direction = fit(both, torch.zeros_like(due), due, 1e-3)
    return direction * (OPEN / (states @ direction).mean())


def writes(gradients: torch.Tensor) -> torch.Tensor:
    """Return the smallest addition to a layer's output that raises every margin by about one.

    Args:
        gradients: What raises the margins: rows × width.

    """
    products = gradients @ gradients.T
    ridge = _STEADY * products.diagonal().mean() * torch.eye(len(products), dtype=products.dtype)
    return gradients.T @ torch.linalg.solve(products + ridge, torch.ones(len(products), dtype=products.dtype))


@torch.no_grad()
def least_used(mlp: Any, states: torch.Tensor) -> int:
    """Return the number of the neuron that does least at these states: rows × width."""
    some = states.to(mlp.down_proj.weight)
    does = (mlp.act_fn(mlp.gate_proj(some)) * mlp.up_proj(some)).abs().mean(0) * mlp.down_proj.weight.norm(dim=0)
    return int(does.argmin())


@torch.no_grad()
def insert(mlp: Any, place: int, neuron: Neuron) -> None:
    """Write a neuron over the one at `place`."""
    for projection, row in ((mlp.gate_proj, neuron.gate), (mlp.up_proj, neuron.reads)):
        projection.weight[place] = row.to(projection.weight)
        if projection.bias is not None:
            projection.bias[place] = 0
    mlp.down_proj.weight[:, place] = neuron.writes.to(mlp.down_proj.weight)


@contextmanager
def tried(mlp: Any, place: int, neuron: Neuron) -> Iterator[None]:
    """Have a neuron in an MLP for a while."""
    before = {name: value.clone() for name, value in mlp.state_dict().items()}
    insert(mlp, place, neuron)
    try:
        yield
    finally:
        mlp.load_state_dict(before)
