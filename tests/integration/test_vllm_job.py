"""`--serve-vllm`: a real server around a job, gone when the job is over."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import longthought as lt
from longthought.agents.catalogue import BUNDLED

pytestmark = pytest.mark.vllm
AGENTS = BUNDLED / "countdown"
ROOT = Path(lt.__file__).parents[1]


def longthought(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from longthought.cli.main import main; main()", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("problems") / "countdown.jsonl"
    made = longthought("problems", "countdown", "--count", "12", "--split", "test", "--out", str(path))
    assert made.returncode == 0, made.stderr
    return path


def processes(log: Path) -> set[int]:
    """Return every process that has signed the log."""
    return {int(pid) for pid in re.findall(r"\(\w+ pid=(\d+)\)", log.read_text())}


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.usefixtures("vllm")
def test_a_server_stands_for_as_long_as_the_job(problems: Path, tmp_path: Path) -> None:
    done = longthought(
        *("generate", str(problems), "--out", str(tmp_path / "run"), "--json", "--dialect", "compact"),
        *("--serve-vllm", f"{AGENTS / 'policy'} --enforce-eager", "--critic", f"transformers:{AGENTS / 'critic'}"),
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["finished"], summary["failed"]) == (12, 0)
    assert summary["solved"] >= 8
    log = tmp_path / "run.vllm.log"
    assert "Application startup complete" in log.read_text()
    signed = processes(log)
    assert len(signed) >= 2
    assert not [pid for pid in signed if alive(pid)]


@pytest.mark.usefixtures("vllm")
def test_a_model_that_cannot_be_served_says_why(problems: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"architectures": ["Nobody"], "model_type": "llama"}')
    done = longthought(
        *("generate", str(problems), "--out", str(tmp_path / "run")),
        *("--serve-vllm", f"{tmp_path / 'model'} --enforce-eager", "--dialect", "compact"),
    )
    assert done.returncode == 1
    assert f"the vLLM server ended with exit code 1; {tmp_path / 'run.vllm.log'} says:" in done.stderr
    assert "Model architectures ['Nobody'] are not supported" in done.stderr
    assert not (tmp_path / "run").exists()
