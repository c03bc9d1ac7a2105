"""Debates that several tests learn from, played once."""

from pathlib import Path

import pytest

from longthought.trajectories.trajectory import Trajectory
from tests.training import debates


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> list[Trajectory]:
    """Sixteen debates between the bundled agents."""
    return debates.play(tmp_path_factory.mktemp("played") / "run", 16)


@pytest.fixture(scope="session")
def policy_data(played: list[Trajectory], tmp_path_factory: pytest.TempPathFactory) -> Path:
    train, validation = debates.split(debates.policy_rows(played))
    return debates.write(tmp_path_factory.mktemp("data") / "policy", train, validation, format="policy", role="policy")
