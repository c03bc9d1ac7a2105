"""`longthought view`: the server as a user starts and stops it, and a debate as a file."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from longthought.errors import ConfigError
from longthought.viewer import serving
from tests.fakes import golden


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return golden.write(tmp_path / "run", [golden.latex(), golden.hostile()])


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "longthought", "view", *map(str, words)]


def finished(*words: object, cwd: Path) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"XDG_CACHE_HOME": str(cwd / "cache")}
    return subprocess.run(command(*words), env=environment, cwd=cwd, capture_output=True, text=True, check=False)


@contextmanager
def viewing(*words: object, cwd: Path, **environment: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Start a viewer, and yield its address when it answers."""
    process = subprocess.Popen(
        command(*words, "--no-browser"),
        env=os.environ | {"XDG_CACHE_HOME": str(cwd / "cache"), "PYTHONUNBUFFERED": "1"} | environment, cwd=cwd,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        while "http://localhost:" not in line:
            assert line, process.stderr and process.stderr.read()
            line = process.stdout.readline()
        found = re.search(r"http://localhost:\d+/", line)
        assert found is not None
        yield found[0], process
    finally:
        process.kill()
        process.communicate()


def test_the_server_serves_follows_and_stops(run: Path, tmp_path: Path) -> None:
    with viewing(run, cwd=tmp_path, SSH_CONNECTION="10.0.0.1 5000 10.0.0.2 22") as (address, process):
        with urllib.request.urlopen(f"{address}api/runs") as answer:
            assert json.load(answer)["runs"][0]["name"] == "run"
        with pytest.raises(urllib.error.HTTPError, match="421"):
            urllib.request.urlopen(urllib.request.Request(address, headers={"Host": "evil.com"}))
        assert process.stdout is not None
        port = int(address.rstrip("/").rpartition(":")[2])
        assert re.search(rf"ssh -N -L {port}:localhost:{port} (\S+@)?10\.0\.0\.2", process.stdout.readline())
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), timeout=5)  # this machine too, but not that address
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130
        assert said == "longthought: stopped\n"
    assert not list(run.glob("*sqlite*"))


def test_a_port_in_use_is_named_or_avoided(run: Path, tmp_path: Path) -> None:
    with serving.listening(None) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"^`port` {port} is in use: give another"):
            serving.listening(port)
        with serving.listening(None) as other:
            assert other.getsockname()[1] != port
        done = finished(run, "--port", port, "--no-browser", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"longthought: --port {port} is in use: give another, or none to take a free one\n"


def test_where_a_browser_is() -> None:
    assert serving.has_browser({"DISPLAY": ":0"})
    assert not serving.has_browser({"DISPLAY": ":0", "SSH_CONNECTION": "10.0.0.1 5000 10.0.0.2 22"})
    assert serving.has_browser({}) is (sys.platform in ("darwin", "win32"))
    assert serving.forwarding(1, {}) == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "nowhere does not exist: give the run folder"),
        (("empty",), "empty is not a run folder, and holds none"),
        (("run", "--export", "latex"), "--export and --out belong together"),
        (("run", "--export", "latxe", "--out", "a.html"), "has no debate 'latxe#0'; did you mean 'latex#0'?"),
        (("run", "--export", "latex", "--out", "no/where/a.html"), "--out no/where/a.html: can't be written"),
        (("run", "--export", "latex", "--out", "run/run.json"), "--out run/run.json: there is something else in it"),
        (("x" * 300,), "File name too long"),
    ],
)
def test_mistakes_end_in_one_line(run: Path, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "empty").mkdir()
    done = finished(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert said in line


def test_a_debate_is_exported_from_a_run_or_a_set(run: Path, tmp_path: Path) -> None:
    golden.write(tmp_path / "set" / "debate" / "seed-0", [golden.tongues()])
    done = finished("run", "set", "--export", "שלום/🎉 #1#0", "--out", "a.html", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote a.html\n", "")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert golden.RTL in page
    assert "default-src 'none'" in page
    done = finished("run", "--export", f"hostile {golden.SCRIPT}", "--out", "b.html", cwd=tmp_path)
    assert "<script" not in (tmp_path / "b.html").read_text(encoding="utf-8")
