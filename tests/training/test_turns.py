"""What a model is trained on is what it is asked later, token for token, whatever its chat template does."""

from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

import longthought as lt
from longthought.errors import ModelError
from longthought.training.chat_template import with_stopped_clock
from longthought.training.data.folder import DataFolder
from longthought.training.fine_tuning import prepare
from longthought.training.methods import METHODS
from longthought.training.request import TrainingRequest
from tests.fakes import data_folders
from tests.fakes.data_folders import said
from tests.training.test_loss_mask import CHATML, UNMARKED, prepared, speaker

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
OPEN = "<|im_start|>assistant\n{% endif %}"
BLOCK = "<think>\n\n</think>\n\n"
SAID = "{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
REPLY = "{% if m.role == 'assistant' %}{{ m.content }}"
ROW = {
    "prompt": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Make 8."},
        {"role": "assistant", "content": "<think>5 + 3?</think>3 + 4"},
        {"role": "user", "content": "Wrong. Again."},
    ],
    "completion": said("3 + 5"),
}
PAIR = {"prompt": ROW["prompt"], "chosen": said("3 + 5"), "rejected": said("3 * 5")}

ALIKE = {
    "plain": UNMARKED,
    "marked": CHATML.replace("{% endgeneration %}", "\n{% endgeneration %}"),
    "a block only when learning": UNMARKED.replace(REPLY, REPLY.replace("%}{{", f"%}}{BLOCK}{{{{")),
    "a block only when asking": UNMARKED.replace(OPEN, OPEN.replace("{%", f"{BLOCK}{{%")),
    "a stripped reply": UNMARKED.replace(REPLY, REPLY.replace("m.content", "m.content | trim | upper | lower")),
    "no earlier thinking": UNMARKED.replace(REPLY, REPLY.replace("m.content", "m.content.split('</think>')[-1]")),
    "a system message when learning": "{% if not add_generation_prompt %}<|im_start|>system\nYou help.{% endif %}"
    + UNMARKED,
    "a system message when asking": "{% if add_generation_prompt %}<|im_start|>system\nYou help.{% endif %}" + UNMARKED,
    "other earlier turns": UNMARKED.replace("{{ m.content }}", "{{ loop.length }} {{ m.content }}"),
    "the day": "{{ strftime_now('%d %b %Y') }}" + UNMARKED,
    "the microsecond": "  {{- strftime_now('%f') -}}" + UNMARKED,
}


@pytest.mark.parametrize("template", ALIKE.values(), ids=ALIKE)
def test_a_reply_is_learned_where_it_is_asked_for(template: str, tmp_path: Path) -> None:
    base = speaker(tmp_path / "base", template)
    data = data_folders.write(tmp_path / "sft", [ROW], format="policy", role="policy", dialect="prose")
    task, trainer = prepared("sft", data, str(base), tmp_path / "out")
    task.base.tokenizer.save_pretrained(tmp_path / "saved")
    asked, reply = expected(tmp_path / "saved", "3 + 5")
    batch = trainer.data_collator([trainer.train_dataset[0]])
    assert batch["input_ids"][0].tolist() == asked + reply
    assert batch["labels"][0].tolist() == [-100] * len(asked) + reply

    data = data_folders.write(tmp_path / "dpo", [PAIR], format="dpo-policy", role="policy", dialect="prose")
    _, trainer = prepared("dpo", data, str(base), tmp_path / "out")
    pair = trainer.train_dataset[0]
    assert (pair["prompt_ids"], pair["chosen_ids"]) == (asked, reply)
    assert pair["rejected_ids"] == expected(tmp_path / "saved", "3 * 5")[1]


def expected(saved: Path, reply: str) -> tuple[list[int], list[int]]:
    """Return what an agent with the saved tokenizer is asked with, and what it should then write."""
    tokenizer = AutoTokenizer.from_pretrained(saved)
    asked = tokenizer.apply_chat_template(ROW["prompt"], add_generation_prompt=True, return_dict=False)
    return asked, tokenizer(f"{reply}<|im_end|>\n")["input_ids"]


CLOSED = UNMARKED.replace(REPLY, REPLY.replace("%}{{", f"%}}{BLOCK}{{{{")).replace(
    OPEN, OPEN.replace("{%", "<think>\n{%")
)
HEADED = UNMARKED.replace(REPLY, REPLY.replace("%}{{", "%}<|channel|>final<|message|>{{"))


