"""Landlock, by which a process permanently gives up every file it was not granted, without namespaces or privileges.

It is the second confinement, for machines that forbid user namespaces. What Landlock can't forbid (looking up the size
and date of a path, changing a file's mode) is left to the system call filter, or is a limit that the documentation
states.

The numbers are those of `linux/landlock.h`; see https://docs.kernel.org/userspace-api/landlock.html.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION: Final = 1
_PATH_BENEATH: Final = 1

_EXECUTE: Final = 1 << 0
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many rights over files each version of the interface knows; versions after 5 know those of 5."""


def version() -> int:
    """Return the version of the kernel's interface; 0 if there is none or it is switched off."""
    return max(0, _LIBC.syscall(_CREATE_RULESET, None, 0, _VERSION))


def ruleset(readable: Iterable[str], writable: Iterable[str]) -> int:
    """Return a descriptor of rules that refuse all files but these, and sockets and signals if the kernel can.

    Args:
        readable: files, and directories with all below them.
        writable: files that may also be written.

    Raises:
        OSError: if the kernel refuses.

    """
    abi = version()
    rights = (1 << _FILE_RIGHTS.get(abi, 16)) - 1
    network = 0b11 if abi >= 4 else 0
    scope = 0b11 if abi >= 6 else 0
    fields = (rights, network, scope)[: 3 if abi >= 6 else 2 if abi >= 4 else 1]
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    rules = _checked(_LIBC.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    for path in readable:
        _grant(rules, path, _READ_FILE | _READ_DIR | _EXECUTE)
    for path in writable:
        _grant(rules, path, _READ_FILE | _WRITE_FILE)
    return rules


def restrict(rules: int) -> None:
    """Bind this process and its future children to the rules; `no_new_privs` must be set.

    Raises:
        OSError: if the kernel refuses.

    """
    _checked(_LIBC.syscall(_RESTRICT_SELF, rules, 0))


def _grant(rules: int, path: str, rights: int) -> None:
    try:
        target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(target).st_mode):
            rights &= _READ_FILE | _WRITE_FILE | _EXECUTE
        _checked(_LIBC.syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, target), 0))
    finally:
        os.close(target)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
