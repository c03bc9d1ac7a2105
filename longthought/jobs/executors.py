"""Where the debates of a job are played: in this process, in several of this machine, or on a Ray cluster."""

import importlib.util
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from longthought.errors import ConfigError
from longthought.jobs.dispatch import Hire
from longthought.jobs.local import LocalProcess

EXECUTORS: Final = ("local", "ray")


@dataclass(frozen=True, slots=True)
class Executor:
    """Who plays the debates, and how many share them."""

    name: str = "local"
    """`local`: processes of this machine. `ray`: actors of a cluster."""
    processes: int | None = None
    """How many share the job; by default this process alone, or an actor for every node of a cluster."""
    ray_address: str | None = None
    """Of a running cluster, such as `auto` or `ray://head:10001`; without one, Ray starts on this machine."""
    ray_resources: Mapping[str, float] = field(default_factory=dict[str, float])
    """What every actor asks the cluster for, such as `{"CPU": 2, "GPU": 1}`; one CPU by default."""

    def __post_init__(self) -> None:
        """Refuse what can't be."""
        if self.name not in EXECUTORS:
            raise ConfigError(f"--executor {self.name}: there are {' and '.join(EXECUTORS)}")
        if self.processes is not None and self.processes < 1:
            raise ConfigError(f"--processes {self.processes}: must be at least 1")
        if self.name != "ray" and (self.ray_address or self.ray_resources):
            raise ConfigError("--ray-address and --ray-resources are for --executor ray: add that, or leave them out")
        if self.name == "ray" and importlib.util.find_spec("ray") is None:
            raise ConfigError("--executor ray: Ray is not installed; pip install 'longthought[ray]'")

    @property
    def elsewhere(self) -> bool:
        """Whether debates are played outside this process."""
        return self.name == "ray" or (self.processes or 1) > 1

    @asynccontextmanager
    async def workers(self) -> AsyncGenerator[tuple[Hire, int]]:
        """Yield how workers are hired, and how many."""
        if self.name == "local":
            yield LocalProcess.start, self.processes or 1
            return
        from longthought.jobs.ray import cluster

        async with cluster(self.ray_address, self.ray_resources) as (hire, nodes):
            yield hire, self.processes or nodes
