"""Keep debates that were not played by a job, such as those of Studio, in a run folder like any other.

Each debate is kept under the next free sample number of its problem, so that several that began alike stand side by
side. The folder is held only while a debate is written.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from longthought.errors import RunFolderError
from longthought.trajectories.folder import RunFolder, read_manifest
from longthought.trajectories.ids import trajectory_id
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory

KIND: Final = "interactive"
"""The kind of a run that people's debates are kept in, with whatever settings each was played."""


def expect_keeps(out: str | Path) -> None:
    """Raise unless a folder is new, empty, or one that keeps such debates.

    Raises:
        RunFolderError: saying what the folder holds.

    """
    path = Path(out)
    if (path / "run.json").exists():
        if (kind := read_manifest(path).kind) != KIND:
            raise RunFolderError(f"{path} is the run of a job ({kind}), which resumes it; choose another `out`")
    elif path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunFolderError(f"{path} is not empty and is not a run folder; choose another `out`")


def keep(trajectory: Trajectory, out: str | Path, config: Mapping[str, Any] | None = None) -> str:
    """Write a debate into a run folder, and return the name that it has there.

    Args:
        trajectory: The debate, finished or not.
        out: The folder, which is made if it does not exist.
        config: The settings that the folder names, if it is new (default: those of the debate).

    Raises:
        RunFolderError: if the folder holds anything else, or another process uses it.

    """
    expect_keeps(out)
    path, started = Path(out), trajectory.tree.started
    assert started is not None
    if (path / "run.json").exists():
        folder = RunFolder.open(path)
    else:
        folder = RunFolder.create_or_resume(path, config or started.config, kind=KIND)
    with folder:
        taken, sample = set(Run(path).ids()), 0
        while (name := trajectory_id(started.problem, sample)) in taken:
            sample += 1
        first = started.model_copy(update={"trajectory": name, "sample": sample})
        rest = (event.model_copy(update={"trajectory": name}) for event in trajectory.events[1:])
        folder.append([first, *rest])
    return name
