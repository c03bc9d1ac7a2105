"""Confine the current process just before it runs untrusted code; none of it can be undone.

This happens in a freshly forked child, inside the sandbox, with nothing that would have to be looked up later.
"""

import ctypes
import os
import resource
import struct
from dataclasses import dataclass
from fcntl import F_DUPFD_CLOEXEC, fcntl
from typing import Final

from longthought.tools.sandbox import landlock, seccomp

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_SET_PDEATHSIG: Final = 1
_SET_DUMPABLE: Final = 4
_SET_NO_NEW_PRIVS: Final = 38
_SET_SECCOMP: Final = 22
_FILTER: Final = 2
_SIGKILL: Final = 9
_CAPABILITY_VERSION: Final = 0x20080522

RULES: Final = 200
"""The descriptor of the Landlock rules, which a child keeps until it is bound by them."""
OPEN_FILES: Final = 64
THREADS: Final = 64
STACK: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Lockdown:
    """The confinement of one zygote's children, prepared once."""

    program: bytes
    """The system call filter."""
    rules: int | None
    """The descriptor of a Landlock ruleset, if that is the confinement."""
    scratch_bytes: int
    """Size of the largest file that may be written; 0 if none may."""
    baseline: int
    """Address space that the zygote itself takes, in bytes."""
    zygote: int
    """Process id of the zygote; a child must not run without it."""

    def apply(self, *, memory: int, seconds: float) -> None:
        """Bind this process to its limits.

        Args:
            memory: bytes it may take beyond the baseline.
            seconds: CPU time; the supervisor also limits wall time.

        Raises:
            OSError: if the kernel refuses; the caller must then end the process.

        """
        _prctl(_SET_PDEATHSIG, _SIGKILL)
        if os.getppid() != self.zygote:
            raise ProcessLookupError("the zygote is gone")
        for kind, limit in (
            (resource.RLIMIT_AS, self.baseline + memory),
            (resource.RLIMIT_CPU, int(seconds) + 2),
            (resource.RLIMIT_FSIZE, self.scratch_bytes),
            (resource.RLIMIT_NOFILE, OPEN_FILES),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_STACK, STACK),
        ):
            _limit(kind, limit)
        if self.rules is None:  # under Landlock the user's other processes count too
            _limit(resource.RLIMIT_NPROC, THREADS)
        _prctl(_SET_NO_NEW_PRIVS, 1)
        if self.rules is not None:
            landlock.restrict(self.rules)
            os.close(self.rules)
        buffer = ctypes.create_string_buffer(self.program, len(self.program))
        header = struct.pack("@HP", len(self.program) // 8, ctypes.addressof(buffer))
        filters = ctypes.create_string_buffer(header, len(header))
        _prctl(_SET_SECCOMP, _FILTER, ctypes.addressof(filters))


def prepare(*, landlocked: bool, readable: list[str], scratch_mb: int) -> Lockdown:
    """Prepare the confinement, in the zygote, after all its imports.

    Raises:
        OSError: if the kernel refuses.
        KeyError: if there is no filter for this architecture.

    """
    _prctl(_SET_DUMPABLE, 0)  # no other process of this user may look inside
    rules = None
    if landlocked:
        _drop_capabilities()
        ruleset = landlock.ruleset(readable, ["/dev/null"])
        rules = fcntl(ruleset, F_DUPFD_CLOEXEC, RULES)
        os.close(ruleset)
    return Lockdown(
        program=seccomp.program(os.uname().machine, writing=not landlocked),
        rules=rules,
        scratch_bytes=scratch_mb << 20,
        baseline=_address_space(),
        zygote=os.getpid(),
    )


def _limit(kind: int, limit: int) -> None:
    _, hard_limit = resource.getrlimit(kind)
    limit = limit if hard_limit == resource.RLIM_INFINITY else min(limit, hard_limit)
    resource.setrlimit(kind, (limit, limit))


def _drop_capabilities() -> None:
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    if _LIBC.capset(header, bytes(24)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _address_space() -> int:
    """Measure the address space in use without /proc: the smallest limit under which one more page can't be had."""
    page, soft_hard = resource.getpagesize(), resource.getrlimit(resource.RLIMIT_AS)
    low, high = 0, 1 << 44
    _LIBC.mmap.restype = ctypes.c_void_p
    _LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    _LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    while high - low > page:
        middle = (low + high) // 2
        resource.setrlimit(resource.RLIMIT_AS, (middle, soft_hard[1]))
        address = _LIBC.mmap(None, page, 0, 0x22, -1, 0)
        resource.setrlimit(resource.RLIMIT_AS, soft_hard)
        if address == ctypes.c_void_p(-1).value:
            low = middle
        else:
            _LIBC.munmap(address, page)
            high = middle
    return high


def _prctl(option: int, *arguments: int) -> None:
    if _LIBC.prctl(option, *map(ctypes.c_ulong, (*arguments, *[0] * (4 - len(arguments))))) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl {option}: {os.strerror(number)}")
