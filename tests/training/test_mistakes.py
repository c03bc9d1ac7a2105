"""Mistakes in what a training is given: each is one clear error before anything is written or loaded."""

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.agents import catalogue
from longthought.agents.in_process.load import load_engine
from longthought.errors import ConfigError, ModelError, ProblemError, UserError
from longthought.training.bundled.build import build
from longthought.training.hyperparameters import Hyperparameters
from longthought.training.record import TrainingRecord
from longthought.training.request import ReinforcementRequest, TrainingRequest
from tests.fakes import data_folders
from tests.fakes.data_folders import said
from tests.training.test_loss_mask import CHATML, UNMARKED, speaker

STEP = {
    "prompt": [{"role": "user", "content": "use 3 4 make 7 step"}],
    "completion": said("3 + 4 = 7 left 7"),
}
OTHER = {
    "prompt": [{"role": "user", "content": "use 3 5 make 8 step"}],
    "completion": said("3 + 5 = 8 left 8"),
}
PROSE = {"prompt": [{"role": "user", "content": "Make 7."}], "completion": said("3 + 4")}
PAIR = {
    "prompt": STEP["prompt"],
    "chosen": said("3 + 4 = 7 left 7"),
    "rejected": said("3 * 4 = 12 left 12"),
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return data_folders.write(tmp_path / "data", [STEP], [OTHER], format="policy", role="policy")


def refused(kind: type[UserError], data: Path, match: str, method: Any = "sft", **more: Any) -> None:
    out = data.parent / "out"
    before = sorted(out.rglob("*"))
    with pytest.raises(kind, match=match):
        lt.train(data, out, method=method, **more)
    assert sorted(out.rglob("*")) == before


def meta(data: Path, **fields: Any) -> None:
    file = data / "meta.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda d: (d / "meta.json").unlink(), r"no meta\.json there; write .*or export"),
        (lambda d: (d / "meta.json").write_text("[1"), "not a JSON object"),
        (lambda d: (d / "meta.json").write_text("[]"), "not a JSON object"),
        (
            lambda d: meta(d, role="judge"),
            r"meta\.json: role: .*'policy', 'critic' or 'thinker'.*export the data again",
        ),
        (lambda d: meta(d, schema_version=9), r"schema 9, and this longthought reads up to 1: upgrade longthought"),
        (lambda d: meta(d, dialect="verse"), r"unknown dialect 'verse'; choose from prose, compact"),
        (lambda d: (d / "train.jsonl").unlink(), r"neither train\.jsonl nor train\.parquet"),
        (lambda d: (d / "train.parquet").touch(), r"both train\.jsonl and train\.parquet; remove one"),
        (lambda d: (d / "train.jsonl").write_text(""), r"train\.jsonl: holds no examples"),
        (lambda d: (d / "validation.jsonl").write_text(""), r"validation\.jsonl: holds no examples"),
        (lambda d: (d / "train.jsonl").write_text("{torn"), r"train\.jsonl: can't be read .*export it again"),
    ],
)
def test_a_folder_that_is_none(data: Path, spoil: Callable[[Path], object], said: str) -> None:
    spoil(data)
    refused(ProblemError, data, said)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    refused(ProblemError, tmp_path / "nowhere", r"nowhere: no such folder; write one with `longthought export")


def test_another_role_than_the_data_are_for(data: Path) -> None:
    refused(ConfigError, data, r"`role` critic: .* holds policy data for the policy; leave `role` out", role="critic")


@pytest.mark.parametrize(("method", "needed"), [("dpo", "chosen, rejected"), ("scorer", "completions, labels")])
def test_columns_of_another_method(data: Path, method: str, needed: str) -> None:
    refused(ProblemError, data, rf"has the columns prompt, completion, and {method} needs {needed} too; export", method)


def test_a_validation_set_that_overlaps_with_training(tmp_path: Path) -> None:
    same = data_folders.write(tmp_path / "prompt", [STEP, OTHER], [OTHER], format="policy", role="policy")
    refused(
        ProblemError, same, r"1 of the validation split's problems or prompts .*'use 3 5 make 8 step'; split by problem"
    )
    train, aside = [STEP | {"problem": "p1"}], [OTHER | {"problem": "p1"}]
    problem = data_folders.write(tmp_path / "problem", train, aside, format="policy", role="policy")
    refused(ProblemError, problem, r"such as 'p1'; split by problem")


def test_a_base_with_another_tokenizer(data: Path, tmp_path: Path) -> None:
    base = speaker(tmp_path / "base", CHATML)
    refused(ModelError, data, r"its tokenizer can't say compact.*start from bundled:countdown or new:", base=str(base))
    prose = data_folders.write(tmp_path / "prose", [PROSE], format="policy", role="policy", dialect="prose")
    refused(ModelError, prose, r"example 1: bundled:countdown has no token for some", base="bundled:countdown")
    refused(ConfigError, prose, r"`base` is missing: name the model to train")
    refused(ConfigError, prose, r"a new model speaks compact, and the data are in prose", base="new:d64x1")


