"""What every request must be and every answer says: nobody but the page of this server gets or gives anything.

A page of another site that a browser has open can send requests to a server on this machine. It is refused by its
Host, which a rebound name doesn't hide, and by its Origin. Scripts in a trajectory are text to this server, and the
content-security policy lets none of them run.
"""

import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
MOST: Final = 64 * 2**10
"""Maximum number of bytes of what is written."""


class Guard:
    """Refuses requests that the server's own page can't have made, and adds headers to every answer."""

    def __init__(self, app: ASGIApp, *, writable: bool) -> None:
        """Guard an application.

        Args:
            app: The application.
            writable: Whether labels may be written.

        """
        self._app, self._writable = app, writable

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if "cache-control" not in headers:
                    headers["cache-control"] = "no-store"
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, guarded)
            return
        body = json.dumps({"error": refusal[1], "hint": ""}).encode()
        fields = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await guarded({"type": "http.response.start", "status": refusal[0], "headers": fields})
        await guarded({"type": "http.response.body", "body": body})

    def _refusal(self, method: str, headers: Headers) -> tuple[int, str] | None:
        """Return the status and the reason with which a request is refused; None if it is not."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or _name(hosts[0]) not in HOSTS:
            return 421, "This server answers to localhost alone."
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{hosts[0]}":
            return 403, "This server answers its own page alone."
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return 403, "This server answers its own page alone."
        if method in ("GET", "HEAD"):
            return None
        if not self._writable:
            return 403, "This server only reads. Start it with --review to label steps."
        if origin is None or headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return 403, "Labels are taken from this server's own page alone."
        length = headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MOST:
            return 413, f"A label is at most {MOST:,} bytes."
        return None


def _name(host: str) -> str:
    """Return the name in a Host header, without its port; empty if it is none."""
    try:
        split = urlsplit(f"//{host}")
        split.port  # noqa: B018  # raises if it is no number
    except ValueError:
        return ""
    name = split.hostname or ""
    if split.username is not None or split.path or split.query or split.fragment:
        return ""
    return f"[{name}]" if ":" in name else name
