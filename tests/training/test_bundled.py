import itertools
import json
import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from transformers import LlamaForCausalLM

import longthought as lt
from longthought.agents.catalogue import BUNDLED
from longthought.errors import ConfigError
from longthought.problems.countdown import game, notation
from longthought.problems.countdown.puzzle import Puzzle
from longthought.training.bases import open_base
from longthought.training.bundled import corpus, train
from longthought.training.bundled.build import build
from longthought.training.bundled.recipe import BUILDS, WIDE, Deal, Mix, Recipe, Role, Stage
from longthought.training.record import TrainingRecord
from longthought.training.request import TrainingRequest


def examples(role: Role, count: int, mix: Mix | None = None) -> list[str]:
    drawn = train.SOURCES[role](random.Random(0), mix or Mix(exhaustive=0.3))
    return [" ".join(text for text, _ in e.pieces) for e in itertools.islice(drawn, count)]


def learn(recipe: Recipe, out: Path) -> dict[str, Any]:
    return train.train(recipe, TrainingRecord.open(out, asdict(recipe)))


def opening(text: str) -> Puzzle:
    use, _, rest = text.removeprefix("use ").partition(" make ")
    return Puzzle(tuple(map(int, use.split())), int(rest.split()[0]))


@pytest.mark.parametrize(
    ("role", "mix"),
    [
        ("policy", Mix()),
        ("critic", Mix()),
        ("solo", Mix()),
        *((r, WIDE[r].stages[-1].mix) for r in ("policy", "critic")),
    ],
)
def test_no_training_example_touches_a_held_out_split_or_target(role: Role, mix: Mix) -> None:
    for text in examples(role, 2_000, mix):
        puzzle = opening(text)
        assert game.split_of(puzzle.numbers) == "train"
        assert not game.held_out_target(puzzle.target)
        assert game.solvable(puzzle.numbers, puzzle.target)


@pytest.mark.parametrize(
    ("role", "mix", "longest"),
    [
        ("policy", None, 256), ("critic", None, 256), ("solo", None, 256),
        *((role, WIDE[role].stages[-1].mix, 512) for role in ("policy", "critic")),
    ],
)  # fmt: skip
def test_every_word_of_an_example_is_one_token_and_fits_the_model(role: Role, mix: Mix | None, longest: int) -> None:
    words = set(notation.VOCABULARY)
    for text in examples(role, 2_000, mix):
        assert words.issuperset(text.split())
        assert len(text.split()) < longest


def test_the_policy_learns_only_steps_that_keep_the_target_in_reach_where_there_is_one() -> None:
    seen = 0
    for example in itertools.islice(corpus.policy_examples(random.Random(1), Mix(wrong_path=0.0)), 500):
        puzzle = opening(example.pieces[0][0])
        for text, learned in example.pieces:
            step = notation.read_step(text.removesuffix(f" {notation.END}"))
            if learned and step and game.solvable(step.remaining, puzzle.target):
                seen += 1
    assert seen > 500


def test_the_verdict_in_an_example_agrees_with_the_solver() -> None:
    for text in examples("critic", 2_000):
        asked, _, reply = text.partition(" judge ")
        parsed = notation.read_verdict(reply.removesuffix(f" {notation.END}"))
        assert parsed is not None
        if parsed.words == "wrong":
            continue
        left = tuple(map(int, asked.rpartition(" left ")[2].split()[:-1]))
        assert game.solvable(left, opening(text).target) == (parsed.action != "backtrack")


def test_with_five_numbers_a_critic_accepts_first_moves_and_leaves_one_after_three_second_moves_failed() -> None:
    back = set[tuple[int, int | None]]()
    for text in examples("critic", 3_000, Mix(deals=(Deal(1, 5, 40, 200),), corrupted=0.0)):
        asked, _, reply = text.partition(" judge ")
        path, rejected = asked.count(" step "), asked.count(" not ")
        verdict = notation.read_verdict(reply.removesuffix(f" {notation.END}"))
        assert verdict is not None
        if path == 1:
            assert (verdict.words, verdict.action) == ("", "continue")
        elif path == 2 and verdict.action == "backtrack":
            back.add((rejected, verdict.back_to))
    assert {target for rejected, target in back if rejected < corpus.STAYS} == {1}
    assert {target for rejected, target in back if rejected >= corpus.STAYS} == {0}


def test_puzzles_come_in_the_shares_of_their_deals() -> None:
    deals = (Deal(0.25, 3, 5), Deal(0.75, 5, 30, 150))
    drawn = [opening(text) for text in examples("policy", 2_000, Mix(deals=deals))]
    assert {len(puzzle.numbers) for puzzle in drawn} == {3, 5}
    assert all(max(p.numbers) <= (5 if len(p.numbers) == 3 else 30) for p in drawn)
    assert max(puzzle.target for puzzle in drawn) > 100
    few = sum(len(puzzle.numbers) == 3 for puzzle in drawn)
    assert 100 < few < 600  # small numbers make few targets


def test_only_learned_pieces_carry_labels() -> None:
    ids = {word: i for i, word in enumerate(notation.VOCABULARY)}
    for example in itertools.islice(corpus.critic_examples(random.Random(2), Mix()), 50):
        tokens, labels = train.encode(example, ids)
        shown = " ".join(notation.VOCABULARY[t] for t, y in zip(tokens, labels, strict=True) if y != train.IGNORED)
        assert shown == " ".join(text for text, learned in example.pieces if learned)


