"""Debates that several tests learn from, played once."""

from pathlib import Path

import pytest

from longthought.trajectories.trajectory import Trajectory
from tests.fakes import data_folders


@pytest.fixture(scope="session")
def debates(tmp_path_factory: pytest.TempPathFactory) -> list[Trajectory]:
    """Sixteen debates between the bundled agents."""
    return data_folders.play(tmp_path_factory.mktemp("played") / "run", 16)


@pytest.fixture(scope="session")
def policy_data(debates: list[Trajectory], tmp_path_factory: pytest.TempPathFactory) -> Path:
    train, validation = data_folders.split(data_folders.policy_rows(debates))
    return data_folders.write(
        tmp_path_factory.mktemp("data") / "policy", train, validation, format="policy", role="policy"
    )
