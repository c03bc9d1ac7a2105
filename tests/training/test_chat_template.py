"""What a trainer learns of an exported row, decoded: the assistant's words and the end token, and nothing else."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trl
from datasets import load_dataset
from transformers import PreTrainedTokenizerFast

from longthought.errors import ModelError
from longthought.problems.countdown import notation
from longthought.training.bundled import model as small
from longthought.training.chat_template import SAVE, learned, marked_template
from longthought.training.data.report import ExportReport
from tests.fakes.bytewise import bytewise

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
"""TRL and transformers warn of each other's settings; what they do is looked at below."""

Export = Callable[..., ExportReport]
MARKED = (
    "{% for m in messages %}{% if m['role'] == 'assistant' %}"
    "{% generation %}{{ m['content'] }} <end>{% endgeneration %}"
    "{% else %}{{ m['content'] }}{% endif %}{% if not loop.last %} {% endif %}{% endfor %}"
)
CHATML = Path(trl.__file__).parent / "chat_templates" / "qwen3.jinja"


def compact(template: str = MARKED) -> PreTrainedTokenizerFast:
    made = small.tokenizer()
    made.chat_template = template
    return made


def train_rows(made: ExportReport) -> Any:
    return load_dataset(str(made.out), cache_dir=str(made.out.parent / "cache"), split="train")


@pytest.mark.parametrize("format", ["sft-journey", "sft-shortcut", "policy", "critic"])
def test_the_mask_of_compact_rows_covers_the_reply_and_its_end(labelled: Path, exported: Export, format: str) -> None:
    tokenizer = compact()
    assert marked_template(tokenizer, "compact", SAVE) == MARKED
    for row in train_rows(exported(labelled, format)).select(range(10)):
        ids = learned(tokenizer, row["prompt"], row["completion"])
        words = row["completion"][0]["content"].split()
        assert tokenizer.convert_ids_to_tokens(ids) == [*words, notation.END]


@pytest.mark.parametrize("format", ["sft-journey", "policy", "critic"])
def test_the_mask_of_prose_rows_covers_the_reply_and_its_end(labelled: Path, exported: Export, format: str) -> None:
    tokenizer = bytewise(CHATML.read_text())
    template = marked_template(tokenizer, "bytewise", SAVE)
    assert template != tokenizer.chat_template
    for row in train_rows(exported(labelled, format, dialect="prose")).select(range(5)):
        shown = tokenizer.decode(learned(tokenizer, row["prompt"], row["completion"], template))
        said = row["completion"][0]["content"]
        assert shown.removeprefix("<think>\n\n</think>\n\n").rstrip("\n") == f"{said}<|im_end|>"


def test_sft_trainer_learns_what_the_mask_says(labelled: Path, exported: Export, tmp_path: Path) -> None:
    tokenizer, data = compact(), train_rows(exported(labelled, "critic")).select(range(8))
    arguments = trl.SFTConfig(
        output_dir=str(tmp_path / "out"), assistant_only_loss=True, per_device_train_batch_size=8, report_to="none",
        use_cpu=True, bf16=False, dataset_num_proc=None,
    )  # fmt: skip
    trainer = trl.SFTTrainer(
        small.model(hidden=64, layers=1), args=arguments, train_dataset=data, processing_class=tokenizer
    )
    (batch,) = trainer.get_train_dataloader()
    shown = {
        " ".join(tokenizer.convert_ids_to_tokens(labels[labels != -100].tolist())) for labels in batch["labels"]
    }  # fmt: skip
    assert shown == {f"{row['completion'][0]['content']} {notation.END}" for row in data}


def test_dpo_trainer_takes_exported_pairs(labelled: Path, exported: Export, tmp_path: Path) -> None:
    tokenizer, data = compact(), train_rows(exported(labelled, "dpo-policy")).select(range(4))
    arguments = trl.DPOConfig(
        output_dir=str(tmp_path / "out"), per_device_train_batch_size=4, max_steps=1, report_to="none", use_cpu=True,
        bf16=False, save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    small.model(hidden=64, layers=1).save_pretrained(tmp_path / "model")
    trainer = trl.DPOTrainer(str(tmp_path / "model"), args=arguments, train_dataset=data, processing_class=tokenizer)
    assert trainer.train().training_loss == pytest.approx(0.6931, abs=1e-3)  # ln 2: nothing is preferred yet


def test_a_tokenizer_measures_in_its_tokens(labelled: Path, exported: Export, tmp_path: Path) -> None:
    compact().save_pretrained(tmp_path / "model")
    made = exported(labelled, "sft-journey", tokenizer=str(tmp_path / "model"))
    assert made.unit == "tokens"
    assert (made.out / "README.md").read_text().split("## Sources")[0].count("tokens") >= 2
    with pytest.raises(ModelError, match="holds no tokenizer that can be read"):
        exported(labelled, "sft-journey", tokenizer=str(tmp_path))


def test_a_hub_that_is_out_of_reach_is_asked_once() -> None:
    code = "from longthought.training.data.rows import load_tokenizer; load_tokenizer('nope/nope')"
    away = {**os.environ, "HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://127.0.0.1:1"}
    done = subprocess.run([sys.executable, "-c", code], env=away, capture_output=True, text=True, check=False)
    said = "ModelError: `tokenizer` nope/nope: there is no such folder, and the hub doesn't give it"
    assert said in done.stderr.splitlines()[-1]
    assert "Retrying" not in done.stderr


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (
            "{% for m in messages %}{{ m['content'] }} {% endfor %}",
            r"doesn't mark what the assistant says.*\{% generation %\}",
        ),
        (
            MARKED.replace(" <end>{% endgeneration %}", "{% endgeneration %} <end>"),
            r"without the end token .<end>.*before any \{% endgeneration %\}",
        ),
        ("", "no chat template"),
    ],
)
def test_templates_that_teach_no_end_are_refused_before_anything_is_written(
    labelled: Path, exported: Export, tmp_path: Path, template: str, words: str
) -> None:
    compact(template).save_pretrained(tmp_path / "model")
    with pytest.raises(ModelError, match=words):
        exported(labelled, "sft-journey", tokenizer=str(tmp_path / "model"))
    assert not (tmp_path / "data-1").exists()
