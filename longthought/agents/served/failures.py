"""What a failed exchange with a model server means: whether another attempt may succeed, and what the user can do.

Failures are values here; `endpoint` raises them and `transport` tries again.
"""

import math
import os
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp
from yarl import URL

from longthought.errors import OutageError

NO_ACCESS: Final = frozenset({401, 402, 407})
"""Statuses that every request would get: the key is refused, the account has no credit, a proxy refuses us."""
BROKEN_OFF: Final = frozenset(
    ("error", "abort", "aborted", "cancelled", "network_error", "insufficient_system_resource")
)
"""Values of `finish_reason` by which a server says that it broke a reply off."""
_CERTIFICATE: Final[Mapping[str, str]] = {
    "expired": "renew it on the server",
    "not yet valid": "check the clock of this machine",
    "mismatch": "write the name that the certificate is for into the base URL",
}
"""What to do about a certificate, by words of OpenSSL's reason."""
_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "": 1}
_WAIT: Final = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*(ms|s|m|h|)(?:ec|econd|in|inute|our)?s?\s*", re.I)


def fails_all(status: object) -> bool:
    """Say whether an HTTP status concerns the key, the account, the model or the address, and so every request."""
    return status in NO_ACCESS or status == 404 or (isinstance(status, int) and 300 <= status < 400)


class TransientError(Exception):
    """An attempt failed and another may succeed; the transport lets none of these out."""

    def __init__(
        self, reason: str, hint: str, *, wait: float | None = None, busy: bool = False, unreachable: bool = False,
        timed_out: bool = False, down: bool = False,
    ) -> None:  # fmt: skip
        """Take the reason and a hint for the user.

        `wait` is the number of seconds that the server asks to wait. `busy` means that the server works but asks to
        retry later, `unreachable` that no answer arrived, `timed_out` that none arrived in time, `down` that the server
        reports a failure of its own.
        """
        super().__init__(reason)
        self.reason, self.hint, self.wait = reason, hint, wait
        self.busy, self.unreachable, self.timed_out, self.down = busy, unreachable, timed_out, down


def broken_connection(error: Exception, base_url: str, proxy: URL | None, seconds: float) -> Exception:
    """Return what a failed connection means: an OutageError if no attempt can succeed, else a TransientError."""
    match error:
        case TimeoutError():
            hint = "look at the server's log, or lower the concurrency"
            reason = f"no answer within {seconds:g} seconds"
            return TransientError(reason, hint, unreachable=True, timed_out=True)
        case aiohttp.ClientConnectorCertificateError():
            return _bad_certificate(error.certificate_error, base_url)
        case aiohttp.ClientSSLError():
            return OutageError(
                f"{public_url(base_url)} does not speak TLS as expected ({error.os_error}); "
                "if it is a server without TLS, let the base URL begin with http://"
            )
        case aiohttp.ClientHttpProxyError():
            return proxy_refusal(error.status, proxy)
        case aiohttp.ClientConnectorError():
            code = error.errno or 0  # asyncio words a refused connection itself; failed name look-ups have codes < 0
            why = os.strerror(code) if code > 0 else error.os_error
            where, what = ("", "server runs and that the base URL is right")
            if isinstance(error, aiohttp.ClientProxyConnectionError):
                where, what = f" to the proxy {public_url(str(proxy))}", "proxy runs, or name the server in NO_PROXY"
            return TransientError(f"can't connect{where} ({why})", f"check that the {what}", unreachable=True)
        case _:
            reason = f"the connection broke ({type(error).__name__})"
            return TransientError(reason, "look at the server's log", unreachable=True)


def proxy_refusal(status: int, proxy: URL | None) -> Exception:
    """Return what it means that a proxy answers in place of the server."""
    name = f"the proxy {public_url(str(proxy))}" if proxy else "a proxy"
    if status == 407:
        return OutageError(
            f"{name} wants a user and a password (407); write them into HTTPS_PROXY or HTTP_PROXY as "
            "http://USER:PASSWORD@HOST:PORT, or name the server in NO_PROXY"
        )
    reason = f"{name} does not connect to the server (it answered {status})"
    return TransientError(reason, "check the proxy, or name the server in NO_PROXY", unreachable=True)


def _bad_certificate(error: Exception, base_url: str) -> OutageError:
    why = getattr(error, "verify_message", "") if isinstance(error, ssl.SSLCertVerificationError) else ""
    why = (why or str(error)).rstrip(".")
    file = os.environ.get("SSL_CERT_FILE", "")
    hint = next((hint for words, hint in _CERTIFICATE.items() if words in why.lower()), None)
    if hint is None:
        hint = "set SSL_CERT_FILE to a PEM file with the certificate of the server or of the authority that signed it"
        if file:
            hint += f" (it is {file}" + (")" if os.path.exists(file) else ", which does not exist)")
    return OutageError(f"{public_url(base_url)}: the server's certificate is not accepted: {why}; {hint}")


def retry_after(value: str | None) -> float | None:
    """Read a Retry-After header: a number of seconds, one with a unit, or a date; None if it can't be read."""
    if value is None:
        return None
    if number := _WAIT.fullmatch(value):
        seconds = max(0.0, float(number[1]) * _UNITS[number[2].lower()])
        return seconds if math.isfinite(seconds) else None
    try:
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        return max(0.0, (date - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def public_url(url: str) -> str:
    """Return a URL for messages, without user and password."""
    try:
        return str(URL(url).with_user(None))
    except ValueError:
        return url


def excerpt(text: str) -> str:
    """Cut a text to the 300 characters that a one-line message can quote."""
    return text if len(text) <= 300 else f"{text[:300]}…"
