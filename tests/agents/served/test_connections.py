"""Ways to a server: proxies from the environment, certificates, keys; on real sockets."""

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from langchain_core.messages import HumanMessage
from yarl import URL

from longthought.agents.served.chat_model import ServedChatModel
from longthought.agents.served.failures import broken_connection
from longthought.agents.served.proxies import proxy_of
from longthought.errors import ModelError, OutageError
from tests.fakes.server import FakeServer, echoes

ELSEWHERE = "http://models.example:8000/v1"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD", "OPENAI_API_KEY", "SSL_CERT_FILE")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def ask(url: str, **settings: object) -> str:
    model = ServedChatModel(**{"model": "fake", "base_url": url, "attempts": 2, "backoff": 0.0, **settings})  # pyright: ignore
    return str((await model.answer([HumanMessage("hello")])).content)


# Proxies.


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_a_request_takes_the_proxy_of_the_environment(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeServer([echoes]) as proxy:
        monkeypatch.setenv(variable, proxy.base_url.removesuffix("/v1").replace("//", "//me:secret@"))
        assert await ask(ELSEWHERE) == "hello"
    assert proxy.chats[0].headers["Host"] == "models.example:8000"
    assert proxy.chats[0].headers["Proxy-Authorization"].startswith("Basic ")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/v1", "http://localhost:8000/v1", "http://[::1]:8000/v1"])
def test_a_server_on_this_machine_is_asked_directly(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    assert proxy_of(url) is None
    assert proxy_of(ELSEWHERE) == URL("http://proxy:3128")


@pytest.mark.parametrize(
    ("excepted", "url", "direct"),
    [
        ("models.example", ELSEWHERE, True),
        (".example", ELSEWHERE, True),
        ("models.example:8000", ELSEWHERE, True),
        ("other.example, 10.0.0.0/8", "http://10.1.2.3:8000/v1", True),
        ("10.0.0.0/8", "http://11.1.2.3:8000/v1", False),
        ("fd00::/8", "http://[fd00::1]:8000/v1", True),
        ("*", ELSEWHERE, True),
        ("other.example", ELSEWHERE, False),
    ],
)
def test_exceptions_are_names_domains_and_ranges(
    excepted: str, url: str, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "proxy:3128")
    monkeypatch.setenv("NO_PROXY", excepted)
    assert proxy_of(url) == (None if direct else URL("http://proxy:3128"))


def test_only_the_proxy_of_the_scheme_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert proxy_of(ELSEWHERE) is None
    assert proxy_of("https://models.example/v1") == URL("http://proxy:3128")


@pytest.mark.parametrize("proxy", ["socks5://me:secret@proxy:1080", "http://:3128:1", "http://"])
def test_a_proxy_of_another_kind_is_a_users_mistake(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ModelError, match=r"proxy .* for http://models\.example.*set HTTP_PROXY.*NO_PROXY") as caught:
        proxy_of(ELSEWHERE)
    assert "secret" not in str(caught.value)


@asynccontextmanager
async def gate(status: int) -> AsyncGenerator[str]:
    """A proxy that answers every request with a status."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://me:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("url", [ELSEWHERE, "https://models.example/v1"])
async def test_a_proxy_that_wants_a_password_says_what_to_write(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with gate(407) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy)
        with pytest.raises(OutageError, match=r"proxy http://127\.0\.0\.1.* \(407\).*USER:PASSWORD@HOST") as caught:
            await ask(url)
    assert "secret" not in str(caught.value)


async def test_a_proxy_that_does_not_connect_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async with gate(503) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with pytest.raises(OutageError, match=r"tried 2 times .*proxy http://127.* does not connect.*503.*NO_PROXY"):
            await ask("https://models.example/v1")
    with pytest.raises(OutageError, match=r"can't connect to the proxy http://127.*that the proxy runs"):
        await ask("https://models.example/v1")


# Certificates.


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that makes a self-signed certificate for a name, in one file with its key."""

    def make(name: str) -> Path:
        folder = tmp_path_factory.mktemp("certificate")
        key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=fake"]
        command += ["-addext", f"subjectAltName={name}", "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(command, check=True, capture_output=True)
        both.write_text(key.read_text() + certificate.read_text())
        return both

    return make


def over_tls(certificate: Path) -> AbstractAsyncContextManager[FakeServer]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return FakeServer([echoes], tls=context)


async def test_a_certificate_that_nobody_signed_is_said_at_once(certified: Callable[[str], Path]) -> None:
    async with over_tls(certified("IP:127.0.0.1")) as server:
        with pytest.raises(
            OutageError, match=r"^https://127.* not accepted: self-signed certificate; set SSL_CERT_FILE"
        ):
            await ask(server.base_url, attempts=9, backoff=60.0)
        with pytest.raises(OutageError, match="self-signed certificate"):
            await ServedChatModel(model="fake", base_url=server.base_url).expect_ready()
    assert not server.log


ASK: str = """
import asyncio, sys
from longthought.agents.served.chat_model import ServedChatModel
from longthought.errors import OutageError
from langchain_core.messages import HumanMessage
model = ServedChatModel(model="fake", base_url=sys.argv[1], attempts=1)
try:
    print(asyncio.run(model.answer([HumanMessage("hello")])).content)
except OutageError as error:
    print(error)
"""


async def asked_with(file: Path, url: str) -> str:
    """Ask in a new process, which trusts the certificates in a file."""
    environment = {**os.environ, "SSL_CERT_FILE": str(file)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ASK, url, env=environment, stdout=asyncio.subprocess.PIPE
    )
    return (await process.communicate())[0].decode()


async def test_ssl_cert_file_makes_it_good(certified: Callable[[str], Path], tmp_path: Path) -> None:
    good, other = certified("IP:127.0.0.1"), certified("DNS:other.example")
    async with over_tls(good) as server:
        assert await asked_with(good, server.base_url) == "hello\n"
        assert "nobody.pem, which does not exist" in await asked_with(tmp_path / "nobody.pem", server.base_url)
    async with over_tls(other) as server:
        said = await asked_with(other, server.base_url)
    assert "mismatch" in said
    assert "the name that the certificate is for" in said


@pytest.mark.parametrize(
    ("why", "hint"),
    [
        ("certificate has expired", "renew it"),
        ("certificate is not yet valid", "check the clock"),
        ("unable to get local issuer certificate", "set SSL_CERT_FILE"),
    ],
)
def test_each_fault_of_a_certificate_has_its_own_hint(why: str, hint: str) -> None:
    error = ssl.SSLCertVerificationError(1, why)
    error.verify_message = why
    key = ConnectionKey("h", 443, True, True, None, None, None)
    failure = broken_connection(aiohttp.ClientConnectorCertificateError(key, error), "https://u:p@h/v1", None, 1.0)
    assert isinstance(failure, OutageError)
    assert str(failure).startswith(f"https://h/v1: the server's certificate is not accepted: {why}; {hint}")


async def test_https_to_a_server_without_tls_says_so() -> None:
    async with FakeServer([echoes]) as server:
        with pytest.raises(OutageError, match=r"does not speak TLS.*begin with http://"):
            await ask(server.base_url.replace("http://", "https://"))


# Keys.


@pytest.mark.parametrize("key", ["sk-1\n", " sk-1 ", "\tsk-1\r\n"])
async def test_white_space_around_a_key_is_dropped(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    async with FakeServer() as server:
        await ask(server.base_url)
    assert server.chats[0].headers["Authorization"] == "Bearer sk-1"


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("sk-1\nsk-2", "a line break"),
        ("sk 1", "a space"),
        ("“sk-1”", "the character '“'"),
        ("sk-\x00", r"the character"),
    ],
)
def test_a_key_that_can_not_be_sent_is_a_users_mistake(key: str, what: str) -> None:
    with pytest.raises(ModelError, match=f"key in OPENAI_API_KEY contains {what}.*copy it again") as caught:
        ServedChatModel(model="m", base_url="http://localhost:1/v1", api_key=key)  # pyright: ignore
    assert "sk-" not in str(caught.value)
