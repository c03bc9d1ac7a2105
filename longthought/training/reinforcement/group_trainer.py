"""TRL's GRPOTrainer with our rollouts in process, and without work on replies that teach nothing.

In process, replies are written by `generate_all`. Replies of groups in which all rewards are equal have no advantage,
so they are left out of the update, unless they change the loss in another way; the others are sorted by length, so that
little of a pass is padding. The gradient is TRL's own, as the scale of each part says how many replies it stands for.
With vLLM, several processes or sharded weights, TRL's own ways are taken. `debate_trainer` adds whole debates.
"""

# pyright: basic

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from accelerate.utils import gather_object
from trl.trainer.grpo_trainer import GRPOTrainer

from longthought.agents.in_process.engine import SamplingParams
from longthought.agents.in_process.rollouts import generate_all
from longthought.training.reinforcement.choices import choice_mask, step_credits
from longthought.training.reinforcement.collapse import figures
from longthought.training.reinforcement.rewards.state import State, states
from longthought.training.reinforcement.rewards.table import expect_some

_PER_REPLY: Final = frozenset({"grpo", "dr_grpo", "bnpo", "sapo", "luspo"})
"""Losses that are a mean over replies, and have to be scaled where some are left out."""
_PROMPT: Final = ("prompt_ids", "prompt_mask")
_REPLY: Final = (
    "completion_ids", "completion_mask", "tool_mask", "old_per_token_logps", "ref_per_token_logps",
    "sampling_per_token_logps", "importance_sampling_ratio", "advantages",
)  # fmt: skip
"""Tensors with a column for each token of a reply."""

logging.getLogger("trl.trainer.grpo_trainer").addFilter(
    lambda record: "All reward functions returned None" not in record.getMessage()
)
"""TRL prints a whole row for each batch with a reply that no reward can tell about; such replies are expected here."""


class GroupTrainer(GRPOTrainer):
    """See the module."""

    model: Any
    args: Any
    credit: str = "reply"
    """What the reward credits: the whole reply, or the choice of a move in it; with `step`, novelty credits steps."""
    novelty: float = 0.0
    """The weight of the novelty of a step, if that credits the step alone."""
    _seen_rewards = False
    _step_seconds = 0.0

    def _generate_single_turn(self, prompt_ids: Any, images: Any, *rest: Any, **more: Any) -> Any:
        began = time.process_time()
        if self._in_process() and images is None:
            ids = [list(prompt) for prompt in prompt_ids]
            written = generate_all(self._plain_model(), ids, self._sampling())
            end = self._tokenizer.eos_token_id
            replies = [[*reply.token_ids, *([] if reply.truncated else [end])] for reply in written]
            answer: Any = (replies, None)
        else:
            answer = super()._generate_single_turn(prompt_ids, images, *rest, **more)
        mode = "train" if self.model.training else "eval"
        self._metrics[mode]["cpu/generation"].append(time.process_time() - began)
        return answer

    def _generate_and_score_completions(self, inputs: Any) -> dict[str, Any]:
        batch = super()._generate_and_score_completions(inputs)
        asked = states(row["state"] for row in inputs)
        return self._on_steps(batch, asked) if self.credit == "step" else self._on_choices(batch, asked)

    def _on_steps(self, batch: dict[str, Any], asked: Sequence[State]) -> dict[str, Any]:
        """Leave only the choices of a thought's steps to learn, each with what the thought and its own novelty earn."""
        advantages = torch.zeros_like(batch["completion_mask"], dtype=batch["advantages"].dtype)
        earned = step_credits(self._tokenizer, _replies(batch), asked)
        for row, outcome, choices in zip(advantages, batch["advantages"], earned, strict=True):
            for at, novelty in choices.items():
                row[at] = outcome + self.novelty * novelty
        return {**batch, "advantages": advantages}

    def _on_choices(self, batch: dict[str, Any], asked: Sequence[State]) -> dict[str, Any]:
        """Leave only the tokens of choices to learn, if these are what the reward credits."""
        if self.credit == "reply":
            return batch
        masks = [
            torch.tensor(choice_mask(self._tokenizer, ids, state.role, state.dialect))
            for ids, state in zip(_replies(batch), asked, strict=True)
        ]
        mask = torch.zeros_like(batch["completion_mask"])
        for row, chosen in zip(mask, masks, strict=True):
            row[: len(chosen)] = chosen.to(mask)
        learned: Any = self.accelerator.gather((mask * batch["completion_mask"]).sum())
        return {**batch, "tool_mask": mask, "num_items_in_batch": learned.sum()}

    def _in_process(self) -> bool:
        sharded = self.is_fsdp_enabled or self.is_deepspeed_enabled
        return not (self.use_vllm or self.use_transformers_continuous_batching or sharded)

    def _plain_model(self) -> Any:
        return self.accelerator.unwrap_model(self.model_wrapped)

    def _sampling(self) -> SamplingParams:
        assert self.max_completion_length is not None
        return SamplingParams(
            max_tokens=self.max_completion_length, temperature=self.temperature, top_p=self.top_p, top_k=self.top_k or 0
        )

    def _calculate_rewards(self, inputs: Any, prompts: Any, completions: Any, completion_ids_list: Any) -> Any:
        began = time.process_time()
        mode = "train" if self.model.training else "eval"
        rewards = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)
        if not self._seen_rewards:  # before the first update
            self._seen_rewards = True
            self._expect_some(rewards)
        for found in gather_object([figures(completions, [row["state"] for row in inputs], completion_ids_list)]):
            for name, value in found.items():  # of all processes, so that all stop together
                self._metrics[mode][name].append(value)
        self._metrics[mode]["cpu/reward"].append(time.process_time() - began)
        return rewards

    def _expect_some(self, rewards: torch.Tensor) -> None:
        """Raise if the rewards together, (replies, rewards), skip every reply; one alone may well say nothing of a few.

        Raises:
            ConfigError: naming the rewards.

        """
        some = [None if row.isnan().all() else 1.0 for row in rewards]
        expect_some(" and ".join(self.reward_func_names), some)

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any) -> Any:
        """Take one pass, and add its CPU seconds to the metrics."""
        began = time.process_time()
        loss = super().training_step(model, inputs, num_items_in_batch)
        self._count_seconds(time.process_time() - began)
        return loss

    def _count_seconds(self, seconds: float) -> None:
        """Add the CPU seconds of a pass to those of its optimiser step."""
        self._step_seconds += seconds
        if self._step % self.current_gradient_accumulation_steps == 0:
            self._metrics["train"]["cpu/step"].append(self._step_seconds)
            self._step_seconds = 0.0

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        if not self.model.training or self.accelerator.num_processes > 1:
            return super()._prepare_inputs(generation_batch)
        parts = self.args.steps_per_generation
        if self._step % (parts * self.num_iterations) == 0 or self._buffered_inputs is None:
            batch = self._generate_and_score_completions(generation_batch)
            self._buffered_inputs = informative_parts(batch, parts, whole=self.learns_from_all)
        return self._buffered_inputs[self._step % parts]

    @property
    def learns_from_all(self) -> bool:
        """Whether replies without an advantage change the loss: by its pull to the base, its entropy, or its mean."""
        return bool(self.beta) or self._entropy_bonus_enabled or self.loss_type == "bnpo"

    def _compute_loss(self, model: Any, inputs: Any) -> Any:
        loss = super()._compute_loss(model, inputs)
        return loss * inputs["scale"] if "scale" in inputs and self.loss_type in _PER_REPLY else loss


