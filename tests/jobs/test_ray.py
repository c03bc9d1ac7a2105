"""One job on a simulated Ray cluster: a node goes in the middle, and the result is that of one process."""

import asyncio
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

import longthought as lt
from longthought.errors import ConfigError
from longthought.graphs.rules import DebateContext
from longthought.jobs.progress import Progress
from longthought.jobs.ray import Player
from longthought.jobs.request import JobRequest
from longthought.jobs.worker import ERROR_PREFIX
from tests.fakes import sums
from tests.fakes.server import FakeServer
from tests.jobs.test_local import facts, settings

PROBLEMS = 40


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head without room for actors, and two nodes with room for one each."""
    from ray.cluster_utils import Cluster

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own
        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        yield made
        ray.shutdown()
        made.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own, raised in its threads
async def test_a_job_that_loses_a_node_comes_to_the_same_result(tmp_path: Path, cluster: Any) -> None:
    nodes = [cluster.add_node(num_cpus=1, resources={"debates": 1}) for _ in range(2)]
    progress, out = Progress(), tmp_path / "ray"
    async with FakeServer([sums.debates(0.05)]) as server:
        given = settings(server)
        one = await asyncio.to_thread(lambda: list(lt.generate(sums.tasks(PROBLEMS), out=tmp_path / "one", **given)))
        before, left = len(server.chats), list[float]()

        def run() -> list[lt.Trajectory]:
            ended: list[lt.Trajectory] = []
            job = lt.generate(
                sums.tasks(PROBLEMS), out=out, executor="ray", ray_address=cluster.address, processes=2, concurrency=6,
                ray_resources={"CPU": 1, "debates": 1}, upload=f"file://{tmp_path}/store", progress=progress, **given,
            )  # fmt: skip
            for trajectory in job:
                ended.append(trajectory)
                if len(ended) == 8:
                    left.append(ray.available_resources().get("debates", 0.0))
                    cluster.remove_node(nodes[0], allow_graceful=False)
            return ended

        two = await asyncio.to_thread(run)
        requests = len(server.chats) - before
    assert left == [0.0]  # there was an actor on either node
    assert {t.id: facts(t) for t in one} == {t.id: facts(t) for t in two}
    assert {t.id: facts(t) for t in two} == {t.id: facts(t) for t in lt.Run(out).trajectories()}
    assert {t.id: facts(t) for t in two} == {t.id: facts(t) for t in lt.Run(tmp_path / "store").trajectories()}
    summary = progress.summary()
    assert (summary.finished, summary.solved, summary.requests) == (PROBLEMS, 36, PROBLEMS * sums.REQUESTS)
    # The lost node had three debates in flight; of each, what it did in the last tenth of a second is done again.
    assert PROBLEMS * sums.REQUESTS <= requests <= PROBLEMS * sums.REQUESTS + 3 * 4


def test_a_cluster_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"`ray_address` 127\.0\.0\.1:1: no Ray cluster there"):
        list(
            lt.generate(
                ["Use 3 and 7, each once, to make 21."], out=tmp_path / "run", executor="ray", ray_address="127.0.0.1:1"
            )
        )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"executor": "slurm"}, "`executor` must be one of local, ray, got 'slurm'"),
        ({"ray_address": "auto"}, "`executor=ray`: add that"),
    ],
)
def test_executors_that_make_no_sense_are_refused(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        list(lt.generate(["What is 1 + 1?"], out=tmp_path / "run", **given))


async def test_an_error_on_a_node_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    context = DebateContext(policy="openai:fake", critic="openai:fake", base_url="http://127.0.0.1:1/v1", tools=[])
    player = Player(JobRequest(context=context).model_dump(mode="json"))
    await player.assign(b"no assignment")
    (line,) = await player.events()
    assert line.startswith(ERROR_PREFIX)
    assert b"a debate hit a defect on a node" in line