def test_same_seed_same_batches() -> None:
    def first(seed: int) -> list[torch.Tensor]:
        batches = iter(train.Batches(corpus.critic_examples, Mix(), tokens=256, seed=seed, pool=64))
        return [next(batches)["input_ids"] for _ in range(3)]

    assert all(torch.equal(a, b) for a, b in zip(first(1), first(1), strict=True))
    assert not all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(first(1), first(2), strict=True))


def test_training_learns_goes_on_after_a_stop_and_saves_a_model_that_loads(tmp_path: Path) -> None:
    mix = Mix(corrupted=0.0)
    recipe = Recipe("critic", (Stage(30, warmup=5, mix=mix), Stage(5, 1e-3, 1, mix)), tokens=512, hidden=64, layers=2)
    facts = learn(recipe, tmp_path)
    assert facts["steps"] == 35
    assert facts["loss"] < 5.0  # ln(433) = 6.07 is what a model that learned nothing scores
    weights = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").unlink()
    learn(recipe, tmp_path)  # both stages stand in the folder already
    assert [attempt["from_step"] for attempt in TrainingRecord.open(tmp_path, asdict(recipe)).attempts] == [0, 35]
    assert (tmp_path / "model.safetensors").read_bytes() == weights
    assert json.loads((tmp_path / "config.json").read_text())["head_dim"] == 64


def test_wide_targets_go_beyond_a_hundred_and_are_never_held_out() -> None:
    targets = {opening(text).target for text in examples("critic", 1_000, Mix(wide_targets=0.5))}
    assert max(targets) > 100
    assert not any(game.held_out_target(t) for t in targets)
    assert max(opening(text).target for text in examples("critic", 1_000)) <= 100


def test_an_agent_in_both_roles_learns_both_kinds_of_rows_in_the_share_asked_for() -> None:
    drawn = examples("solo", 2_000, Mix(proposals=0.7))
    verdicts = sum(" judge " in text for text in drawn)
    assert 500 < verdicts < 700


def test_an_agent_may_start_from_the_weights_of_another(tmp_path: Path) -> None:
    small: dict[str, int] = {"tokens": 256, "hidden": 64, "layers": 2}
    stage = Stage(2, learning_rate=0.0, warmup=1, mix=Mix())
    learn(Recipe("critic", (stage,), seed=3, **small), tmp_path / "critic")
    learn(Recipe("solo", (stage,), seed=4, start="critic", **small), tmp_path / "solo")
    first, second = ((tmp_path / role / "model.safetensors").read_bytes() for role in ("critic", "solo"))
    assert first == second, "at learning rate 0 it is still the critic"


def test_an_agent_may_start_from_a_bundled_one(tmp_path: Path) -> None:
    stage = Stage(1, learning_rate=0.0, warmup=1, mix=Mix())
    learn(Recipe("critic", (stage,), tokens=256, start="bundled:countdown-self-taught"), tmp_path)
    first, second = (LlamaForCausalLM.from_pretrained(f, dtype=torch.float32).state_dict() for f in
                     (tmp_path, BUNDLED / "countdown-self-taught" / "critic"))  # fmt: skip
    assert all(torch.equal(first[name], second[name]) for name in second)


@pytest.mark.parametrize(("agents", "role"), [(agents, role) for agents, recipes in BUILDS.items() for role in recipes])
def test_the_recipe_in_the_bundle_is_the_one_it_is_rebuilt_by(agents: str, role: Role) -> None:
    written = json.loads((BUNDLED / agents / role / "compact.json").read_text())["recipe"]
    assert TypeAdapter(Recipe).validate_python(written) == BUILDS[agents][role]


def test_the_bundled_thinker_writes_whole_thoughts_alone() -> None:
    thinker: dict[str, Any] = {"graph": "sampling", "policy": "bundled:countdown-thinker", "attempts": 1}
    thought = lt.solve("Use 3, 7, 16 and 20, each once, to make 46.", **thinker, temperature=0.0)
    assert thought.solved
    assert thought.steps[0].text.count("judge") >= 3  # it plays the critic too
    with pytest.raises(ConfigError, match="writes whole solutions, and debate asks for steps"):
        lt.solve("Use 3, 7, 16 and 20, each once, to make 46.", policy="bundled:countdown-thinker")


@pytest.mark.parametrize(
    ("name", "begins"), [("countdown", "solo"), ("countdown-wide", "critic"), ("countdown-thinker", "policy")]
)
def test_a_thinker_begins_as_the_bundled_agent_that_knows_most(name: str, begins: str) -> None:
    base = open_base(TrainingRequest(base=f"bundled:{name}"), "thinker", "compact")
    assert base.path == str(BUNDLED / name / begins)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(ConfigError, match="there is something else in it already"):
        build(tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("README.md", "mine")]


def test_agents_for_wider_ranges_are_built_without_a_card_and_others_are_refused(tmp_path: Path) -> None:
    assert build(tmp_path / "wide", agents="countdown-wide", scale=1e-4) is None
    assert sorted(path.name for path in (tmp_path / "wide").iterdir()) == ["critic", "policy"]
    assert (tmp_path / "wide" / "policy" / "model.safetensors").exists()
    with pytest.raises(ConfigError, match="`agents` countdwn: there are countdown, countdown-wide"):
        build(tmp_path / "wide", agents="countdwn")
