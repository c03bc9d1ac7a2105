"""Who is answered: the server's own page, and nobody else."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from longthought.viewer.app import application
from longthought.viewer.guard import MOST
from longthought.viewer.library import Library
from tests.fakes import golden
from tests.viewer.conftest import ADDRESS

WORD = {"run": "run", "id": "latex#0", "node": 1, "live": True}


@pytest.mark.parametrize("host", ["localhost", "localhost:8467", "127.0.0.1:99", "[::1]:8467", "LOCALHOST"])
def test_this_machine_is_answered(client: TestClient, host: str) -> None:
    assert client.get("/api/runs", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.com", "evil.com:8467", "localhost.evil.com", "127.0.0.1.nip.io", "evil.com@localhost", "localhost@evil.com",
     "", "localhost:x", "localhost/evil", "192.168.0.1", "0.0.0.0", "localhost#evil"],
)  # fmt: skip
def test_a_foreign_host_is_refused(client: TestClient, host: str) -> None:
    for path in ("/api/runs", "/", "/assets/x.js"):
        response = client.get(path, headers={"host": host})
        assert response.status_code == 421
        assert "localhost alone" in response.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.com"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"origin": "https://localhost:8467"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_foreign_page_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get("/api/runs", headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/", "/api/runs", "/api/debate?run=x&id=y", "/assets/no.js", "/nothing"])
def test_every_answer_forbids_foreign_scripts(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_writes_are_refused_without_a_review(client: TestClient, method: str) -> None:
    response = client.request(method, "/api/labels", json=WORD, headers={"origin": ADDRESS})
    assert response.status_code == 403
    assert "--review" in response.json()["error"]


def test_a_review_takes_labels_from_its_own_page_alone(tmp_path: Path) -> None:
    run = golden.write(tmp_path / "run", [golden.latex()])
    library = Library([run], review=True, cache=tmp_path / "cache")
    library.refresh()
    client = TestClient(application(library), base_url=ADDRESS)
    own = {"origin": ADDRESS}
    refused = [
        client.post("/api/labels", json=WORD),
        client.post("/api/labels", json=WORD, headers={"origin": "http://evil.com"}),
        client.post("/api/labels", data={"run": "run"}, headers=own),
        client.post("/api/labels", content=b"{}", headers=own | {"content-type": "text/plain"}),
        client.post("/api/labels", json=WORD, headers=own | {"sec-fetch-site": "cross-site"}),
    ]
    assert {response.status_code for response in refused} == {403}
    large = client.post("/api/labels", json=WORD | {"reason": "x" * MOST}, headers=own)
    assert large.status_code == 413
    assert not (run / "labels.jsonl").exists()
    assert client.post("/api/labels", json=WORD, headers=own).status_code == 200
    assert (run / "labels.jsonl").exists()
    library.close()


def test_nothing_in_an_answer_is_html(client: TestClient) -> None:
    response = client.get("/api/debate", params={"run": "first", "id": f"hostile {golden.SCRIPT}#0"})
    assert response.headers["content-type"] == "application/json"
    assert golden.SCRIPT in response.json()["problem"]["statement"]
