"""The pool: it reports how runs end, for any thread and loop, outlives its workers, and runs nothing unconfined."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from longthought.tools.sandbox import bubblewrap
from longthought.tools.sandbox.confinement import Unavailable, confinement, probe
from longthought.tools.sandbox.pool import Sandbox, shared
from longthought.tools.sandbox.result import Mark, RunStatus
from tests.tools.sandbox.seat import CONFINEMENTS, ROOT


@pytest.fixture(scope="module", params=CONFINEMENTS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    sandbox = Sandbox(confinement=request.param, seconds=3)
    yield sandbox
    sandbox.close()


async def test_what_is_printed_comes_back(sandbox: Sandbox) -> None:
    found = await sandbox.run("import sys\nprint('é', '\\ud800')\nprint('aside', file=sys.stderr)")
    assert (found.run, found.stdout, found.stderr) == (RunStatus.OK, "é \\ud800\n", "aside\n")
    assert found.seconds > 0


async def test_a_traceback_shows_the_code_and_none_of_the_machines_paths(sandbox: Sandbox) -> None:
    found = await sandbox.run("import sympy\ndef f():\n    sympy.Integer('x')\nf()")
    assert found.run is RunStatus.ERROR
    assert found.stderr.startswith(
        'Traceback (most recent call last):\n  File "<code>", line 4, in <module>\n    f()\n'
    )
    assert "    sympy.Integer('x')" in found.stderr
    assert '"sympy/core/' in found.stderr
    assert sys.base_prefix not in found.stderr
    assert str(ROOT) not in found.stderr


@pytest.mark.parametrize(
    ("code", "run"),
    [
        ("raise SystemExit", RunStatus.OK),
        ("import sys; sys.exit(0)", RunStatus.OK),
        ("import sys; sys.exit(3)", RunStatus.ERROR),
        ("import sys; sys.exit('no')", RunStatus.ERROR),
        ("raise KeyboardInterrupt", RunStatus.ERROR),
        ("raise MemoryError", RunStatus.OOM),
        ("import os; os._exit(0)", RunStatus.CRASHED),
        ("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", RunStatus.ERROR),
    ],
)
async def test_how_it_ended(sandbox: Sandbox, code: str, run: RunStatus) -> None:
    assert (await sandbox.run(code)).run is run


async def test_standard_input(sandbox: Sandbox) -> None:
    code = "import sys\nprint(input(), sys.stdin.read().split(), repr(sys.stdin.read()))"
    assert (await sandbox.run(code, stdin="3\n1 2\n3")).stdout == "3 ['1', '2', '3'] ''\n"
    assert (await sandbox.run("print(len(open(0).read()))", stdin="x" * 10**6)).stdout == "1000000\n"
    assert (await sandbox.run("input()")).stderr.endswith("EOFError: EOF when reading a line\n")


async def test_a_session_is_replay(sandbox: Sandbox) -> None:
    cells = ["x = 20\nprint('not shown')", "1 / 0", "def f():\n    return x + 1"]
    found = await sandbox.run("print(f() * 2)", cells=cells)
    assert (found.run, found.stdout, found.stderr) == (RunStatus.OK, "42\n", "")
    assert (await sandbox.run("print(x)")).run is RunStatus.ERROR, "nothing stays without the cells"


async def test_the_same_code_does_the_same(sandbox: Sandbox) -> None:
    code = "import random, numpy\nprint(random.random(), numpy.random.rand(), hash('x'), {'a', 'b', 'c'})"
    found = {(await sandbox.run(code)).stdout for _ in range(4)}
    assert len(found) == 1


async def test_what_ordinary_code_uses_works(sandbox: Sandbox) -> None:
    code = """
    import asyncio, threading, sympy, numpy, decimal, collections, itertools, re, json, datetime, statistics, zoneinfo
    from concurrent.futures import ThreadPoolExecutor
    from dataclasses import dataclass
    async def later(x):
        await asyncio.sleep(0.001)
        return x
    async def both():
        return await asyncio.gather(later(1), later(2))
    print(asyncio.run(both()), list(ThreadPoolExecutor(2).map(abs, [-1, -2])), numpy.linalg.det(numpy.eye(3)))
    x = sympy.Symbol("x")
    print(sympy.integrate(sympy.sin(x) ** 2, (x, 0, sympy.pi)), sympy.solve(x**2 - 2))
    """
    found = await sandbox.run(textwrap.dedent(code))
    assert found.stdout == "[1, 2] [1, 2] 1.0\npi/2 [-sqrt(2), sqrt(2)]\n", found


async def test_many_at_once_each_gets_its_own(sandbox: Sandbox) -> None:
    found = await asyncio.gather(*(sandbox.run(f"print({n})") for n in range(60)))
    assert [result.stdout for result in found] == [f"{n}\n" for n in range(60)]


def test_any_thread_and_any_event_loop(sandbox: Sandbox) -> None:
    found: dict[int, str] = {}

    def work(number: int) -> None:
        for _ in range(2):
            found[number] = asyncio.run(sandbox.run(f"print({number})")).stdout

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: f"{number}\n" for number in range(6)}


@pytest.mark.parametrize("kind", CONFINEMENTS)
async def test_a_killed_worker_is_replaced(kind: str) -> None:
    """Kill every process of a sandbox from outside, in the middle of a run."""
    before = descendants(os.getpid())
    sandbox = Sandbox(confinement=kind, seconds=30)
    await asyncio.gather(*(sandbox.run("import time; time.sleep(0.2)") for _ in range(2)))
    running = asyncio.create_task(sandbox.run("import time; time.sleep(60)"))
    await asyncio.sleep(0.5)
    doomed = descendants(os.getpid()) - before
    for pid in doomed:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert gone(doomed)
    assert (await running).run in (RunStatus.CRASHED, RunStatus.OOM)
    for _ in range(3):
        assert (await sandbox.run("print(1)")).stdout == "1\n"
    sandbox.close()


async def test_a_caller_who_leaves_does_no_harm(sandbox: Sandbox) -> None:
    runs = [asyncio.create_task(sandbox.run(f"import time; time.sleep(1); print({n})")) for n in range(4)]
    await asyncio.sleep(0.3)
    for run in runs[:3]:
        run.cancel()
    assert (await runs[3]).stdout == "3\n"
    assert (await sandbox.run("print('next')")).stdout == "next\n"


@pytest.mark.parametrize("kind", CONFINEMENTS)
async def test_nothing_is_left_when_it_is_closed(kind: str) -> None:
    before = descendants(os.getpid())
    sandbox = Sandbox(confinement=kind, workers=1, seconds=30)
    assert (await sandbox.run("print(1)")).stdout == "1\n"
    running = asyncio.create_task(sandbox.run("while True: pass"))
    await asyncio.sleep(0.3)
    assert descendants(os.getpid()) > before
    await asyncio.to_thread(sandbox.close)
    with pytest.raises(asyncio.CancelledError):
        await running
    assert descendants(os.getpid()) == before
    assert (await sandbox.run("print(2)")).stdout == "2\n", "it starts anew"
    sandbox.close()


@pytest.mark.parametrize("kind", CONFINEMENTS)
def test_workers_die_with_their_process(kind: str) -> None:
    code = f"""
    import asyncio, sys
    from longthought.tools.sandbox.pool import Sandbox
    sandbox = Sandbox(confinement={kind!r}, seconds=600)
    async def main():
        await sandbox.run("1")
        print("ready", flush=True)
        await sandbox.run("while True: pass")
    asyncio.run(main())
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as host:
        assert host.stdout
        assert host.stdout.readline() == "ready\n"
        inside = descendants(host.pid)
        assert len(inside) >= (2 if kind == "bubblewrap" else 1)
        host.kill()
    assert gone(inside)


