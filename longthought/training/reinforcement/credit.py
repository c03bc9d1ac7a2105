"""The advantages of turns in groups of whole debates.

A group is the debates of one problem. Every turn has its own reward less the mean reward of all turns of the group; a
reward that is the same for all turns of a debate, such as the outcome, credits them alike. The gradient sums over
turns, so the mean is one over turns too. A mean over debates would be too high, as debates that fail have the most
turns; most advantages would be negative, and the gradient noisier. Rows of a turn without any reward have no advantage.
"""

# pyright: basic

from collections.abc import Sequence

import torch


def advantages(
    rewards: torch.Tensor, weights: torch.Tensor, debates: Sequence[int], group: int, *, scaled: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the advantages of turns, and for each group whether all its rewards are equal.

    Args:
        rewards: The rewards of every turn, (turns, rewards); NaN where a reward skips a turn.
        weights: The weight of each reward, (rewards,).
        debates: The number of the debate that each turn belongs to; debates of a group have successive numbers.
        group: Number of debates in a group.
        scaled: Whether advantages are divided by the standard deviation of the rewards in their group.

    Returns:
        The advantages, (turns,), and the flags of the groups that have turns with rewards, (groups,).

    """
    total = (rewards * weights).nansum(-1)
    known = ~rewards.isnan().all(-1)
    groups = torch.tensor(debates, device=rewards.device) // group
    result = torch.zeros_like(total)
    even: list[bool] = []
    for number in groups[known].unique():
        rows = ((groups == number) & known).nonzero()[:, 0]
        own = total[rows]
        even.append(bool(own.max() - own.min() < 1e-6))
        if not even[-1]:
            result[rows] = (own - own.mean()) / (own.std(correction=0) + 1e-4 if scaled else 1.0)
    return result, torch.tensor(even)
