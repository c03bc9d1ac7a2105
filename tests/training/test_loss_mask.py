"""What is learned, decoded from what TRL's trainers are given: replies and their end token, and nothing else."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM
from trl.trainer import utils

import longthought as lt
from longthought.agents.catalogue import dialect_of
from longthought.errors import ModelError
from longthought.training.data.folder import DataFolder
from longthought.training.fine_tuning import TrainerInputs, arguments, prepare
from longthought.training.hyperparameters import Hyperparameters
from longthought.training.methods import METHODS
from longthought.training.request import Method, TrainingRequest
from longthought.trajectories.trajectory import Trajectory
from tests.fakes import data_folders
from tests.fakes.bytewise import bytewise

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}\n"
    "{% else %}{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
UNMARKED = CHATML.replace("{% generation %}", "").replace("{% endgeneration %}", "")
TALK = [
    {"role": "user", "content": "two and two"},
    {"role": "assistant", "content": "five"},
    {"role": "user", "content": "look again"},
    {"role": "assistant", "content": "four"},
]


def speaker(folder: Path, template: str | None) -> Path:
    """Write a tiny model that can say any bytes, as an instruction-tuned one does."""
    tokenizer = bytewise(template)
    tokenizer.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=1,
        head_dim=64,
        max_position_embeddings=16_384,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def prepared(method: Method, data: Path, base: str, out: Path, **more: Any) -> tuple[TrainerInputs, Any]:
    """Return what the method's trainer was given to learn."""
    learning = METHODS[method]()
    task = prepare(learning, TrainingRequest(method=method, base=base, **more), DataFolder.open(data))
    learning.inspect(task.train, task, "train")
    fitted = dataclasses.replace(Hyperparameters.suited(task.request, 1), checkpointing=False)
    return task, learning.trainer(task, fitted, task.base.language_model("float32"), arguments(task, fitted, out))


def learned(task: TrainerInputs, trainer: Any) -> list[str]:
    """Decode what counts in the loss, as the collator hands it to the model."""
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(len(trainer.train_dataset))])
    return [task.base.tokenizer.decode([t for t in labels.tolist() if t != -100]) for labels in batch["labels"]]


@pytest.mark.parametrize("role", ["policy", "critic", "thinker"])
def test_compact_agents_learn_their_replies_and_the_end(debates: list[Trajectory], role: str, tmp_path: Path) -> None:
    rows = getattr(data_folders, f"{role}_rows")(debates)
    data = data_folders.write(tmp_path / "data", rows, format=role, role=role)
    task, trainer = prepared("sft", data, "new:d64x1", tmp_path / "out", max_length=4096)  # long thoughts are cut else
    wanted = [" ".join(row["completion"][0]["content"].split()) + " <end>" for row in rows]
    assert learned(task, trainer) == wanted


def test_prose_agents_learn_their_replies_and_the_end(debates: list[Trajectory], tmp_path: Path) -> None:
    rows = data_folders.policy_rows(debates, "prose")[:12]
    data = data_folders.write(tmp_path / "data", rows, format="policy", role="policy", dialect="prose")
    base = speaker(tmp_path / "base", UNMARKED)  # prompts and completions need no markers
    task, trainer = prepared("sft", data, str(base), tmp_path / "out")
    assert learned(task, trainer) == [row["completion"][0]["content"] + "<|im_end|>\n" for row in rows]


def test_in_a_talk_only_the_assistant_is_learned(tmp_path: Path) -> None:
    base = speaker(tmp_path / "base", CHATML)
    for name, row in (("messages", {"messages": TALK}), ("turns", {"prompt": TALK[:1], "completion": TALK[1:]})):
        data = data_folders.write(tmp_path / name, [row], format="policy", role="policy", dialect="prose")
        task, trainer = prepared("sft", data, str(base), tmp_path / "out")
        assert learned(task, trainer) == ["five<|im_end|>four<|im_end|>"]


def test_a_critic_of_one_word_learns_its_word_alone_and_is_seated_as_one(tmp_path: Path) -> None:
    row = {"prompt": TALK[:3], "completion": data_folders.said("No")}
    data = data_folders.write(tmp_path / "data", [row] * 2, format="critic", role="critic", dialect="yes-no")
    base = speaker(tmp_path / "base", UNMARKED)
    task, trainer = prepared("sft", data, str(base), tmp_path / "out")
    assert learned(task, trainer) == ["No<|im_end|>\n"] * 2
    lt.train(data, tmp_path / "critic", base=str(base), steps=1)
    assert dialect_of(f"transformers:{tmp_path / 'critic'}").name == "yes-no"


