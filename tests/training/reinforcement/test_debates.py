"""Reinforcement on whole debates: whose tokens are learned, by what credit, and what is refused."""

import asyncio
import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

import longthought as lt
from longthought.agents.catalogue import BUNDLED
from longthought.agents.dialects.dialect import Step
from longthought.agents.in_process.engine import SamplingParams
from longthought.agents.in_process.load import load_model
from longthought.agents.in_process.lockstep import Lockstep, LockstepEngine
from longthought.errors import ConfigError, EngineError, ModelError, RunFolderError
from longthought.labels.evidence import refuted
from longthought.training.data.states import prompts_of
from longthought.training.fine_tuning import arguments, prepare
from longthought.training.hyperparameters import Hyperparameters
from longthought.training.reinforcement import grpo
from longthought.training.reinforcement.credit import advantages
from longthought.training.reinforcement.debate_trainer import DebateTrainer, informative_slices
from longthought.training.reinforcement.debates import NAME, PlayedDebate, partner_of, states_of
from longthought.training.reinforcement.rewards import steps as rewards
from longthought.training.reinforcement.rewards.forms import format_reward
from longthought.training.reinforcement.rewards.state import State, states
from longthought.training.reinforcement.rewards.verdicts import verdict
from longthought.training.request import ReinforcementRequest, Role
from longthought.trajectories.events import Action, Judged
from tests.training.reinforcement.test_reinforcement import batch, distance
from tests.training.test_loss_mask import CHATML, speaker

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
TINY: Mapping[str, Any] = {"batch": 8, "group": 4, "steps": 2, "learning_rate": 1e-3, "rounds": 6}
ROLES: tuple[Role, ...] = ("policy", "critic")
OWN = "tests.fakes.rewards"


def trainer_of(problems: Path, out: Path, role: Role, **settings: Any) -> DebateTrainer:
    """Return the trainer of a training that hasn't begun."""
    request = ReinforcementRequest(role=role, **{**TINY, **settings})
    learning = grpo.GroupLearning()
    inputs = prepare(learning, request, prompts_of(problems, request, "compact"))
    learning.inspect(inputs.train, inputs, "train")
    fitted = Hyperparameters.suited(request, 1)
    trainer = learning.trainer(
        inputs, fitted, inputs.base.language_model("float32"), arguments(inputs, fitted, out)
    )  # fmt: skip
    assert isinstance(trainer, DebateTrainer)
    return trainer


