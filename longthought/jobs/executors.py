"""The workers of a job that is not played in this process: processes of this machine, or actors of a Ray cluster."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from longthought.jobs.dispatch import StartWorker
from longthought.jobs.local import LocalProcess
from longthought.jobs.request import JobRequest


@asynccontextmanager
async def workers(job: JobRequest) -> AsyncGenerator[tuple[StartWorker, int]]:
    """Yield the function that starts a worker of the job, and the number of workers.

    Raises:
        ConfigError: if the job names a Ray cluster that can't be reached.

    """
    if job.executor == "local":
        yield LocalProcess.start, job.processes or 1
        return
    from longthought.jobs.ray import cluster

    async with cluster(job.ray_address, job.ray_resources) as (start_worker, nodes):
        yield start_worker, job.processes or nodes
