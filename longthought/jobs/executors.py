"""Where the debates of a job are played, if not in this process: in several of this machine, or on a Ray cluster."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from longthought.jobs.dispatch import Hire
from longthought.jobs.local import LocalProcess
from longthought.jobs.request import JobRequest


@asynccontextmanager
async def workers(job: JobRequest) -> AsyncGenerator[tuple[Hire, int]]:
    """Yield how the workers of a job are hired, and how many.

    Raises:
        ConfigError: if there is no cluster where the job is to be played.

    """
    if job.executor == "local":
        yield LocalProcess.start, job.processes or 1
        return
    from longthought.jobs.ray import cluster

    async with cluster(job.ray_address, job.ray_resources) as (hire, nodes):
        yield hire, job.processes or nodes
