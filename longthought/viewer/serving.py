"""The server on this machine's loopback address: its port, and how a reader reaches it."""

import errno
import getpass
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import uvicorn

from longthought.errors import ConfigError, RunError
from longthought.viewer.app import application
from longthought.viewer.library import Library

HOST: Final = "127.0.0.1"
PORT: Final = 8467
"""The port that is tried first."""
_TRIED: Final = 20
"""Number of ports that are tried if none was given."""


def listening(port: int | None) -> socket.socket:
    """Return a socket that listens on loopback.

    Args:
        port: The port; None takes the first free one from `PORT` on.

    Raises:
        ConfigError: if the port that was given can't be used.
        RunError: if no port is free.

    """
    ports = (port,) if port is not None else (*range(PORT, PORT + _TRIED), 0)
    for candidate in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
            listener.listen(128)
        except (OSError, OverflowError) as error:
            listener.close()
            if port is not None:
                in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
                reason = "is in use" if in_use else f"can't be used ({error})"
                raise ConfigError(f"`port` {port} {reason}: give another, or none to take a free one") from error
        else:
            return listener
    raise RunError("no port is free on this machine: end a server, and try again")


def address(listener: socket.socket) -> str:
    """Return the address of a listening socket for a browser."""
    return f"http://localhost:{listener.getsockname()[1]}/"


def serve(library: Library, listener: socket.socket) -> None:
    """Serve until the process is interrupted."""
    config = uvicorn.Config(
        application(library), log_level="warning", access_log=False, lifespan="off", server_header=False, ws="none",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[listener])


def forwarding(port: int, environment: Mapping[str, str] = os.environ) -> str:
    """Return the command that brings the port to the machine of someone who is here over ssh; empty for others."""
    here = environment.get("SSH_CONNECTION", "").split()
    if len(here) < 3:
        return ""
    name = ""
    with suppress(KeyError, OSError):
        name = f"{getpass.getuser()}@"
    return f"ssh -N -L {port}:localhost:{port} {name}{here[2]}"


def has_browser(environment: Mapping[str, str] = os.environ) -> bool:
    """Say whether a browser with windows can be opened where the reader sits."""
    if environment.get("SSH_CONNECTION"):
        return False
    return sys.platform in ("darwin", "win32") or any(environment.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY"))