def test_a_base_whose_template_teaches_no_end(tmp_path: Path) -> None:
    prose = data_folders.write(tmp_path / "prose", [PROSE], format="policy", role="policy", dialect="prose")
    without = speaker(tmp_path / "without", None)
    refused(ModelError, prose, r"no chat template.*`chat_template`", base=str(without))
    endless = speaker(tmp_path / "endless", UNMARKED.replace("<|im_end|>", ""))
    refused(
        ModelError, prose, r"without the end token '<\|im_end\|>', so the model would never learn", base=str(endless)
    )
    broken = speaker(tmp_path / "broken", "{{ raise_exception('roles must alternate') }}")
    refused(ModelError, prose, r"can't render it \(roles must alternate\)", base=str(broken))
    refused(
        ConfigError, prose, r"`chat_template` .*none\.jinja: can't be read", base=str(endless),
        chat_template=tmp_path / "none.jinja",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("bundled:chess", r"bundled:chess does not exist; there is: bundled:countdown"),
        ("/nowhere/model", r"no such folder"),
        ("new:large", r"'new:large': write a new model as new:d192x4"),
        ("new:d100x2", r"its width a multiple of 64"),
    ],
)
def test_a_base_that_is_none(data: Path, base: str, said: str) -> None:
    refused(UserError, data, said, base=base)


