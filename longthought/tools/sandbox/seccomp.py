"""The system calls that untrusted code may make, as a BPF program assembled in plain Python.

It is an allow-list: a call that is not named here fails with EPERM, and so will calls that later kernels add. Some
calls are allowed with certain arguments only: `clone` for threads but never for processes or namespaces, `fcntl`
without the commands that send signals or lock files of the host, `socketpair` for an event loop's wake-up pipe, but no
socket that has an address. This module only assembles bytes; it applies them to no process.

The numbers are those of `asm/unistd_64.h` (x86-64) and `asm-generic/unistd.h` (aarch64); the layout of the program is
that of https://docs.kernel.org/userspace-api/seccomp_filter.html.
"""

import errno
import re
import struct
from dataclasses import dataclass
from typing import Final

_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_KILL: Final = 0x80000000

_LOAD: Final = 0x20
_AND: Final = 0x54
_JUMP_EQUAL: Final = 0x15
_RETURN: Final = 0x06

AUDIT: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The kernel's code for each architecture in a filter's input."""

_COLUMN: Final = {"x86_64": 0, "aarch64": 1}


def _table(text: str) -> dict[str, tuple[int, int]]:
    """Read entries `name=number on x86-64/number on aarch64`, with `-` if aarch64 lacks the call."""
    table: dict[str, tuple[int, int]] = {}
    for name, x86, arm in re.findall(r"(\w+)=(\d+)/(\d+|-)", text):
        table[name] = int(x86), -1 if arm == "-" else int(arm)
    return table


READING: Final = _table(
    """
    files that are already there, and descriptors
    read=0/63, write=1/64, readv=19/65, writev=20/66, pread64=17/67, pwrite64=18/68, preadv=295/69, pwritev=296/70,
    open=2/-, openat=257/56, close=3/57, close_range=436/436, stat=4/-, fstat=5/80, lstat=6/-, newfstatat=262/79,
    statx=332/291, access=21/-, faccessat=269/48, faccessat2=439/439, lseek=8/62, dup=32/23, dup2=33/-, dup3=292/24,
    pipe=22/-, pipe2=293/59, getcwd=79/17, chdir=80/49, fchdir=81/50, readlink=89/-, readlinkat=267/78, getdents=78/-,
    getdents64=217/61, statfs=137/43, fstatfs=138/44, sendfile=40/71, fadvise64=221/223, umask=95/166,
    memory
    mmap=9/222, munmap=11/215, mprotect=10/226, mremap=25/216, madvise=28/233, brk=12/214, msync=26/227,
    mincore=27/232,
    its own signals, waiting and time
    rt_sigaction=13/134, rt_sigprocmask=14/135, rt_sigreturn=15/139, rt_sigpending=127/136, rt_sigsuspend=130/133,
    rt_sigtimedwait=128/137, sigaltstack=131/132, pause=34/-, poll=7/-, ppoll=271/73, select=23/-, pselect6=270/72,
    eventfd2=290/19, epoll_create=213/-, epoll_create1=291/20, epoll_ctl=233/21, epoll_wait=232/-, epoll_pwait=281/22,
    epoll_pwait2=441/441, setitimer=38/103, getitimer=36/102, alarm=37/-, nanosleep=35/101, clock_nanosleep=230/115,
    clock_gettime=228/113, clock_getres=229/114, gettimeofday=96/169, time=201/-, times=100/153,
    who and where it is, and what it has used
    getpid=39/172, getppid=110/173, gettid=186/178, getuid=102/174, geteuid=107/175, getgid=104/176, getegid=108/177,
    getresuid=118/148, getresgid=120/150, getgroups=115/158, getpgrp=111/-, getpgid=121/155, getsid=124/156,
    getrusage=98/165, sysinfo=99/179, uname=63/160, getrlimit=97/163, setrlimit=160/164, sched_getaffinity=204/123,
    getcpu=309/168, getrandom=318/278,
    threads, and the end
    futex=202/98, futex_waitv=449/449, set_robust_list=273/99, rseq=334/293, set_tid_address=218/96, arch_prctl=158/-,
    sched_yield=24/124, membarrier=324/283, exit=60/93, exit_group=231/94, restart_syscall=219/128, wait4=61/260,
    the nameless pair of sockets that an event loop wakes itself with
    recvfrom=45/207, getsockname=51/204, getsockopt=55/209, setsockopt=54/208, shutdown=48/210,
    """
)
"""Calls that are always allowed: their numbers on x86-64 and on aarch64."""

WRITING: Final = _table(
    """
    creat=85/-, rename=82/-, renameat=264/38, renameat2=316/276, mkdir=83/-, mkdirat=258/34, rmdir=84/-, unlink=87/-,
    unlinkat=263/35, link=86/-, linkat=265/37, symlink=88/-, symlinkat=266/36, chmod=90/-, fchmod=91/52,
    fchmodat=268/53, utime=132/-, utimes=235/-, utimensat=280/88, futimesat=261/-, truncate=76/45, ftruncate=77/46,
    fallocate=285/47, fsync=74/82, fdatasync=75/83, copy_file_range=326/285,
    """
)
"""Calls that are allowed if the code has a scratch directory of its own and can change nothing else."""


@dataclass(frozen=True, slots=True)
class ArgumentCondition:
    """A system call that is allowed when one argument, under a mask, has one of these values."""

    numbers: tuple[int, int]
    argument: int
    mask: int
    values: tuple[int, ...]


_THREAD: Final = 0x00010000
_NAMESPACES: Final = 0x7E020080

CONDITIONAL: Final[dict[str, ArgumentCondition]] = {
    # CLONE_THREAD must be set and every CLONE_NEW… clear
    "clone": ArgumentCondition((56, 220), 0, _THREAD | _NAMESPACES, (_THREAD,)),
    # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_GETPIPE_SZ; not F_SETOWN (signals), not locks
    "fcntl": ArgumentCondition((72, 25), 1, 0xFFFFFFFF, (0, 1, 2, 3, 4, 1030, 1032)),
    # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
    "ioctl": ArgumentCondition((16, 29), 1, 0xFFFFFFFF, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),
    # PR_GET_NAME, PR_SET_NAME, PR_SET_VMA (glibc names its arenas)
    "prctl": ArgumentCondition((157, 167), 0, 0xFFFFFFFF, (15, 16, 0x53564D41)),
    # its own limits, not another process's
    "prlimit64": ArgumentCondition((302, 261), 0, 0xFFFFFFFF, (0,)),
    # AF_UNIX
    "socketpair": ArgumentCondition((53, 199), 0, 0xFFFFFFFF, (1,)),
}

_SENDTO: Final = (44, 206)
"""Allowed only without an address: to the other end of a socketpair."""
_CLONE3: Final = (435, 435)
"""Its flags lie behind a pointer; ENOSYS makes libc fall back to `clone`."""


def program(machine: str, *, writing: bool) -> bytes:
    """Assemble the filter for an architecture, as `struct sock_filter[]`.

    Args:
        machine: the architecture as in `os.uname().machine`, a key of `AUDIT`.
        writing: whether calls that change files are allowed.

    Raises:
        KeyError: for an architecture without a table.

    """
    column = _COLUMN[machine]
    allowed = {**READING, **(WRITING if writing else {})}
    code = [_load(4), _jump(AUDIT[machine], 1, 0), _return(_KILL), _load(0)]
    for numbers in allowed.values():
        if numbers[column] >= 0:
            code += [_jump(numbers[column], 0, 1), _return(_ALLOW)]
    for condition in CONDITIONAL.values():
        code += _for_call(condition.numbers[column], _check_argument(condition))
    code += _for_call(_SENDTO[column], _check_null(4))
    code += [_jump(_CLONE3[column], 0, 1), _return(_ERRNO | errno.ENOSYS)]
    return b"".join([*code, _return(_ERRNO | errno.EPERM)])


def _for_call(number: int, body: list[bytes]) -> list[bytes]:
    """Apply a body, which always returns, to one system call."""
    return [_jump(number, 0, len(body)), *body]


def _check_argument(condition: ArgumentCondition) -> list[bytes]:
    body = [_load(16 + 8 * condition.argument), _instruction(_AND, condition.mask)]
    for value in condition.values:
        body += [_jump(value, 0, 1), _return(_ALLOW)]
    return [*body, _return(_ERRNO | errno.EPERM)]


def _check_null(argument: int) -> list[bytes]:
    low = 16 + 8 * argument
    allow, refuse = _return(_ALLOW), _return(_ERRNO | errno.EPERM)
    return [_load(low), _jump(0, 0, 3), _load(low + 4), _jump(0, 0, 1), allow, refuse]


def _instruction(code: int, value: int, true: int = 0, false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, true, false, value)


def _load(offset: int) -> bytes:
    return _instruction(_LOAD, offset)


def _jump(value: int, true: int, false: int) -> bytes:
    return _instruction(_JUMP_EQUAL, value, true, false)


def _return(action: int) -> bytes:
    return _instruction(_RETURN, action)
