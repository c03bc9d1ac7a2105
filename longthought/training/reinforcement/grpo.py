"""Group relative policy optimisation with TRL's GRPOTrainer: replies that earn more than their group become likelier.

Shao et al., "DeepSeekMath", 2024; by default without a normaliser of length, as in Liu et al., "Understanding
R1-Zero-Like Training", 2025. Thinkers learn from whole thoughts on problems. Policies and critics learn from single
turns in the states of logged debates, which makes a contextual bandit: a state in, a step or a verdict out, and a
reward from what is known of the state; or in whole debates on problems, against an agent that stays as it is.
"""

# pyright: basic

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from accelerate import PartialState
from jinja2 import TemplateError
from transformers import Trainer
from trl.trainer.grpo_config import GRPOConfig

from longthought.agents.catalogue import DIALECTS
from longthought.errors import CollapseError, ConfigError, ModelError, ProblemError
from longthought.labels.exact import solvable_puzzle
from longthought.request import suggestion
from longthought.training.data.states import WHOLE
from longthought.training.fine_tuning import TrainerInputs
from longthought.training.hyperparameters import Hyperparameters
from longthought.training.inspection import Lengths
from longthought.training.lora import lora, save
from longthought.training.reinforcement.debate_trainer import DebateTrainer
from longthought.training.reinforcement.debates import DebatePlayer
from longthought.training.reinforcement.gpus import (
    async_config,
    async_grpo,
    async_trainer,
    expect_possible,
    skeleton,
)
from longthought.training.reinforcement.group_trainer import GroupTrainer, spread
from longthought.training.reinforcement.rewards.table import (
    JUDGED,
    USUAL,
    USUAL_WHOLE,
    CheckedReward,
    expect_some,
    reward_named,
    split_weight,
)
from longthought.training.reinforcement.watching import Figures
from longthought.training.request import ReinforcementRequest

LONGEST: Final = 1024
"""Maximum number of tokens in a reply, unless the request or the dialect says otherwise."""
_TRIED: Final = 32
"""Rows on which each reward is tried before the training begins; judged ones are tried on two."""
_CHECKPOINTS: Final = 10
"""Checkpoints of one training, of which the last three are kept."""
_NOVELTY: Final = "novelty"
"""The reward that may credit steps instead of replies."""
_OF_GENERATE: Final = ("min_p", "repetition_penalty", "generation_kwargs", "cache_implementation")
"""Settings that only transformers' own `generate` and vLLM follow."""
_OF_TURNS: Final = ("top_p", "top_k", "mask_truncated_completions", "multi_objective_aggregation")
"""Settings that whole debates don't follow."""
_RESUMED: Final = ("save_steps", "save_total_limit")
"""Settings that resuming rests on."""


