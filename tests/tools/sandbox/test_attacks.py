"""No attack escapes or blocks the pool: after each, under each confinement and user, an ordinary run works."""

import os
import platform
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.sandbox.attacks import ATTACKS, KEEP, PRELUDE, SEARCH
from tests.tools.sandbox.seat import Seat

NORMAL = "import sympy, os, json\nprint(sympy.factor('x**2 - 1'), len(json.loads('[1, 2]')), os.getcwd())"


@pytest.fixture(scope="module")
def bait(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """Things on the host that any process could read, write or connect to."""
    folder = tmp_path_factory.mktemp("bait")
    for above in (folder, *folder.parents):
        if above.is_relative_to("/tmp/pytest-of-" + os.environ.get("USER", "root")) or above == folder:
            above.chmod(0o777)
    secret = folder / "secret"
    secret.write_text("hunter2")
    secret.chmod(0o666)
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract:
        abstract.bind(f"\0longthought-{os.getpid()}")
        yield {
            "OPEN_FOLDER": str(folder),
            "SECRET_FILE": str(secret),
            "HERE": str(Path(__file__).parent),
            "PORT": tcp.getsockname()[1],
            "ABSTRACT": f"\0longthought-{os.getpid()}",
        }


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_escapes(seat: Seat, name: str, bait: dict[str, object]) -> None:
    attack = ATTACKS[name]
    constants = "".join(f"{key} = {value!r}\n" for key, value in {**bait, "DRIVER": seat.pid}.items())
    found = seat.run(PRELUDE + constants + attack.code)

    assert "ESCAPED" not in found["stdout"], found["stdout"]
    ends = attack.landlock_ends if seat.confinement == "landlock" and attack.landlock_ends else attack.ends
    assert found["run"] in ends, found
    assert sorted(os.listdir(str(bait["OPEN_FOLDER"]))) == ["secret"]
    assert Path(str(bait["SECRET_FILE"])).read_text() == "hunter2"
    assert len(found["stdout"]) <= 50_000
    assert len(found["stderr"]) <= 50_000
    assert_normal(seat)


def assert_normal(seat: Seat) -> None:
    after = seat.run(NORMAL)
    cwd = "/tmp" if seat.confinement == "bubblewrap" else "/"
    assert (after["run"], after["stdout"]) == ("ok", f"(x - 1)*(x + 1) 2 {cwd}\n"), after


def test_a_gigabyte_of_output_never_reaches_the_host(seat: Seat) -> None:
    before = peak(seat.pid)
    assert seat.run("import os\nwhile True: os.write(1, b'x' * (1 << 20))")["run"] == "output_limit"
    assert peak(seat.pid) - before < 64 << 10, "kilobytes"
    assert_normal(seat)


def peak(pid: int) -> int:
    """Return the peak memory of a process, in kilobytes."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0])


def test_the_next_run_finds_no_file(seat: Seat) -> None:
    leave = "for p in ('/tmp/a', '/var/tmp/a', '/dev/shm/a'):\n try: open(p, 'w').write('x')\n except OSError: pass"
    assert seat.run(leave)["run"] == "ok"
    listing = "import os\nfor p in ('/tmp', '/var/tmp', '/dev/shm'):\n try: print(os.listdir(p))\n except OSError: pass"
    assert seat.run(listing)["stdout"] in ("[]\n", "")


def test_the_next_run_finds_nothing_in_its_memory(seat: Seat) -> None:
    """The search finds what the code itself keeps, and nothing that an earlier run held, printed or read."""
    kept = seat.run(f"{SEARCH}\n{KEEP}\nprint(found())")
    assert kept["stdout"] == "True\n", kept
    for _ in range(3):
        secretive = "print('the-secret-of-another' * 99); print(input())"
        assert seat.run(secretive, stdin="the-secret-of-another" * 99)["run"] == "ok"
    searched = seat.run(f"{SEARCH}\nprint(found())")
    assert searched["stdout"] == "False\n", searched


INT_0X80 = r"""
import ctypes, mmap
memory = mmap.mmap(-1, 4096, prot=7)
memory.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20 (getpid); int 0x80; ret
print(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))())
"""


def test_calls_of_another_architecture_end_the_run(seat: Seat) -> None:
    """`int 0x80` reaches the 32-bit calls of x86, whose numbers mean something else."""
    code, end = "import ctypes; ctypes.string_at(0)", "killed by signal 11"
    if platform.machine() == "x86_64":
        code, end = INT_0X80, "killed by signal 31"
    found = seat.run(code)
    assert (found["run"], found["detail"]) == ("crashed", end), found
    assert_normal(seat)


BAD_INPUT = {
    "binary junk": bytes(range(256)).decode("latin-1") * 100,
    "10 MB of code": "x = 1\n" * (10_000_000 // 6),
    "one line of 10 MB": "x = '" + "y" * 10_000_000 + "'",
    "100,000 nested parentheses": "(" * 100_000 + ")" * 100_000,
    "100,000 nested minus signs": "-" * 100_000 + "1",
    "a deep attribute chain": "x" + ".x" * 100_000,
    "null bytes": "print(1)\0\0\0",
    "lone surrogates": "print('\ud800')",
    "a lone surrogate in a name": "\udfff = 1",
    "nothing closes": "print((((",
    "nothing": "",
}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_has_a_clear_end_in_bounded_time(seat: Seat, name: str) -> None:
    began = time.monotonic()
    found = seat.run(BAD_INPUT[name])
    assert found["run"] in ("ok", "error", "oom", "crashed", "timeout"), found
    assert found["run"] != "ok" or name in ("10 MB of code", "one line of 10 MB", "nothing"), found
    assert "/longthought/" not in found["stderr"]
    assert time.monotonic() - began < 60
    assert_normal(seat)


def test_more_code_than_is_taken_is_refused(seat: Seat) -> None:
    found = seat.run("#" * (17 << 20))
    assert found["run"] == "error"
    assert "16,777,216" in found["detail"]
