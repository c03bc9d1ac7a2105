"""Mistakes in a reinforcement are refused before it begins, by what they are, and nothing is written."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.errors import ConfigError, ModelError, ProblemError, UserError
from tests.training.test_loss_mask import speaker

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
TINY: Mapping[str, Any] = {"batch": 16, "group": 4, "steps": 2}
OWN = "tests.fakes.rewards"


def refused(kind: type[UserError], source: Path, out: Path, match: str, **settings: Any) -> None:
    with pytest.raises(kind, match=match):
        lt.reinforce(source, out, **{**TINY, **settings})
    assert not out.exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"group": 1}, "`group` must be at least 2, got 1"),
        ({"batch": 18}, "`batch` must be a multiple of `group`, 4, .*; got 18"),
        ({"temperature": 0.0}, "`temperature` must be more than 0"),
        ({"rewards": "acuracy"}, "`rewards` 'acuracy': there is no such reward; choose from accuracy"),
        ({"rewards": "step,step=2"}, "names one of step, step twice"),
        ({"rewards": f"{OWN}:skips"}, "skips returned None for all of"),
        ({"rewards": f"{OWN}:no_number"}, "no_number must return finite numbers.* it returned nan"),
        ({"rewards": f"{OWN}:too_few"}, r"too_few: it must take \(prompts, completions, \*\*columns\)"),
        ({"rewards": f"{OWN}:missing"}, "can't be imported"),
        ({"rewards": "rubric"}, "`judge` is missing"),
        ({"trl": "epsilon_hi=0.3"}, "`trl` epsilon_hi: there is no such setting; did you mean epsilon_high?"),
        ({"trl": "epsilon_high"}, "`trl` must be written NAME=VALUE"),
        ({"trl": "min_p=0.1"}, "`trl` min_p has no effect when replies are written in process; leave it out"),
        ({"loss": "ppo"}, "`loss` must be one of dr_grpo, dapo, .*, got 'ppo'"),
        ({"role": "thinker", "credit": "choice"}, "`credit` choice is for a policy or a critic"),
        ({"credit": "step", "rewards": "novelty"}, "`credit` step is for a thinker with the reward novelty"),
        ({"role": "thinker", "credit": "step"}, "`credit` step is for a thinker with the reward novelty"),
        ({"role": None}, "`role` is missing: say which agent learns"),
        ({"base": "new:d64x1"}, "rewards teach a trained model only"),
        ({"learning_rat": 1}, "unknown setting `learning_rat`"),
        ({"labels": "outcome"}, "`labels` is a setting of the method scorer, not of grpo"),
    ],
)
def test_a_setting_that_makes_no_sense(settings: dict[str, Any], said: str, logged: Path, tmp_path: Path) -> None:
    refused(ConfigError, logged, tmp_path / "out", said, **{"role": "policy", **settings})


def test_a_source_that_teaches_nothing(logged: Path, problems: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    refused(ProblemError, problems, out, "8 prompts are too few for one step of 64 replies", batch=64)
    refused(ProblemError, problems, out, "none of its 8 prompts leaves room for 600 tokens", max_tokens=600)
    refused(UserError, tmp_path / "nowhere.jsonl", out, "nowhere")


def test_settings_that_whole_debates_do_not_follow(problems: Path, tmp_path: Path) -> None:
    whole: dict[str, Any] = {"role": "policy", "batch": 8}
    refused(
        ConfigError, problems, tmp_path / "out", "`trl` top_p has no effect in whole debates", trl="top_p=0.9", **whole
    )
    said = "scale_rewards=batch: whole debates scale by group"
    refused(ConfigError, problems, tmp_path / "out", said, trl="scale_rewards=batch", **whole)


def test_labels_all_of_one_kind(logged: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    copy.mkdir()
    for file in logged.iterdir():
        if file.is_file():
            (copy / file.name).write_bytes(file.read_bytes())
    labels = [json.loads(line) for line in (logged / "labels.jsonl").read_text().splitlines()]
    dead = [{**label, "live": False, "value": 0.0, "low": 0.0, "high": 0.0} for label in labels]
    (copy / "labels.jsonl").write_text("".join(json.dumps(label, separators=(",", ":")) + "\n" for label in dead))
    refused(
        ProblemError, copy, tmp_path / "out", "whose labels are known lead to none.*longthought label", role="critic"
    )


def test_a_base_without_a_chat_template(logged: Path, tmp_path: Path) -> None:
    base = speaker(tmp_path / "base", None)
    refused(ModelError, logged, tmp_path / "out", "no chat template", role="policy", base=str(base))


def test_the_command_says_it_in_one_line(logged: Path, tmp_path: Path) -> None:
    words = ["train", "grpo", str(logged), "--role", "policy", "--group", "1", "--out", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-m", "longthought", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "longthought: --group must be at least 2, got 1\n"