class GroupLearning:
    """See `longthought.training.fine_tuning.Learning`."""

    columns: tuple[str, ...] = ("prompt", "state")
    formats = "nothing: name a file of problems, or a run folder"

    def __init__(self) -> None:
        """Prepare nothing yet."""
        self._rewards: list[tuple[CheckedReward, float]] = []
        self._most = 0
        self._figures: Figures | None = None
        self._player: DebatePlayer | None = None

    def inspect(self, rows: Any, inputs: TrainerInputs, where: str) -> Lengths:
        """Check every prompt, and try every reward."""
        request = _request(inputs)
        if inputs.base.shape is not None:
            raise ConfigError(f"{inputs.base.name}: rewards teach a trained model only; train it with sft first")
        if request.credit == "choice" and inputs.role == "thinker":
            raise ConfigError("`credit` choice is for a policy or a critic; a thought has many moves, so leave it out")
        if not _whole(inputs):
            expect_possible(request, inputs)
        self._rewards = _rewards(request, (USUAL_WHOLE if _whole(inputs) else USUAL)[inputs.role])
        if request.credit == "step" and not (inputs.role == "thinker" and _NOVELTY in self._weights):
            raise ConfigError(
                "`credit` step is for a thinker with the reward novelty, which then credits each step by itself; leave "
                "`credit` out, or add the reward"
            )
        _expect_used(request, whole=_whole(inputs))
        sizes = [len(_prompt_tokens(inputs, row["prompt"], f"{where}, prompt {n}")) for n, row in enumerate(rows, 1)]
        self._most = most = reply_limit(request, inputs, max(sizes))
        dropped = sum(size + most > inputs.limit for size in sizes)
        if dropped == len(sizes):
            raise ProblemError(
                f"{where}: none of its {dropped} prompts leaves room for {most} tokens of a reply in the "
                f"{inputs.limit} that {inputs.base.name} takes; lower `max_tokens`"
            )
        left = len(sizes) - dropped
        if left * request.group < request.batch:
            raise ProblemError(
                f"{where}: {left} prompts are too few for one step of {request.batch} replies, {request.group} to each "
                f"prompt; lower `batch` to {left * request.group} or less, or take more problems"
            )
        if _whole(inputs):
            self._prepare_debates(inputs)
        else:
            self._try_rewards(spread(list(rows), _TRIED), inputs)
        return Lengths(len(sizes), sum(sizes), max(sizes), learned=0, cut=0, dropped=dropped)

    def model(self, inputs: TrainerInputs, dtype: Any) -> Any:
        """Load the base; TRL's asynchronous trainer does so itself."""
        if _request(inputs).vllm == "async":
            return skeleton(str(inputs.base.path))
        return inputs.base.language_model(dtype)

    def trainer(
        self, inputs: TrainerInputs, fitted: Hyperparameters, model: Any, arguments: Mapping[str, Any]
    ) -> Trainer:
        """Make the trainer."""
        request = _request(inputs)
        self._figures = Figures(Path(arguments["output_dir"]).parent)
        if request.vllm == "async":
            schedule = _schedule(request, inputs, fitted)
            given = {**arguments, **schedule, "max_completion_length": self._most}
            kept = {name: schedule[name] for name in _RESUMED}
            config = async_config(given, request, fitted, grpo_settings(request) | kept)
            return async_trainer(inputs, config, self._rewards, _with_room(inputs, self._most), [self._figures])
        weights, novelty = self._weights, 0.0
        if request.credit == "step":
            weights[_NOVELTY], novelty = 0.0, weights[_NOVELTY]
        kind = GroupTrainer if self._player is None else DebateTrainer
        trainer = kind(
            model=model,
            args=grpo_config(request, inputs, fitted, self._most, arguments, list(weights.values())),
            reward_funcs=[reward for reward, _ in self._rewards],
            train_dataset=_with_room(inputs, self._most),
            processing_class=inputs.base.tokenizer,
            peft_config=lora(request),
            callbacks=[self._figures],
        )
        trainer.credit, trainer.novelty = request.credit, novelty
        if isinstance(trainer, DebateTrainer):
            assert self._player is not None
            trainer.player = self._player
        return trainer

    @property
    def _weights(self) -> dict[str, float]:
        """The weight of each reward, by its name."""
        return {reward.name: weight for reward, weight in self._rewards}

    def save(self, trainer: Trainer, inputs: TrainerInputs, out: Path) -> Mapping[str, Any]:
        """Write the model or the adapter, with its tokenizer; after a collapse, as the last good checkpoint has it."""
        measured = _measured(trainer.state.log_history)
        watched = self._figures
        if watched is not None and watched.stopped is not None:
            good = watched.last_good()
            if good is None:
                raise CollapseError(
                    f"stopped at step {watched.stopped_at}, before the first good checkpoint: {watched.stopped}"
                )
            step, checkpoint = good
            trainer._load_from_checkpoint(str(checkpoint))
            measured["stopped"] = (
                f"at step {watched.stopped_at}, {watched.stopped}; the weights of step {step} are kept"
            )
        save(trainer, inputs.base, out)
        return {"measured": measured, "rewards": self._described(_request(inputs))}

    def _prepare_debates(self, inputs: TrainerInputs) -> None:
        """Check the rewards and seat the partner; rewards can be tried on debates only."""
        request, columns = _request(inputs), [*inputs.train.column_names, "budget", "limit"]
        for reward, _ in self._rewards:
            reward.expect_callable([name for name in columns if name != "prompt"])
        if request.vllm is not None or PartialState().num_processes > 1:
            raise ConfigError(
                "`vllm`: whole debates are played in one process, without vLLM; leave it out and start one process, or "
                "train on the single turns of a run"
            )
        if request.label == "exact" and all(solvable_puzzle(row["statement"]) is None for row in inputs.train):
            raise ConfigError(
                "`label` exact asks the solver of Countdown, and none of the problems is a Countdown problem that "
                "it can solve; leave it out, and the outcome of each debate tells"
            )
        self._player = DebatePlayer(request, inputs.role, inputs.data.meta.dialect, inputs.base.tokenizer, self._most)

    def _described(self, request: ReinforcementRequest) -> str:
        """Say what was rewarded, for the model card."""
        named = ", ".join(r.name if weight == 1 else f"{weight:g} × {r.name}" for r, weight in self._rewards)
        compared = "replies to each prompt" if self._player is None else "debates on each problem"
        return f"{named}; {request.group} {compared}, at temperature {request.temperature:g}"

    def _try_rewards(self, rows: Sequence[Mapping[str, Any]], inputs: TrainerInputs) -> None:
        """Call every reward on a few rows, with the logged replies, or with the statement for want of one."""
        columns = [*rows[0], "budget", "limit"]
        for reward, _ in self._rewards:
            reward.expect_callable([name for name in columns if name != "prompt"])
            tried = rows[:2] if reward.name in JUDGED else rows
            replies = [row["logged"] or row["statement"] for row in tried]
            given = {name: [row[name] for row in tried] for name in rows[0] if name != "prompt"}
            given |= _bounds(_request(inputs), self._most, len(tried))
            rewards = reward(
                prompts=[row["prompt"] for row in tried],
                completions=[[{"role": "assistant", "content": text}] for text in replies],
                completion_ids=[inputs.base.tokenizer.encode(text, add_special_tokens=False) for text in replies],
                trainer_state=None, log_extra=_nothing, log_metric=_nothing, **given,
            )  # fmt: skip
            if all(row["logged"] for row in tried):  # a made-up reply may well be skipped
                expect_some(reward.name, rewards)


