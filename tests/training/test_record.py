"""Training folders that version 0.1.0 wrote are known again."""

import json
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.errors import ConfigError
from longthought.training.data.folder import DataFolder
from tests.fakes import data_folders

STEP = {
    "prompt": [{"role": "user", "content": "use 3 4 make 7 step"}],
    "completion": [{"role": "assistant", "content": "3 + 4 = 7 left 7"}],
}
SETTINGS: dict[str, Any] = {
    "method": "sft", "base": None, "role": "policy", "lora_rank": None, "epochs": 4, "steps": None,
    "learning_rate": None, "schedule": "cosine", "warmup": 0.05, "batch": 8, "micro_batch": None, "max_length": 1024,
    "beta": 0.1, "labels": "process", "seed": 0, "chat_template": "chatml.jinja",
}  # fmt: skip
"""As version 0.1.0 wrote them, but for the fingerprint of the data."""


def test_an_old_folder_is_trained_already_by_the_same_settings_and_no_others(tmp_path: Path) -> None:
    data = data_folders.write(tmp_path / "data", [STEP], format="policy", role="policy")
    out = tmp_path / "out"
    out.mkdir()
    written = {"schema_version": 1, "settings": SETTINGS | {"data": DataFolder.open(data).fingerprint}}
    (out / "training.json").write_text(json.dumps({**written, "attempts": [], "facts": {"steps": 3}}))
    same: dict[str, Any] = {"epochs": 4, "batch": 8, "max_length": 1024, "chat_template": tmp_path / "chatml.jinja"}
    assert lt.train(data, out, **same) == {"steps": 3}
    with pytest.raises(ConfigError, match=r"other settings \(batch 8, now 16\)"):
        lt.train(data, out, **(same | {"batch": 16}))
