"""The proxy of a server, from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` as other clients read them.

A server on this machine is never asked through a proxy, which could not reach it. aiohttp can read these variables
itself, but does so anew for every request, and reads passwords from `~/.netrc` besides.
"""

import ipaddress
from urllib.request import getproxies_environment, proxy_bypass

from yarl import URL

from longthought.agents.served.failures import public_url
from longthought.errors import ModelError


def proxy_of(base_url: str) -> URL | None:
    """Return the proxy for a server; None for a direct connection.

    Raises:
        ModelError: if the variables name a proxy that can't be used.

    """
    url, proxies = URL(base_url), getproxies_environment()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or _is_direct(url, proxies.get("no", "")):
        return None
    address = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parsed = URL(address)
        if parsed.scheme in ("http", "https") and parsed.host:
            return parsed
    except ValueError:
        pass
    raise ModelError(
        f"the proxy {public_url(address)} for {public_url(base_url)} is not an http:// or https:// one; set "
        f"{url.scheme.upper()}_PROXY to such a proxy, or name the server in NO_PROXY"
    )


def _is_direct(url: URL, no_proxy: str) -> bool:
    """Say whether a server is on this machine, or excepted by name, by domain or by a range of addresses."""
    host = url.host or ""
    if host == "localhost" or host.endswith(".localhost") or proxy_bypass(f"{host}:{url.port}"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified or any(address in n for n in _ranges(no_proxy))


def _ranges(no_proxy: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Return the ranges of addresses in `NO_PROXY`, such as 10.0.0.0/8."""
    ranges: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
    for entry in no_proxy.split(","):
        try:
            ranges.append(ipaddress.ip_network(entry.strip(), strict=False))
        except ValueError:
            continue
    return ranges