def _replies(batch: Mapping[str, Any]) -> list[list[int]]:
    """Return the tokens of each reply, without padding."""
    lengths = batch["completion_mask"].sum(-1).tolist()
    return [ids[:length] for ids, length in zip(batch["completion_ids"].tolist(), lengths, strict=True)]


def informative_parts(batch: Mapping[str, Any], count: int, *, whole: bool = False) -> list[dict[str, Any]]:
    """Divide a batch of replies into parts, without the replies that have no advantage.

    Args:
        batch: Tensors with a row for each reply, as TRL scores them; a tensor without rows is in every part. `debates`
            is the number of debates that the replies come from, if they are the turns of debates.
        count: Number of parts.
        whole: Whether to keep the replies without an advantage.

    Returns:
        The parts, sorted by the length of prompt and reply together, and cut to their longest prompt and reply. `scale`
        is what the mean over the replies of a part has to be multiplied by, so that the mean over all parts is that
        over the whole batch, or over its debates.

    """
    advantages = batch["advantages"]
    rows = len(advantages)
    total = batch.get("debates", rows)
    lengths = batch["prompt_mask"].sum(-1) + batch["completion_mask"].sum(-1)
    kept = (advantages.reshape(rows, -1).any(-1) | whole).nonzero()[:, 0]
    kept = kept[lengths[kept].argsort()]
    parts: list[dict[str, Any]] = []
    for chosen in torch.tensor_split(kept, count):
        index = chosen if len(chosen) else lengths.argmin()[None]  # a part needs a row; this one has no advantage
        part = {name: _rows(value, index, rows) for name, value in batch.items()}
        if not len(chosen):
            part["advantages"] = torch.zeros_like(part["advantages"])
        parts.append({**_cut(part), "scale": len(index) * count / total})
    return parts


def _rows(value: Any, index: torch.Tensor, rows: int) -> Any:
    per_row = isinstance(value, torch.Tensor) and value.ndim > 0 and len(value) == rows
    return value[index] if per_row else value


def _cut(part: dict[str, Any]) -> dict[str, Any]:
    """Cut off the columns in which every row is padding: prompts are padded on the left, replies on the right."""
    prompt = int(part["prompt_mask"].sum(-1).max())
    reply = max(1, int(part["completion_mask"].sum(-1).max()))
    width = part["completion_ids"].shape[1]
    cut = dict(part)
    for name in _PROMPT:
        cut[name] = part[name][:, part[name].shape[1] - prompt :]
    for name in _REPLY:
        if (value := part.get(name)) is not None and value.ndim == 2 and value.shape[1] == width:
            cut[name] = value[:, :reply]
    return cut


def spread(rows: Sequence[Any], count: int) -> list[Any]:
    """Choose some rows at equal distances."""
    distance = max(1, len(rows) // count)
    return [rows[index] for index in range(0, len(rows), distance)][:count]