def test_settings_that_do_not_go_together(data: Path, tmp_path: Path) -> None:
    refused(ConfigError, data, r"an adapter needs a base that knows something", base="new:d64x1", lora_rank=2)
    said = r"`max_length` 9999: bundled:countdown takes 512 tokens, and an adapter can't teach it longer ones"
    refused(ConfigError, data, said, max_length=9999, lora_rank=2)
    scaled = shutil.copytree(catalogue.bundled_folder("countdown", "policy"), tmp_path / "scaled")
    config = json.loads((scaled / "config.json").read_text())
    config["rope_parameters"] |= {"rope_type": "linear", "factor": 2.0}
    (scaled / "config.json").write_text(json.dumps(config))
    refused(ConfigError, data, r"positions can't be extended", base=str(scaled), max_length=9999)
    refused(ConfigError, data, r"`report_to` must be one of none, all, .*wandb.*, got .foo", report_to="foo")
    refused(ConfigError, data, r"`schedule` must be one of linear, cosine.*, got .sine", schedule="sine")
    refused(ConfigError, data, r"`beta` is a setting of the method dpo, not of sft", beta=0.5)
    pairs = data_folders.write(tmp_path / "pairs", [PAIR], format="dpo-policy", role="policy")
    refused(ConfigError, pairs, r"preferences are learned on top of a trained model", "dpo", base="new:d64x1")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"steps": 0}, "`steps` must be at least 1, got 0"),
        ({"batch": -1}, "`batch` must be at least 1, got -1"),
        ({"epochs": -1.0}, r"`epochs` must be more than 0(\.0)?, got -1.0"),
        ({"learning_rate": float("nan")}, "`learning_rate` .*, got nan"),
        ({"warmup": 1.0}, r"`warmup` must be less than 1(\.0)?, got 1.0"),
        ({"method": "scorer", "labels": "none"}, "`labels` must be one of process, outcome, got 'none'"),
        ({"method": "ppo"}, "`method` must be one of sft, dpo, scorer, probe, got 'ppo'"),
        ({"role": "judge"}, "`role` must be one of policy, critic, thinker, got 'judge'"),
        ({"rank": 8}, "unknown setting `rank`"),
    ],
)
def test_a_setting_that_makes_no_sense(data: Path, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        lt.train(data, data.parent / "out", **wrong)
    assert not (data.parent / "out").exists()


def test_a_request_and_settings_beside_it(data: Path) -> None:
    with pytest.raises(ConfigError, match="`steps`: given beside a request"):
        lt.train(data, data.parent / "out", TrainingRequest(), steps=3)


def test_examples_that_teach_nothing(tmp_path: Path) -> None:
    def folder(name: str, row: data_folders.Row, format: str = "policy", role: str = "policy") -> Path:
        return data_folders.write(tmp_path / name, [row], format=format, role=role)

    refused(
        ProblemError,
        folder("empty", STEP | {"completion": said("")}),
        r"example 1: its prompt or its reply",
    )
    refused(ProblemError, folder("mixed", STEP | {"completion": "7"}), r"must both be text, or both messages")
    refused(ProblemError, folder("long", STEP), r"every one of its 1 prompts fills the 3 tokens", max_length=3)
    same = folder("same", PAIR | {"rejected": PAIR["chosen"]}, "dpo-policy")
    refused(ProblemError, same, r"the chosen and the rejected reply are the same", "dpo")
    steps = {"prompt": "use 3 4 make 7", "completions": ["3 + 4 = 7 left 7"], "labels": [True]}
    refused(
        ProblemError, folder("good", steps, "step-labels", "critic"), r"every step in it is labelled good", "scorer"
    )
    refused(
        ProblemError, folder("few", steps | {"labels": [True, False]}, "step-labels", "critic"),
        r"as many labels as steps, found 1 steps and 2 labels", "scorer",
    )  # fmt: skip
    refused(ProblemError, folder("odd", steps | {"labels": [7.0]}, "step-labels", "critic"), r"label 7\.0", "scorer")


def test_a_folder_with_something_else_in_it(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    refused(ConfigError, data, r"there is something else in it already; name a new folder")
    (out / "training.json").write_text("{}")
    refused(ConfigError, data, r"training\.json: can't be read .*remove .* and train again")
    (out / "training.json").write_text('{"schema_version": 7, "settings": {}}')
    refused(ConfigError, data, r"schema 7, and this longthought reads up to 1")


def test_a_place_that_cannot_be_written(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (Path("/proc/x"), tmp_path / "file" / "x"):
        for begin in (partial(lt.train, data), build):
            with pytest.raises(ConfigError, match=r"`out` .*: nothing can be written into .*; name another folder"):
                begin(out)


def test_a_torn_checkpoint_is_passed_over(tmp_path: Path) -> None:
    for step, state in ((10, "{}"), (20, '{"torn'), (30, None)):
        folder = tmp_path / "checkpoints" / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        if state is not None:
            (folder / "trainer_state.json").write_text(state)
    assert TrainingRecord(tmp_path, {}).checkpoint() == tmp_path / "checkpoints" / "checkpoint-10"


def test_scorers_and_adapters_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no scorer\.json there; name a folder that `longthought train scorer` wrote"):
        catalogue.critic(f"scorer:{tmp_path}")
    with pytest.raises(ModelError, match=r"it sits in the critic's chair alone"):
        catalogue.policy(f"scorer:{tmp_path}")
    (tmp_path / "scorer.json").write_text('{"schema_version": 2, "dialect": "prose", "threshold": 0.5}')
    with pytest.raises(ModelError, match="schema 2, and this longthought reads up to 1"):
        catalogue.critic(f"scorer:{tmp_path}")
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "/nowhere/base"}')
    with pytest.raises(ModelError, match=r"its base /nowhere/base is no longer there; put it back"):
        load_engine(tmp_path)
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelError, match="names no base"):
        load_engine(tmp_path)


def test_a_model_whose_training_is_unfinished(tmp_path: Path) -> None:
    TrainingRecord(tmp_path, {}).write()
    with pytest.raises(ModelError, match=r"the training there is unfinished; run its `longthought train …` again"):
        load_engine(tmp_path)


def test_torn_data_are_told_once(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    (data / "train.jsonl").write_text('{"torn')
    logging.getLogger("datasets").addHandler(caplog.handler)
    refused(ProblemError, data, r"train\.jsonl: can't be read")
    logging.getLogger("datasets").removeHandler(caplog.handler)
    assert not caplog.records


def test_hyperparameters_suit_the_model() -> None:
    def suited(parameters: int, **more: Any) -> Hyperparameters:
        return Hyperparameters.suited(TrainingRequest(), parameters, **more)

    tiny, usual, large = (suited(n) for n in (2_000_000, 500_000_000, 7_000_000_000))
    assert tiny.learning_rate > usual.learning_rate == large.learning_rate
    assert (tiny.micro_batch, usual.micro_batch, large.micro_batch) == (32, 8, 2)
    assert (tiny.batch, usual.batch, large.batch) == (32, 32, 32)
    assert (tiny.checkpointing, large.checkpointing) == (False, True)
    assert suited(7_000_000_000, adapter=True).learning_rate == 10 * large.learning_rate
    thinkers = [suited(n, thinker=True).learning_rate for n in (2_000_000, 500_000_000)]
    assert thinkers == [2e-3, usual.learning_rate]
    spread = suited(7_000_000_000, devices=8)
    assert (spread.micro_batch, spread.accumulation, spread.batch) == (2, 2, 32)
    for batch in (15, 17, 20, 24, 30, 40):
        for method in (TrainingRequest, ReinforcementRequest):
            given = method(batch=batch, **({"group": batch} if method is ReinforcementRequest else {}))
            plan = Hyperparameters.suited(given, 2_000_000)
            assert plan.batch == plan.micro_batch * plan.accumulation == batch


def test_the_command_says_it_in_one_line(data: Path, tmp_path: Path) -> None:
    words = ["train", "sft", str(data), "--out", str(tmp_path / "out"), "--role", "critic"]
    done = subprocess.run([sys.executable, "-m", "longthought", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("longthought: --role critic: ")
    assert len(done.stderr.splitlines()) == 1
