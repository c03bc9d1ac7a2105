"""Real debates between the bundled agents, played once for all tests here; those that label get a copy."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.domains.countdown import countdown_task
from longthought.labels.job import label
from longthought.problems.countdown import game
from longthought.training.data.export import export
from longthought.training.data.report import ExportReport


def play(out: Path, count: int, *, split: game.Split = "train", seed: int = 4, **settings: Any) -> Path:
    """Play one debate at a time, which makes the same run whenever it is played."""
    tasks = [countdown_task(puzzle) for puzzle in game.generate(count=count, split=split, seed=seed)]
    for _ in lt.generate(tasks, out=out, concurrency=1, **settings):
        pass
    return out


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of 12 problems, each debated twice, that nobody writes to."""
    return play(tmp_path_factory.mktemp("played") / "run", 12, samples=2)


@pytest.fixture
def run(played: Path, tmp_path: Path) -> Path:
    """Return a copy of the run, to be labelled."""
    return Path(shutil.copytree(played, tmp_path / "run"))


@pytest.fixture(scope="session")
def labelled(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the run with exact labels, that nobody writes to."""
    path = Path(shutil.copytree(played, tmp_path_factory.mktemp("labelled") / "run"))
    label(path)
    return path


@pytest.fixture
def exported(tmp_path: Path) -> Callable[..., ExportReport]:
    """Export runs into a new folder."""
    count = 0

    def work(runs: Path | list[Path], *formats: str, **settings: Any) -> ExportReport:
        nonlocal count
        count += 1
        paths = runs if isinstance(runs, list) else [runs]
        return export(paths, tmp_path / f"data-{count}", formats=formats, **settings)

    return work
