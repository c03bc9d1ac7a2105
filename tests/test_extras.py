"""Commands without the packages of an extra: each says in one line what to install, before anything is written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from longthought.errors import ConfigError
from longthought.extras import expect_installed, installed

BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
"""
LOCAL = ("torch", "transformers")
MODEL = "transformers:model"


@pytest.mark.parametrize(
    ("words", "blocked", "extra"),
    [
        ("train bundled --out out", LOCAL, "train"),
        ("train sft data --out out", ("torch",), "train"),
        ("train dpo data --out out", ("trl",), "train"),
        ("solve Add.", LOCAL, "local"),
        ("solve Add. --policy openai:x --critic openai:x --thread t", ("aiosqlite",), "threads"),
        ("import-thread postgresql://h/d#t --out out", ("psycopg",), "postgres"),
        (f"generate problems.jsonl --out out --policy {MODEL} --critic {MODEL}", LOCAL, "local"),
        ("generate problems.jsonl --out out --executor ray", ("ray",), "ray"),
        ("generate problems.parquet --out out", ("datasets", "pyarrow"), "data"),
        ("check steps steps.jsonl --critic scorer:scorer", LOCAL, "local"),
        (f"label run --method monte-carlo --policy {MODEL}", LOCAL, "local"),
        (f"rewrite run --model {MODEL}", LOCAL, "local"),
        ("export run --format critic --out out --tokenizer model", LOCAL, "local"),
        ("view run --no-browser", ("fastapi",), "viewer"),
        ("view run --no-browser", ("uvicorn", "orjson"), "viewer"),
        ("export run --format critic --out out --parquet", ("pyarrow",), "data"),
    ],
)
def test_a_command_says_what_to_install(
    words: str, blocked: tuple[str, ...], extra: str, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"BLOCKED = {blocked!r}\n{BLOCKER}")
    (tmp_path / "problems.jsonl").write_text('{"id": "a", "statement": "Use 3 and 4, each once, to make 7."}\n')
    (tmp_path / "problems.parquet").write_bytes(b"PAR1")
    (tmp_path / "steps.jsonl").write_text('{"problem": "Add.", "steps": ["1 + 1 = 3"], "label": 0}\n')
    (tmp_path / "scorer").mkdir()
    scorer = {"schema_version": 1, "dialect": "prose", "threshold": 0.5}
    (tmp_path / "scorer" / "scorer.json").write_text(json.dumps(scorer))
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "longthought", *words.split()],
        env=os.environ | {"PYTHONPATH": path}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("longthought: ")
    assert f"pip install 'longthought[{extra}]'" in line
    assert not (tmp_path / "out").exists()


def test_a_package_that_is_shut_out_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed("pydantic")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not installed("torch")
    with pytest.raises(ConfigError, match=r"^training needs torch; run `pip install 'longthought\[train\]'`$"):
        expect_installed(("pydantic", "torch"), "train", "training", ConfigError)