def test_only_learned_tokens_pass_through_the_language_model_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"prompt": TALK[:3], "completion": data_folders.said(word)} for word in ("No", "Yes")]
    data = data_folders.write(tmp_path / "data", rows, format="critic", role="critic", dialect="yes-no")
    _, trainer = prepared("sft", data, str(speaker(tmp_path / "base", UNMARKED)), tmp_path / "out")
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(2)])
    scored: list[int] = []
    real = utils._ChunkedLogProbFunction

    class Spied:
        @staticmethod
        def apply(hidden: Any, *rest: Any) -> Any:
            scored.append(len(hidden))
            return real.apply(hidden, *rest)

    monkeypatch.setattr(utils, "_ChunkedLogProbFunction", Spied)
    loss = trainer.compute_loss(trainer.model, dict(batch))
    learned_tokens = int((batch["labels"] != -100).sum())
    assert scored == [learned_tokens]
    assert learned_tokens < batch["labels"].numel() / 4
    logits = trainer.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1]
    expected = cross_entropy(logits.flatten(0, 1), batch["labels"][:, 1:].flatten(), ignore_index=-100)
    torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-6)


def test_a_talk_needs_a_template_with_markers(tmp_path: Path) -> None:
    data = data_folders.write(tmp_path / "data", [{"messages": TALK}], format="policy", role="policy", dialect="prose")
    base = speaker(tmp_path / "base", UNMARKED)
    with pytest.raises(ModelError, match=r"doesn't mark what the assistant says.*\{% generation %\}.*`chat_template`"):
        prepared("sft", data, str(base), tmp_path / "out")
    given = tmp_path / "chatml.jinja"
    given.write_text(CHATML)
    task, trainer = prepared("sft", data, str(base), tmp_path / "out", chat_template=given)
    assert learned(task, trainer) == ["five<|im_end|>four<|im_end|>"]


def test_pairs_share_their_prompt_and_part_at_the_reply(debates: list[Trajectory], tmp_path: Path) -> None:
    rows = data_folders.pairs(debates)
    data = data_folders.write(tmp_path / "data", rows, format="dpo-policy", role="policy")
    task, trainer = prepared("dpo", data, "bundled:countdown", tmp_path / "out")
    decode = task.base.tokenizer.decode
    for row, made in zip(rows, trainer.train_dataset, strict=True):
        assert decode(made["prompt_ids"]) == row["prompt"][0]["content"]
        for reply in ("chosen", "rejected"):
            assert decode(made[f"{reply}_ids"]) == row[reply][0]["content"] + " <end>"


def test_a_scorer_learns_at_the_last_token_of_each_step(tmp_path: Path) -> None:
    row = {
        "prompt": "use 3 4 5 make 2",
        "completions": ["3 + 4 = 7 left 7 5", "7 - 5 = 2 left 2"],
        "labels": [True, False],
    }
    data = data_folders.write(tmp_path / "data", [row, row], format="step-labels", role="critic")
    learning = METHODS["scorer"]()
    for labels, wanted in (("process", [1.0, 0.0]), ("outcome", [0.0, 0.0])):
        request = TrainingRequest(method="scorer", base="new:d64x1", labels=labels)
        task = prepare(learning, request, DataFolder.open(data))
        fitted = Hyperparameters.suited(request, 1)
        model, given = task.base.scoring_model("float32"), arguments(task, fitted, tmp_path / "out")
        trainer: Any = learning.trainer(task, fitted, model, given)
        batch = trainer.data_collator([trainer.train_dataset[0]])
        kept = (batch["labels"][0] != -100).nonzero().flatten().tolist()
        words = task.base.tokenizer.convert_ids_to_tokens(batch["input_ids"][0].tolist())
        assert [" ".join(words[: at + 1]) for at in kept] == [
            "use 3 4 5 make 2 step 3 + 4 = 7 left 7 5",
            "use 3 4 5 make 2 step 3 + 4 = 7 left 7 5 step 7 - 5 = 2 left 2",
        ]
        assert batch["labels"][0][kept].tolist() == wanted
