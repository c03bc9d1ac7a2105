"""A vLLM server around a job, with a stand-in for the `vllm` command; a real one is in `test_real_vllm.py`."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

import longthought as lt
from longthought.errors import ConfigError, EndpointError, ModelError
from longthought.jobs import vllm
from longthought.jobs.vllm import model_and_options, serving

READY = """
import http.server, json, sys, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if time.monotonic() > ready else 503)
        self.end_headers()
        self.wfile.write(json.dumps(sys.argv[1:]).encode())
    def log_message(self, *args): pass
ready = time.monotonic() + 1.0
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""
WITH_WORKER = """
import os, subprocess, sys
worker = subprocess.Popen([sys.executable, "-c", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
                                                 "print('up', flush=True); signal.pause()"], stdout=subprocess.PIPE)
worker.stdout.readline()
print("worker", worker.pid, flush=True)
"""
FAILING = """
import sys
print("(EngineCore pid=7) ERROR 11-21 09:15:02 [core.py:1366] Traceback (most recent call last):")
print("(EngineCore pid=7) ERROR 11-21 09:15:02 [core.py:1366] ValueError: no room for 40 GiB on this GPU")
print("(APIServer pid=5)   raise RuntimeError(")
print("(APIServer pid=5)   File 'engine.py', line 3\\n" * 20, end="")
print("(APIServer pid=5) RuntimeError: Engine core initialization failed")
sys.exit(3)
"""
Stand = Callable[[str], None]


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """Put a program in the place of `vllm`."""

    def write(source: str) -> None:
        command = tmp_path / "bin" / "vllm"
        command.parent.mkdir()
        command.write_text(f"#!{sys.executable}\n{source}")
        command.chmod(0o755)
        monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")

    return write


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def test_it_waits_until_the_server_is_well_and_stops_it_after(stand_in: Stand, tmp_path: Path) -> None:
    stand_in(READY)
    log = tmp_path / "new" / "vllm.log"
    async with serving("some/model --max-model-len 4096", log, gpus=2) as server:
        async with aiohttp.ClientSession() as session, session.get(f"{server.base_url}/models") as answer:
            assert answer.status == 200
            asked = await answer.json(content_type=None)
        server.expect_alive()
    assert asked[:4] == ["serve", "some/model", "--max-model-len", "4096"]
    assert asked[-2:] == ["--tensor-parallel-size", "2"]
    assert "--enable-prompt-tokens-details" in asked
    with pytest.raises(EndpointError, match="ended with exit code -15"):
        server.expect_alive()


async def test_a_worker_that_does_not_listen_ends_with_the_server(stand_in: Stand, tmp_path: Path) -> None:
    stand_in(WITH_WORKER + READY)
    log = tmp_path / "vllm.log"
    async with serving("m", log):
        found = re.search(r"worker (\d+)", log.read_text())
        assert found
        assert alive(int(found[1]))
    for _ in range(100):
        if not alive(int(found[1])):
            break
        await asyncio.sleep(0.05)
    assert not alive(int(found[1]))


async def test_a_failure_shows_the_causes_and_where_the_log_is(stand_in: Stand, tmp_path: Path) -> None:
    stand_in(FAILING)
    with pytest.raises(EndpointError) as failed:
        async with serving("m", tmp_path / "vllm.log"):
            pass
    assert str(failed.value) == (
        f"the vLLM server ended with exit code 3; {tmp_path / 'vllm.log'} says:\n"
        "ValueError: no room for 40 GiB on this GPU\nRuntimeError: Engine core initialization failed"
    )


async def test_a_failure_without_a_word_shows_the_end_of_the_log(stand_in: Stand, tmp_path: Path) -> None:
    stand_in("print(*range(100), sep='\\n'); raise SystemExit(1)")
    with pytest.raises(EndpointError) as failed:
        async with serving("m", tmp_path / "vllm.log"):
            pass
    assert str(failed.value).endswith("says:\n" + "\n".join(map(str, range(88, 100))))


async def test_a_server_that_is_never_ready_is_stopped(
    stand_in: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vllm, "READY_SECONDS", 1.0)
    stand_in("import os, time; print('pid', os.getpid(), flush=True); time.sleep(600)")
    log = tmp_path / "vllm.log"
    with pytest.raises(EndpointError, match=r"not ready after 1 seconds; look at its log"):
        async with serving("m", log):
            pass
    assert not alive(int(log.read_text().split()[1]))


def test_a_job_whose_process_is_killed_takes_its_server_with_it(stand_in: Stand, tmp_path: Path) -> None:
    stand_in("import os; print('pid', os.getpid(), flush=True)\n" + READY)
    log = tmp_path / "vllm.log"
    source = f"""
import asyncio, pathlib
from longthought.jobs.vllm import serving
async def main():
    async with serving("m", pathlib.Path({str(log)!r})):
        print("ready", flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""

    async def run() -> int:
        pipe = asyncio.subprocess.PIPE
        job = await asyncio.create_subprocess_exec(
            sys.executable, "-c", source, stdout=pipe, cwd=Path(lt.__file__).parents[1]
        )
        assert job.stdout
        assert await job.stdout.readline() == b"ready\n"
        server = int(log.read_text().split()[1])
        assert alive(server)
        job.send_signal(signal.SIGKILL)
        await job.wait()
        for _ in range(100):
            if not alive(server):
                break
            await asyncio.sleep(0.05)
        return server

    assert not alive(asyncio.run(run()))


async def test_without_vllm_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelError, match=r"`serve_vllm` m: there is no vllm command here; pip install vllm"):
        async with serving("m --dtype float32", tmp_path / "vllm.log"):
            pass


@pytest.mark.parametrize("given", ["", "  ", "--max-model-len 4096", "model 'half"])
def test_what_names_no_model_is_refused(given: str) -> None:
    with pytest.raises(ConfigError, match="`serve_vllm`"):
        model_and_options(given)


def test_a_base_url_beside_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give one of the two"):
        next(iter(lt.generate([], out=tmp_path, serve_vllm="m", base_url="http://localhost:1/v1")))


def test_no_gpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`tensor_parallel_size` must be at least 1, got 0"):
        next(iter(lt.generate([], out=tmp_path, serve_vllm="m", tensor_parallel_size=0)))
