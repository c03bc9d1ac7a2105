"""Debates that several tests learn from, played once."""

from pathlib import Path

import pytest

import longthought as lt
from longthought.domains.countdown import countdown_task
from longthought.domains.loader import write
from longthought.problems.countdown import game
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


@pytest.fixture(scope="session")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen debates between the bundled agents, labelled by the solver; nobody writes to it."""
    out = tmp_path_factory.mktemp("reinforced") / "run"
    data_folders.play(out, 16)
    lt.label(out)
    return out


@pytest.fixture(scope="session")
def problems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of eight problems."""
    file = tmp_path_factory.mktemp("problems") / "train.jsonl"
    write([countdown_task(puzzle) for puzzle in game.generate(count=8, split="train", seed=3)], file)
    return file
