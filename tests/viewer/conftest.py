from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from longthought.viewer.app import application
from longthought.viewer.library import Library
from tests.fakes import golden

ADDRESS = "http://localhost:8467"


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the golden runs, that nobody writes to."""
    return golden.build(tmp_path_factory.mktemp("golden") / "runs").parent


@pytest.fixture(scope="session")
def library(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Return all golden runs on view."""
    paths = [runs / "first", runs / "second", runs / "compared"]
    opened = Library(paths, cache=tmp_path_factory.mktemp("cache"))
    opened.refresh()
    yield opened
    opened.close()


@pytest.fixture
def client(library: Library) -> TestClient:
    return TestClient(application(library), base_url=ADDRESS, raise_server_exceptions=False)
