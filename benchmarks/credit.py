"""Measure how far the gradients of independent batches of whole debates agree, for several rewards.

    OMP_NUM_THREADS=1 python benchmarks/credit.py --rewards outcome --rewards step --rewards step,format=0.5

Every batch has problems of its own, and the same debates are credited by each of the rewards. The cosine between the
gradients of two batches is the share of signal: 0 if a batch says nothing about the next, 1 if all batches say the
same. A training with a low cosine needs larger batches and smaller steps.
"""

import argparse
import tempfile
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from longthought.domains.countdown import countdown_task
from longthought.domains.loader import write
from longthought.problems.countdown import game
from longthought.training.data.states import prompts_of
from longthought.training.fine_tuning import arguments, prepare
from longthought.training.hyperparameters import Hyperparameters
from longthought.training.reinforcement.credit import advantages
from longthought.training.reinforcement.debate_trainer import DebateTrainer, informative_slices
from longthought.training.reinforcement.debates import states_of
from longthought.training.reinforcement.grpo import GroupLearning
from longthought.training.reinforcement.rewards.state import states
from longthought.training.reinforcement.rewards.table import split_weight
from longthought.training.request import ReinforcementRequest

Weighed = dict[str, float]
"""The weight of each reward, by its name."""


def trainer_of(problems: Path, out: Path, request: ReinforcementRequest) -> DebateTrainer:
    """Return the trainer of a training that doesn't begin."""
    learning = GroupLearning()
    inputs = prepare(learning, request, prompts_of(problems, request, "compact"))
    learning.inspect(inputs.train, inputs, str(problems))
    fitted = Hyperparameters.suited(request, 1)
    model = inputs.base.language_model("float32")
    trainer = learning.trainer(inputs, fitted, model, arguments(inputs, fitted, out))
    assert isinstance(trainer, DebateTrainer)
    trainer.model.train()
    trainer.current_gradient_accumulation_steps = trainer.args.steps_per_generation = 1
    return trainer


def gradients(
    trainer: DebateTrainer, rows: Sequence[Any], group: int, arms: Sequence[Weighed]
) -> tuple[list[torch.Tensor], float]:
    """Play a debate on each row; return the gradient by the rewards of each arm, and the share that was solved."""
    player = trainer.player
    debates = player.play(trainer.model, [state.task for state in states(row["state"] for row in rows)])
    turns = [(number, turn) for number, debate in enumerate(debates) for turn in debate.turns]
    batch = trainer._padded([(turn.prompt, turn.reply) for _, turn in turns])
    told = [states_of(debate, player.role, player.dialect) for debate in debates]
    rewards = trainer._rewards(rows, debates, told)
    numbers = [number for number, _ in turns]
    batch = trainer._on_choices(batch, [state for debate in told for state in debate])
    found = list[torch.Tensor]()
    for arm in arms:
        weights = torch.tensor([arm.get(name, 0.0) for name in trainer.reward_func_names])
        named = rewards.masked_fill(weights == 0, torch.nan)
        gains, _ = advantages(named, weights, numbers, group, scaled=trainer.scale_rewards != "none")
        part = {**batch, "advantages": gains, "debates": len(debates), "scale": len(turns) / len(debates)}
        trainer.model.zero_grad()
        for one in informative_slices(part, -(-len(turns) // 256)):
            trainer._compute_loss(trainer.model, one).backward()
        found.append(torch.cat([parameter.grad.flatten() for parameter in trainer.model.parameters()]))
    return found, sum(debate.trajectory.solved is True for debate in debates) / len(debates)


def cosines(found: Sequence[torch.Tensor]) -> list[float]:
    """Return the cosine between each two gradients."""
    similar = torch.nn.functional.cosine_similarity
    return [similar(one, other, dim=0).item() for one, other in combinations(found, 2)]


def main() -> None:
    """Play the batches, and print a line for each arm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rewards", action="append", help="rewards of an arm, as NAME or NAME=WEIGHT,…; repeatable")
    parser.add_argument("--role", choices=("policy", "critic"), default="policy", help="agent that would learn")
    parser.add_argument("--base", default="bundled:countdown", help="agent that would learn, as train grpo takes it")
    parser.add_argument("--partner", help="the other agent (default: as in train grpo)")
    parser.add_argument("--label", choices=("outcome", "exact"), default="outcome", help="what tells where steps lead")
    parser.add_argument("--credit", choices=("reply", "choice"), default="reply", help="tokens that are credited")
    parser.add_argument("--problems", type=Path, help="file of problems (default: four numbers of the training split)")
    parser.add_argument("--computed", type=int, default=500, help="maximum number of tokens in a debate")
    parser.add_argument("--batches", type=int, default=5, help="number of batches")
    parser.add_argument("--batch", type=int, default=256, help="debates in a batch, eight on each problem")
    options = parser.parse_args()
    arms = [dict(map(split_weight, arm.split(","))) for arm in options.rewards or ["outcome", "step"]]
    request = ReinforcementRequest(
        role=options.role, base=options.base, partner=options.partner, computed=options.computed, batch=options.batch,
        label=options.label, credit=options.credit, steps=1,
        rewards=tuple(dict.fromkeys(name for arm in arms for name in arm)),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        problems, each = options.problems or Path(folder) / "train.jsonl", options.batch // request.group
        if options.problems is None:
            puzzles = game.generate(count=options.batches * each, split="train", seed=0)
            write([countdown_task(puzzle) for puzzle in puzzles], problems)
        trainer = trainer_of(problems, Path(folder), request)
        asked: Any = trainer.train_dataset
        batches = list[list[torch.Tensor]]()
        for number in range(options.batches):
            torch.manual_seed(number)
            rows = [asked[number * each + at // request.group] for at in range(options.batch)]
            found, solved = gradients(trainer, rows, request.group, arms)
            batches.append(found)
            print(f"batch {number + 1} of {options.batches}: {solved:.1%} solved", flush=True)
    for arm, found in zip(arms, zip(*batches, strict=True), strict=True):
        similar = cosines(found)
        name = ", ".join(f"{name}={weight:g}" for name, weight in arm.items())
        print(f"{name}: cosine {fmean(similar):.2f}, from {min(similar):.2f} to {max(similar):.2f}")


if __name__ == "__main__":
    main()