def _request(inputs: TrainerInputs) -> ReinforcementRequest:
    assert isinstance(inputs.request, ReinforcementRequest)
    return inputs.request


def _whole(inputs: TrainerInputs) -> bool:
    return inputs.data.meta.format == WHOLE


def _rewards(request: ReinforcementRequest, usual: Sequence[str]) -> list[tuple[CheckedReward, float]]:
    named = [split_weight(written) for written in request.rewards or usual]
    if len({name for name, _ in named}) < len(named):
        raise ConfigError(f"`rewards` names one of {', '.join(name for name, _ in named)} twice; give it one weight")
    return [(CheckedReward(name, reward_named(name, request.judge, request.rubric)), weight) for name, weight in named]


def reply_limit(request: ReinforcementRequest, inputs: TrainerInputs, longest_prompt: int) -> int:
    """Return the maximum number of tokens in a reply: as requested, as the dialect has it, or as the context allows."""
    spoken = None if inputs.role == "thinker" else DIALECTS[inputs.data.meta.dialect]().longest
    return request.max_tokens or spoken or max(1, min(LONGEST, inputs.limit - longest_prompt))


def _prompt_tokens(inputs: TrainerInputs, prompt: Any, place: str) -> list[int]:
    try:
        ids = inputs.base.tokenizer.apply_chat_template(prompt, add_generation_prompt=True, return_dict=False)
    except (TemplateError, KeyError, TypeError) as error:
        raise ModelError(
            f"{place}: the chat template of {inputs.base.name} can't render it ({error}); give another as "
            "`chat_template`"
        ) from error
    inputs.base.expect_known_words(ids, place)
    return ids


def _with_room(inputs: TrainerInputs, most: int) -> Any:
    """Return the prompts that leave room for a reply, with the limits that the reward `length` reads."""
    rows = inputs.train.filter(
        lambda row: len(_prompt_tokens(inputs, row["prompt"], "")) + most <= inputs.limit, load_from_cache_file=False
    )
    for name, column in _bounds(_request(inputs), most, len(rows)).items():
        rows = rows.add_column(name, column)
    return rows