def played(trainer: DebateTrainer, count: int = 8) -> list[PlayedDebate]:
    torch.manual_seed(0)
    rows = [trainer.train_dataset[at // 4] for at in range(count)]  # type: ignore[index]
    return trainer.player.play(trainer.model, [state.task for state in states(row["state"] for row in rows)])


# What is learned.


@pytest.mark.parametrize("role", ROLES)
def test_an_agent_learns_in_whole_debates(role: Role, problems: Path, tmp_path: Path) -> None:
    out = tmp_path / role
    facts = lt.reinforce(problems, out, role=role, **TINY)
    assert (facts["steps"], facts["role"], facts["data"]["format"]) == (2, role, "grpo-debates")
    assert distance(out, BUNDLED / "countdown" / role) > 1e-4
    figures = [json.loads(line) for line in (out / "figures.jsonl").read_text().splitlines()]
    earned = {"policy": "step", "critic": "outcome"}[role]
    assert {"reward", "solved", "turns", "computed", "format", f"rewards/{earned}/mean"} <= set(figures[0])
    card = (out / "README.md").read_text()
    assert f"| rewards | {earned}, 0.5 × format; 4 debates on each problem, at temperature 1 |" in card
    agents: dict[str, Any] = {role: f"transformers:{out}"}
    assert lt.solve("Use 3, 5 and 7, each once, to make 22.", rounds=16, **agents).finished


@pytest.mark.parametrize("role", ROLES)
def test_the_turns_are_all_that_the_learner_wrote_and_nothing_else(role: Role, problems: Path, tmp_path: Path) -> None:
    trainer = trainer_of(problems, tmp_path, role, temperature=1.5)
    most, others = 0, set[str]()
    for debate in played(trainer):
        calls = [c for e in debate.trajectory.events for c in getattr(e, "calls", ()) if c.model == NAME]
        others |= {c.model for e in debate.trajectory.events for c in getattr(e, "calls", ()) if c.model != NAME}
        end = trainer.processing_class.eos_token_id  # type: ignore[union-attr]
        written = [tuple(token for token in turn.reply if token != end) for turn in debate.turns]
        assert sorted(written) == sorted(tuple(call.token_ids) for call in calls if call.token_ids is not None)
        for state, turn in zip(states_of(debate, role, "compact"), debate.turns, strict=True):
            words = trainer.processing_class.apply_chat_template(  # type: ignore[union-attr]
                [{"role": "user", "content": state.ask()[0].content}], add_generation_prompt=True, return_dict=False
            )
            assert tuple(words) == turn.prompt
        most = max(most, *(len(getattr(event, "calls", ())) for event in debate.trajectory.events))
    assert others == {"bundled:countdown"}
    assert most > 1  # replies that could not be used are turns too


def test_a_step_of_a_whole_debate_is_worth_what_the_outcome_tells(problems: Path, tmp_path: Path) -> None:
    trainer = trainer_of(problems, tmp_path, "policy", rounds=32)
    seen = set[tuple[bool, bool, float | None]]()
    for debate, told, replies in _told(trainer):
        tree, solved = debate.trajectory.tree, debate.trajectory.solved is True
        answered = {node.id for node in debate.trajectory.path}
        proposed = {tuple(one.text for one in tree.path(node.id)): node.id in answered for node in tree.nodes[1:]}
        worth = rewards.step(replies, replies, [state.model_dump_json() for state in told])
        for state, reply, value in zip(told, replies, worth, strict=True):
            read = state.read(reply)
            if isinstance(read, Step) and state.view.repeated(read.texts) is None:
                place = proposed.get((*state.view.path, read.text))
                if place is not None:
                    seen.add((solved, place, value))
                elif read.answer is None:  # one of several replies, which was not taken
                    assert value is None
            else:
                assert value == 0.0
    unsolved = {(False, place, value) for place in (True, False) for value in (None, 0.0)}
    assert seen <= {(True, True, 1.0), (True, False, 0.0), *unsolved}
    assert {(True, True, 1.0), (True, False, 0.0)} <= seen


def test_the_solver_tells_what_steps_and_verdicts_are_worth(problems: Path, tmp_path: Path) -> None:
    seen = set[tuple[bool, float | None]]()
    trainer = trainer_of(problems, tmp_path, "policy", rounds=32, label="exact", partner="tools")
    for debate, told, replies in _told(trainer):
        proposed = {tuple(one.text for one in debate.trajectory.tree.path(n.id)) for n in debate.trajectory.steps}
        worth = rewards.step(replies, replies, [state.model_dump_json() for state in told])
        for state, reply, value in zip(told, replies, worth, strict=True):
            read, path = state.read(reply), state.view.path
            if isinstance(read, Step) and state.view.repeated(read.texts) is None and (*path, read.text) in proposed:
                hopeless = path and not rewards.solvable_after(state.task, path)
                seen.add((not hopeless, value))
                if not hopeless:
                    assert value == rewards.solvable_after(state.task, (*path, read.text))
    assert {(True, 1.0), (True, 0.0), (False, None)} <= seen  # where all is lost already, no step is to blame
    assert (False, 1.0) not in seen
    judged = list[float | None]()
    for _, told, replies in _told(trainer_of(problems, tmp_path, "critic", rounds=32, label="exact")):
        for state in told:
            assert state.view.candidate is not None
            assert state.live == rewards.solvable_after(state.task, (*state.view.path, state.view.candidate.text))
        judged += verdict(replies, replies, [state.model_dump_json() for state in told])
    assert None not in judged
    assert {0.0, 1.0} <= set(judged)


def _told(trainer: DebateTrainer) -> Iterator[tuple[PlayedDebate, list[State], list[str]]]:
    """Yield debates with the states of their turns, and the replies."""
    for debate in played(trainer):
        replies = [trainer._tokenizer.decode(turn.reply, skip_special_tokens=True) for turn in debate.turns]
        yield debate, states_of(debate, trainer.player.role, "compact"), replies


def test_a_new_step_that_tools_refute_earns_nothing(problems: Path, tmp_path: Path) -> None:
    trainer = trainer_of(problems, tmp_path, "policy", temperature=2.0)
    earned = dict[bool, set[float]]({True: set(), False: set()})
    for debate, told, replies in _told(trainer):
        wrong = refuted(debate.trajectory.tree)
        steps = {tuple(one.text for one in debate.trajectory.tree.path(n.id)): n.id for n in debate.trajectory.steps}
        pay = format_reward(replies, replies, [state.model_dump_json() for state in told])
        for state, reply, value in zip(told, replies, pay, strict=True):
            read = state.read(reply)
            if isinstance(read, Step) and (node := steps.get((*state.view.path, read.text))) is not None:
                again = state.view.repeated(read.texts) is not None
                earned[node in wrong or again].add(value)
    assert earned == {True: {0.0}, False: {1.0}}


@pytest.mark.parametrize("role", ROLES)
def test_the_gradient_falls_on_the_learners_tokens_alone(role: Role, problems: Path, tmp_path: Path) -> None:
    trainer = trainer_of(problems, tmp_path, role, rewards=f"{OWN}:in_turn")
    trainer.model.train()
    trainer.current_gradient_accumulation_steps = 1
    torch.manual_seed(0)
    rows = [trainer.train_dataset[at // 4] for at in range(8)]  # type: ignore[index]
    given = trainer._generate_and_score_completions(rows)
    assert given["debates"] == 8
    hidden: list[torch.Tensor] = []

    def keep(_module: Any, _given: Any, output: Any) -> None:
        output.last_hidden_state.retain_grad()
        hidden.append(output.last_hidden_state)

    trainer.model.model.register_forward_hook(keep)
    trainer._compute_loss(trainer.model, given).backward()
    assert hidden[0].grad is not None
    touched = hidden[0].grad.abs().sum(-1) > 0  # at the position before each token that is learned
    expected = torch.zeros_like(touched)
    prompt = given["prompt_ids"].shape[1]
    expected[:, prompt - 1 : -1] = given["completion_mask"].bool() & (given["advantages"] != 0)[:, None]
    assert torch.equal(touched, expected)
    assert expected.any()


def test_debates_of_equal_rewards_move_nothing(problems: Path, tmp_path: Path) -> None:
    facts = lt.reinforce(problems, tmp_path / "out", role="policy", rewards=f"{OWN}:even", **TINY)
    assert facts["measured"]["groups with equal rewards"] == "1 at first, 1 at last"
    assert distance(tmp_path / "out", BUNDLED / "countdown" / "policy") == 0


@pytest.mark.parametrize("loss", ["dr_grpo", "grpo", "dapo"])
def test_passes_over_a_part_add_up_to_its_gradient(loss: str, problems: Path, tmp_path: Path) -> None:
    trainer = trainer_of(problems, tmp_path, "policy", loss=loss)
    trainer.model.train()
    trainer.current_gradient_accumulation_steps = trainer.args.steps_per_generation = 1
    whole = {**batch([7, 5, 4, 3, 9, 2]), "debates": 3}
    mean_over_debates = 1 if loss == "dapo" else len(whole["advantages"]) / whole["debates"]
    (trainer._compute_loss(trainer.model, whole) * mean_over_debates).backward()
    expected = {name: p.grad.clone() for name, p in trainer.model.named_parameters()}
    trainer.model.zero_grad()
    slices = informative_slices({**whole, "scale": mean_over_debates}, 3)
    assert len(slices) == 3
    for one in slices:
        trainer._compute_loss(trainer.model, one).backward()
    for name, parameter in trainer.model.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-3, atol=1e-6)


def test_a_reward_may_say_nothing_of_a_few_debates_unless_it_is_the_only_one(problems: Path, tmp_path: Path) -> None:
    trainer = trainer_of(problems, tmp_path, "policy", rewards=f"{OWN}:even,format")
    trainer._expect_some(torch.tensor([[torch.nan, 1.0], [torch.nan, torch.nan]]))
    with pytest.raises(ConfigError, match="even and format returned None for all of 2 replies"):
        trainer._expect_some(torch.full((2, 2), torch.nan))


# Credit.


def test_the_advantages_of_a_group_sum_to_zero_however_long_its_debates_are() -> None:
    rewards = torch.tensor([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]])  # the debate that fails has more turns
    found, even = advantages(rewards, torch.ones(1), [0, 0, 0, 1, 2, 3], 2, scaled=False)
    assert found.tolist() == [-0.25, -0.25, -0.25, 0.75, 0.0, 0.0]
    assert even.tolist() == [False, True]


def test_a_turn_without_any_reward_has_no_advantage_and_weights_count() -> None:
    nan = torch.nan
    rewards = torch.tensor([[1.0, nan], [nan, nan], [0.0, 1.0]])
    found, _ = advantages(rewards, torch.tensor([1.0, 0.5]), [0, 0, 1], 2, scaled=True)
    assert found[0] == -found[2] > 0
    assert found[1] == 0


# The lockstep.


def test_requests_are_answered_when_all_debates_wait() -> None:
    model, tokenizer = load_model(BUNDLED / "countdown" / "policy")
    lockstep, sizes = Lockstep(), list[int]()
    engine = LockstepEngine(lockstep, model)
    model.register_forward_pre_hook(lambda _m, _a, given: sizes.append(len(given["input_ids"])), with_kwargs=True)
    prompt = tokenizer.apply_chat_template([{"role": "user", "content": "3"}], return_dict=False)

    async def ask(times: int) -> int:
        cached = 0
        for _ in range(times):
            cached = (await engine.generate(prompt, SamplingParams(max_tokens=1))).cached
        return cached

    found = asyncio.run(_play(lockstep, [ask(1), ask(2), ask(3)]))
    assert found == [0, len(prompt) - 1, len(prompt) - 1]
    assert len(sizes) == 3  # one batch a round, not one a request


def test_a_model_that_fails_is_no_failed_debate() -> None:
    model, _ = load_model(BUNDLED / "countdown" / "policy")

    def fail(*_: Any) -> None:
        raise RuntimeError("no memory")

    model.register_forward_pre_hook(fail)
    lockstep = Lockstep()
    engine = LockstepEngine(lockstep, model)

    async def debate() -> None:
        with contextlib.suppress(EngineError):  # as a debate takes it
            await engine.generate([5], SamplingParams(max_tokens=1))

    with pytest.raises(EngineError, match=r"the model failed: .*no memory"):
        asyncio.run(_play(lockstep, [debate()]))


async def _play(lockstep: Lockstep, debates: list[Any]) -> list[Any]:
    return await lockstep.play(debates)


def test_a_policy_can_debate_with_a_critic_that_is_no_model(problems: Path, logged: Path, tmp_path: Path) -> None:
    for name in ("oracle", f"random:{logged}", "tools"):
        debates = played(trainer_of(problems, tmp_path / "out", "policy", partner=name))
        judged = [event for debate in debates for event in debate.trajectory.events if isinstance(event, Judged)]
        assert judged
        assert not any(event.calls for event in judged)
        if name == "tools":
            assert {event.verdict.action for event in judged} <= {Action.CONTINUE, Action.TERMINATE}
        else:
            assert any(event.verdict.action is Action.BACKTRACK for event in judged)


@pytest.mark.parametrize(
    ("base", "dialect", "partner"),
    [
        ("bundled:countdown-wide", "compact", "bundled:countdown-wide"),
        ("models/policy", "compact", "bundled:countdown"),
        ("transformers:models/policy", "compact", "bundled:countdown"),
        ("models/language-model", "json", "transformers:models/language-model"),
    ],
)
def test_the_other_chair_is_taken_by_the_base_if_it_can(base: str, dialect: str, partner: str) -> None:
    request = ReinforcementRequest(base=base, role="policy")
    assert partner_of(request, dialect) == partner
    assert partner_of(request.model_copy(update={"partner": "oracle"}), dialect) == "oracle"


# What is refused.


@pytest.mark.parametrize(
    ("kind", "settings", "said"),
    [
        (ConfigError, {"vllm": "colocate"}, "`vllm`: whole debates are played in one process"),
        (ModelError, {"partner": "bundled:chess"}, "bundled:chess does not exist"),
        (ModelError, {"partner": "chess"}, "'chess' is not a model"),
        (RunFolderError, {"partner": "random:nowhere"}, "nowhere does not exist"),
        (ConfigError, {"rounds": 0}, "`rounds` must be at least 1, got 0"),
        (ConfigError, {"rewards": f"{OWN}:too_few"}, "too_few: it must take"),
    ],
)
def test_mistakes_are_found_before_a_debate(
    kind: type[Exception], settings: dict[str, Any], said: str, problems: Path, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=said):
        lt.reinforce(problems, tmp_path / "out", role="policy", **{**TINY, **settings})
    assert not (tmp_path / "out").exists()


def test_settings_of_whole_debates_are_refused_elsewhere(logged: Path, problems: Path, tmp_path: Path) -> None:
    said = "`partner` is a setting of whole debates"
    with pytest.raises(ConfigError, match=said):
        lt.reinforce(logged, tmp_path / "out", role="policy", partner="bundled:countdown")
    with pytest.raises(ConfigError, match=said):
        lt.reinforce(problems, tmp_path / "out", partner="bundled:countdown")


def test_the_solver_is_not_asked_where_it_knows_nothing(tmp_path: Path) -> None:
    rows = [{"question": f"What is 2 + {n}?", "answer": f"2 + {n} = {2 + n}\n#### {2 + n}"} for n in range(2)]
    (tmp_path / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    base = speaker(tmp_path / "base", CHATML)
    settings = {**TINY, "base": str(base), "role": "policy", "max_tokens": 12, "against": "none"}
    with pytest.raises(ConfigError, match="`label` exact asks the solver of Countdown"):
        lt.reinforce(tmp_path / "sums.jsonl", tmp_path / "out", **settings, label="exact")
    assert not (tmp_path / "out").exists()