async def test_without_bubblewrap_landlock_takes_over_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="apt install bubblewrap"):
        confinement("bubblewrap")
    found = probe()
    assert found.kind == "landlock"
    assert "apt install bubblewrap" in found.found
    sandbox = Sandbox(confinement="bubblewrap")
    result = await sandbox.run("print('unconfined')")
    assert (result.run, result.stdout) == (RunStatus.SANDBOX_UNAVAILABLE, "")
    assert "apt install bubblewrap" in result.detail
    assert (await sandbox.judge("def f(): return 1", "assert f() == 1")).mark is Mark.UNAVAILABLE
    sandbox.close()


def test_probe_finds_bubblewrap() -> None:
    assert probe().kind == "bubblewrap"


LIMITED = """
import asyncio, json, sys
from longthought.tools.sandbox.confinement import probe
from longthought.tools.sandbox.pool import Sandbox
{before}
found = probe()
async def main():
    sandbox = Sandbox()
    result = await sandbox.run("print(6 * 7)")
    sandbox.close()
    return result
result = asyncio.run(main())
print(json.dumps([found.kind, found.found, found.fix, result.run, result.stdout, result.detail]))
"""


def limited(before: str, *prefix: str, **environment: str) -> list[str | None]:
    """Probe and run in a process that lacks something, for real."""
    command = [*prefix, sys.executable, "-c", LIMITED.format(before=before)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"], **environment}
    )
    return json.loads(done.stdout)