def _bounds(request: ReinforcementRequest, most: int, rows: int) -> dict[str, list[int]]:
    return {"budget": [request.budget or most * 3 // 4] * rows, "limit": [most] * rows}


def grpo_config(
    request: ReinforcementRequest,
    inputs: TrainerInputs,
    fitted: Hyperparameters,
    most: int,
    arguments: Mapping[str, Any],
    weights: Sequence[float],
) -> GRPOConfig:
    """Return TRL's configuration; the request's `trl` overrides everything but what resuming rests on.

    Args:
        request: The settings of the training.
        inputs: The prompts and the base.
        fitted: The hyperparameters.
        most: Maximum number of tokens in a reply.
        arguments: The arguments that every trainer gets.
        weights: The weight of each reward.

    Raises:
        ConfigError: if TRL refuses the settings.

    """
    schedule = _schedule(request, inputs, fitted)
    settings: dict[str, Any] = {
        **arguments,
        **schedule,
        "num_generations": request.group,
        "max_completion_length": most,
        "temperature": request.temperature,
        "beta": request.beta,
        "loss_type": request.loss,
        "num_iterations": request.reuse,
        "reward_weights": list(weights),
        "disable_dropout": True,
    }
    if request.vllm is not None:
        settings |= {"use_vllm": True, "vllm_mode": request.vllm, "vllm_max_model_length": inputs.limit}
    settings |= grpo_settings(request) | {name: schedule[name] for name in _RESUMED}
    try:
        return GRPOConfig(**settings)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"TRL refuses the settings: {error}") from error


def _schedule(request: ReinforcementRequest, inputs: TrainerInputs, fitted: Hyperparameters) -> dict[str, Any]:
    """Return the numbers of steps, of steps between checkpoints, and of checkpoints that are kept."""
    steps = inputs.steps(fitted)
    between = max(1, -(-steps // (_CHECKPOINTS * request.reuse))) * request.reuse
    return {
        "max_steps": steps,
        "logging_steps": 1,
        "save_steps": between,
        "save_total_limit": 3,
        "eval_strategy": "no",
        "eval_on_start": False,
    }


def grpo_settings(request: ReinforcementRequest) -> dict[str, Any]:
    """Read the settings of TRL that the request passes on.

    Raises:
        ConfigError: if TRL has no such setting; the nearest is suggested.

    """
    kind = async_grpo()[0] if request.vllm == "async" else GRPOConfig
    known = {field.name for field in fields(kind)}
    given: dict[str, Any] = {}
    for written in request.trl:
        name, equals, value = written.partition("=")
        name = name.strip()
        if not equals:
            raise ConfigError(f"`trl` must be written NAME=VALUE, such as epsilon_high=0.28; got {written!r}")
        if name not in known:
            hint = suggestion(name, known, f"see TRL's {kind.__name__}")
            raise ConfigError(f"`trl` {name}: there is no such setting; {hint}")
        try:
            given[name] = json.loads(value)
        except ValueError:
            given[name] = value
    return given


def _expect_used(request: ReinforcementRequest, *, whole: bool) -> None:
    """Raise unless each setting of TRL that the request passes on has an effect.

    Raises:
        ConfigError: naming the first that has none.

    """
    given = grpo_settings(request)
    unused = () if request.vllm is not None else (*_OF_GENERATE, *_OF_TURNS) if whole else _OF_GENERATE
    if name := next((name for name in given if name in unused), None):
        where = "in whole debates" if name in _OF_TURNS else "when replies are written in process"
        raise ConfigError(f"`trl` {name} has no effect {where}; leave it out")
    if whole and given.get("scale_rewards") == "batch":
        raise ConfigError("`trl` scale_rewards=batch: whole debates scale by group; write group or none")


def _measured(history: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return how the reward and the figures changed, over the first and the last tenth of the steps."""
    steps = [entry for entry in history if "reward" in entry]
    part = max(1, len(steps) // 10)
    measured: dict[str, str] = {}
    for name in ("reward", "format", "length", "obeyed", "repeated", "verdict_entropy", "frac_reward_zero_std"):
        ends = [[e[name] for e in chosen if e.get(name) is not None] for chosen in (steps[:part], steps[-part:])]
        if all(ends):
            first, last = (sum(values) / len(values) for values in ends)
            shown = "groups with equal rewards" if name == "frac_reward_zero_std" else name.replace("_", " ")
            measured[shown] = f"{first:.3g} at first, {last:.3g} at last"
    return measured


def _nothing(*_: Any) -> None:
    pass
