"""GRPO on whole debates: every turn of the learning agent is a row, with an advantage by the debates of its problem.

TRL's rollouts of several turns are one growing sequence with a mask. The turns of a debate have prompts of their own,
so here each turn is a prompt and a reply, and the loss is TRL's on these rows. Its gradient is a mean over debates of
the sum over their turns (losses that are a mean over replies), or a mean over all learned tokens (dapo, cispo, vespo).
Debates are played in this process, so a training takes one process and no vLLM.
"""

# pyright: basic

import time
from collections.abc import Sequence
from typing import Any

import torch
from transformers import Trainer
from trl.models.utils import disable_gradient_checkpointing
from trl.trainer.utils import pad, use_adapter

from longthought.errors import RunError
from longthought.training.data.rows import messages, reply
from longthought.training.reinforcement.credit import advantages
from longthought.training.reinforcement.debates import DebatePlayer, PlayedDebate, states_of
from longthought.training.reinforcement.group_trainer import GroupTrainer, informative_parts
from longthought.training.reinforcement.rewards.state import State, states


class DebateTrainer(GroupTrainer):
    """See the module."""

    player: DebatePlayer
    """Plays the debates; it is set before the training begins."""

    def _generate_and_score_completions(self, inputs: Any) -> dict[str, Any]:
        """Play a debate for each input, and return their turns as rows, and the number of debates as `debates`."""
        began = time.process_time()
        tasks = [state.task for state in states(row["state"] for row in inputs)]
        played = self.player.play(self._plain_model(), tasks)
        self._metrics["train"]["cpu/generation"].append(time.process_time() - began)
        turns = [(number, turn) for number, debate in enumerate(played) for turn in debate.turns]
        if not turns:
            raise RunError(
                f"the learning agent was not asked once in {len(played)} debates, so there is nothing to learn from; "
                "look at a debate of these agents with `longthought solve`"
            )
        batch = self._padded([(turn.prompt, turn.reply) for _, turn in turns])
        told = [states_of(debate, self.player.role, self.player.dialect) for debate in played]
        rewards = self._rewards(inputs, played, told)
        weights = self.reward_weights.to(rewards.device)
        scaled = self.scale_rewards != "none"
        batch["advantages"], even = advantages(
            rewards, weights, [number for number, _ in turns], self.args.num_generations or 1, scaled=scaled
        )
        self._note(played, rewards, (rewards * weights).nansum(-1), even)
        batch = {**batch, **self._reference(batch), "debates": len(played)}
        return self._on_choices(batch, [state for debate in told for state in debate])

    def _padded(self, turns: Sequence[tuple[Sequence[int], Sequence[int]]]) -> dict[str, Any]:
        """Return prompts and replies as TRL pads them: prompts on the left, replies on the right."""
        batch: dict[str, Any] = {}
        for name, side, rows in zip(("prompt", "completion"), ("left", "right"), zip(*turns, strict=True), strict=True):
            ids = [torch.tensor(row) for row in rows]
            value: Any = self._tokenizer.pad_token_id
            batch[f"{name}_ids"] = pad(ids, padding_value=value, padding_side=side)
            batch[f"{name}_mask"] = pad([torch.ones_like(row) for row in ids], padding_value=0, padding_side=side)
        batch = {name: tensor.to(self.accelerator.device) for name, tensor in batch.items()}
        return {**batch, "num_items_in_batch": batch["completion_mask"].sum()}

    def _rewards(self, inputs: Any, played: Sequence[PlayedDebate], told: Sequence[Sequence[State]]) -> torch.Tensor:
        """Return the rewards of all turns, (turns, rewards), from the states that their debates tell of."""
        rows = [
            self._row(row, state, list(turn.reply))
            for row, debate, asked in zip(inputs, played, told, strict=True)
            for state, turn in zip(asked, debate.turns, strict=True)
        ]
        prompts, completions = ([row.pop(name) for row in rows] for name in ("prompt", "completion"))
        return self._calculate_rewards(rows, prompts, completions, [row["completion_ids"] for row in rows])

    def _row(self, problem: Any, state: State, ids: list[int]) -> dict[str, Any]:
        """Return a turn with the columns that rewards get."""
        text: Any = self._tokenizer.decode(ids, skip_special_tokens=True)
        own = {"prompt": messages(state.ask()), "completion": reply(text), "completion_ids": ids}
        return {**problem, **own, "state": state.model_dump_json(), "logged": ""}

    def _reference(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return the log-probabilities that the loss compares with, where it needs any."""
        whole = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
        mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
        width, size = batch["completion_ids"].shape[1], self.args.per_device_train_batch_size

        def logps(model: Any) -> torch.Tensor:
            return self._get_per_token_logps_and_entropies(model, whole, mask, width, batch_size=size)[0]

        found: dict[str, Any] = {}
        with torch.no_grad(), disable_gradient_checkpointing(self.model, self.args.gradient_checkpointing_kwargs):
            if self.args.gradient_accumulation_steps % (self.args.steps_per_generation * self.num_iterations):
                found["old_per_token_logps"] = logps(self.model)
            if self.beta and self.ref_model is not None:
                found["ref_per_token_logps"] = logps(self.ref_model)
            elif self.beta:
                adapted = self._plain_model()
                with use_adapter(adapted, adapter_name="ref" if "ref" in adapted.peft_config else None):
                    found["ref_per_token_logps"] = logps(self.model)
        return found

    def _note(
        self, played: Sequence[PlayedDebate], rewards: torch.Tensor, total: torch.Tensor, even: torch.Tensor
    ) -> None:
        """Add the figures of a batch to the metrics."""
        noted = self._metrics["train"]
        for index, name in enumerate(self.reward_func_names):
            noted[f"rewards/{name}/mean"].append(rewards[:, index].nanmean().item())
        noted["reward"].append(total.mean().item())
        noted["reward_std"].append(total.std(correction=0).item())
        noted["frac_reward_zero_std"].append(even.float().mean().item())
        noted["solved"].append(sum(debate.trajectory.solved is True for debate in played) / len(played))
        noted["turns"].append(len(total) / len(played))
        noted["computed"].append(sum(debate.trajectory.tree.total_usage.computed for debate in played) / len(played))

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        """Return the next part of a batch of debates; a row that `training_step` cut is ready as it is."""
        return generation_batch if "advantages" in generation_batch else super()._prepare_inputs(generation_batch)

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any) -> torch.Tensor:
        """Take the turns of a part in passes of at most the micro-batch, since debates differ in their turns."""
        began = time.process_time()
        model.train()
        part = self._prepare_inputs(inputs)
        rows, size = len(part["advantages"]), self.args.per_device_train_batch_size
        passes = informative_slices(part, -(-rows // size))
        losses = [Trainer.training_step(self, model, one, num_items_in_batch) for one in passes]
        self._step += 1
        self._count_seconds(time.process_time() - began)
        return torch.stack(losses).sum()


def informative_slices(part: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Divide a part, which holds only what is learned, into slices whose losses add up to its own."""
    rows, scale = len(part["advantages"]), part["scale"]
    sliced = informative_parts({**part, "debates": rows}, count, whole=True)
    return [{**one, "scale": scale * one["scale"] / count} for one in sliced]