def test_where_user_namespaces_are_forbidden_landlock_takes_over() -> None:
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all -- "$@"'
    kind, found, _, run, stdout, _ = limited("", "unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh")
    assert (kind, run, stdout) == ("landlock", "ok", "42\n")
    assert found
    assert "user namespaces" in found


NO_LANDLOCK = """
import ctypes, struct
program = b"".join(struct.pack("<HBBI", *i) for i in (
    (0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7FFF0000)))
buffer = ctypes.create_string_buffer(program, len(program))
header = ctypes.create_string_buffer(struct.pack("@HP", 4, ctypes.addressof(buffer)), 16)
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.c_void_p(ctypes.addressof(header)), 0, 0) == 0
"""
"""Imitates a kernel without Landlock: landlock_create_ruleset returns ENOSYS."""


def test_where_nothing_confines_nothing_runs(tmp_path: Path) -> None:
    kind, found, fix, run, stdout, detail = limited(NO_LANDLOCK, PATH=str(tmp_path))
    assert (kind, run, stdout) == (None, "sandbox_unavailable", "")
    for text in (found, detail):
        assert text
        assert "bwrap is not installed" in text
        assert "no Landlock" in text
    assert fix
    assert "apt install bubblewrap" in fix


def test_a_zygote_that_does_not_start_is_a_reason_not_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("longthought.tools.sandbox.confinement._START", "import no_such_module")
    sandbox = Sandbox(workers=1)
    for _ in range(2):
        result = asyncio.run(sandbox.run("print(1)"))
        assert result.run is RunStatus.SANDBOX_UNAVAILABLE
        assert "no_such_module" in result.detail
    sandbox.close()


def test_one_sandbox_a_process() -> None:
    assert shared() is shared()
    assert asyncio.run(shared().run("print(1)")).stdout == "1\n"
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, asyncio.run(shared().run("print('forked')")).stdout.encode())
        os._exit(0)
    os.close(writer)
    assert os.read(reader, 100) == b"forked\n"
    os.waitpid(pid, 0)
    os.close(reader)
    shared().close()


def test_a_command_of_ones_own_can_be_confined(tmp_path: Path) -> None:
    (tmp_path / "shown").write_text("yes")
    commands = (
        "cat shown; touch shown 2>/dev/null || echo read-only; ls /etc /proc 2>/dev/null; env; touch /tmp/x && ls /tmp"
    )
    command = bubblewrap.arguments(
        ["/bin/sh", "-c", f"cd {tmp_path}; {commands}"], read_only=[tmp_path, Path("/no/such")]
    )
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "SECRET": "x"})
    assert done.stdout.startswith("yesread-only\n")
    assert "SECRET" not in done.stdout


def descendants(pid: int) -> set[int]:
    found: set[int] = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name_state_parent = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(name_state_parent[1]) == pid and name_state_parent[0] != "Z":
            child = int(path.parent.name)
            found |= {child} | descendants(child)
    return found


def gone(pids: set[int]) -> bool:
    """Wait until none of them is alive; False if that takes more than half a minute."""
    for _ in range(300):
        if not any(alive(pid) for pid in pids):
            return True
        threading.Event().wait(0.1)
    return False


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