@pytest.mark.parametrize(
    ("template", "reply", "written"),
    [
        (CLOSED, "3 + 5", "\n</think>\n\n3 + 5"),
        (CLOSED, "is it 5?\n</think>\n\n3 + 5", "is it 5?\n</think>\n\n3 + 5"),
        (HEADED, "3 + 5", "<|channel|>final<|message|>3 + 5"),
    ],
)
def test_what_the_model_must_write_before_its_reply_is_learned(
    template: str, reply: str, written: str, tmp_path: Path
) -> None:
    base = speaker(tmp_path / "base", template)
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|channel|>", "<|message|>"]})
    tokenizer.save_pretrained(base)
    row = {"prompt": ROW["prompt"][1:2], "completion": said(reply)}
    data = data_folders.write(tmp_path / "sft", [row], format="policy", role="policy", dialect="prose")
    task, trainer = prepared("sft", data, str(base), tmp_path / "out")
    (example,) = trainer.train_dataset
    learned = [token for token in example["labels"] if token != -100]
    assert task.base.tokenizer.decode(learned) == f"{written}<|im_end|>\n"
    asked = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=False)
    assert example["input_ids"] == asked + learned


REFUSED = {
    "an open block": (
        UNMARKED.replace(OPEN, OPEN.replace("{%", "<think>\n{%")),
        r"example 1: .*opens <think> .*prompt ends in '.*<think>\\n', the reply begins with '3 \+ 5';.*`chat_template`",
    ),
    "chance": (
        UNMARKED.replace(OPEN, "{{ range(1000) | random }}" + OPEN),
        r"renders the same messages differently each time: '.*' against '.*'.*`chat_template`",
    ),
    "no reply": (UNMARKED.replace(REPLY, REPLY.replace("{{ m.content }}", "…")), r"doesn't write what the assistant"),
}


@pytest.mark.parametrize(("template", "words"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("method", ["sft", "dpo"])
def test_what_can_not_be_asked_alike_is_refused_before_training(
    method: str, template: str, words: str, tmp_path: Path
) -> None:
    base = speaker(tmp_path / "base", template)
    data = data_folders.write(
        tmp_path / "data", [ROW if method == "sft" else PAIR], format="policy", role="policy", dialect="prose"
    )
    with pytest.raises(ModelError, match=words):
        lt.train(data, tmp_path / "out", method=method, base=str(base))
    assert not (tmp_path / "out").exists()


def test_a_conversation_that_is_asked_for_otherwise_is_refused(tmp_path: Path) -> None:
    talk = [*ROW["prompt"], *ROW["completion"]]
    data = data_folders.write(tmp_path / "data", [{"messages": talk}], format="policy", role="policy", dialect="prose")
    marked = CHATML.replace("{{ m.content }}<|im_end|>{% end", "{{ m.content.split('</think>')[-1] }}<|im_end|>{% end")
    words = r"asks for message 3 than when that is learned: '.*<think>5 \+ 3\?.*' against '.*3 \+ 4.*one reply a row"
    with pytest.raises(ModelError, match=words):
        lt.train(data, tmp_path / "out", base=str(speaker(tmp_path / "base", marked)))


def test_a_user_is_told_what_a_template_does(tmp_path: Path) -> None:
    data = data_folders.write(tmp_path / "data", [ROW], format="policy", role="policy", dialect="prose")
    for name, words in {
        "plain": "",
        "a block only when learning": r" writes '<think>\n\n</think>\n\n' before a reply but not when it asks for one",
        "the day": " writes the time, which is always 01 January 2025 in the template that is saved",
    }.items():
        base = speaker(tmp_path / name, ALIKE[name])
        learning = METHODS["sft"]()
        task = prepare(learning, TrainingRequest(base=str(base)), DataFolder.open(data))
        remark = learning.inspect(task.train, task, "train").remark
        assert bool(words) == bool(remark)
        assert words in remark


def test_a_clock_is_stopped_once() -> None:
    stopped = with_stopped_clock(ALIKE["the day"])
    assert with_stopped_clock(stopped) == stopped != ALIKE["the day"]
    assert with_stopped_clock(UNMARKED) == UNMARKED


def test_a_row_may_set_variables_of_the_template(tmp_path: Path) -> None:
    template = "{% if short %}Short!{% endif %}" + UNMARKED
    row: dict[str, Any] = ROW | {"chat_template_kwargs": {"short": True}}
    data = data_folders.write(tmp_path / "data", [row], format="policy", role="policy", dialect="prose")
    task, trainer = prepared("sft", data, str(speaker(tmp_path / "base", template)), tmp_path / "out")
    assert task.base.tokenizer.decode(trainer.train_dataset[0]["input_ids"]).startswith("Short!<|im_start|>")
