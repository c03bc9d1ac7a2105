"""The system call filter, run by a small BPF machine for both architectures: only named calls pass."""

import errno
import struct

import pytest

from longthought.tools.sandbox import seccomp

ALLOW, REFUSE, MISSING, KILL = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS, 0x80000000
MACHINES = list(seccomp.AUDIT)


def decide(program: bytes, number: int, *arguments: int, audit: int) -> int:
    """Run a filter on one call, as the kernel would."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<iIQ6Q", number, audit, 0, *(a & 0xFFFFFFFFFFFFFFFF for a in padded))
    code = [struct.unpack_from("<HBBI", program, at) for at in range(0, len(program), 8)]
    at = accumulator = 0
    while True:
        kind, true, false, value = code[at]
        at += 1
        if kind == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
        elif kind == 0x54:
            accumulator &= value
        elif kind == 0x15:
            at += true if accumulator == value else false
        else:
            assert kind == 0x06
            return value


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("writing", [True, False])
def test_what_is_named_passes_and_nothing_else(machine: str, writing: bool) -> None:
    column, audit = MACHINES.index(machine), seccomp.AUDIT[machine]
    program = seccomp.program(machine, writing=writing)
    named = {**seccomp.READING, **(seccomp.WRITING if writing else {})}
    allowed = {numbers[column] for numbers in named.values()} - {-1}
    conditional = {condition.numbers[column] for condition in seccomp.CONDITIONAL.values()}
    for number in range(600):
        found = decide(program, number, 1 << 40, 1 << 40, 1 << 40, 1 << 40, 1 << 40, audit=audit)
        if number in allowed:
            assert found == ALLOW, number
        elif number == 435:
            assert found == MISSING, "clone3"
        elif number not in conditional:
            assert found == REFUSE, number
        assert decide(program, number | 0x40000000, audit=audit) == REFUSE, "the x32 calls"
        assert decide(program, number, audit=0x40000003) == KILL, "the i386 calls"


@pytest.mark.parametrize("machine", MACHINES)
def test_conditions(machine: str) -> None:
    column, audit = MACHINES.index(machine), seccomp.AUDIT[machine]
    program = seccomp.program(machine, writing=True)

    def call(name: str, *arguments: int) -> int:
        numbers = {**{n: c.numbers for n, c in seccomp.CONDITIONAL.items()}, "sendto": (44, 206)}[name]
        return decide(program, numbers[column], *arguments, audit=audit)

    thread = 0x3D0F00  # what pthread_create asks for
    assert call("clone", thread) == ALLOW
    assert call("clone", 17) == REFUSE, "fork"
    assert call("clone", 0x4111) == REFUSE, "vfork"
    for namespace in (0x80, *(1 << bit for bit in (17, 25, 26, 27, 28, 29, 30))):
        assert call("clone", thread | namespace) == REFUSE
    assert call("fcntl", 3, 2, 1) == ALLOW
    for command in (5, 6, 7, 8, 9, 10, 15, 36, 37, 38, 1024, 1026, 1031, 1033):
        assert call("fcntl", 3, command) == REFUSE
    assert call("ioctl", 1, 0x5401) == ALLOW
    assert call("ioctl", 1, 0x5412) == REFUSE, "TIOCSTI"
    assert call("ioctl", 1, 0x541C) == REFUSE, "TIOCLINUX"
    assert call("prlimit64", 0, 1) == ALLOW
    assert call("prlimit64", 1, 1) == REFUSE
    assert call("prctl", 15) == ALLOW
    for option in (1, 4, 8, 22, 24, 38):
        assert call("prctl", option) == REFUSE
    assert call("socketpair", 1, 1) == ALLOW
    for family in (2, 10, 16, 40):
        assert call("socketpair", family, 1) == REFUSE
    assert call("sendto", 3, 7, 1, 0, 0, 0) == ALLOW
    for address in (1, 1 << 32, 1 << 47):
        assert call("sendto", 3, 7, 1, 0, address, 16) == REFUSE


def test_the_table_holds_none_of_the_dangerous() -> None:
    named = {*seccomp.READING, *seccomp.WRITING, *seccomp.CONDITIONAL}
    assert not named & {
        *(
            "fork",
            "vfork",
            "execve",
            "execveat",
            "socket",
            "connect",
            "bind",
            "sendmsg",
            "recvmsg",
            "kill",
            "tkill",
            "tgkill",
        ),
        *("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_open", "pidfd_send_signal", "pidfd_getfd", "mount"),
        *(
            "unshare",
            "setns",
            "io_uring_setup",
            "bpf",
            "perf_event_open",
            "userfaultfd",
            "memfd_create",
            "shmget",
            "keyctl",
        ),
        *("mknod", "mknodat", "setxattr", "flock", "inotify_init1", "timer_create", "sched_setaffinity", "setpriority"),
    }


def test_an_unknown_architecture_has_no_filter() -> None:
    with pytest.raises(KeyError):
        seccomp.program("riscv64", writing=True)
