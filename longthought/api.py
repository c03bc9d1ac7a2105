"""The Python front door: one debate, or a batch of them."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from longthought.agents.agent import Judge, Policy, Proposer
from longthought.agents.dialects.thinkers import Thinker
from longthought.domains.catalogue import address
from longthought.domains.domain import Domain
from longthought.domains.grade import expect_gradable, reference_of
from longthought.domains.loader import load
from longthought.domains.posing import posed
from longthought.errors import ConfigError
from longthought.graphs import catalogue
from longthought.graphs.context import Context, started
from longthought.graphs.play import play
from longthought.graphs.sampling.settings import SamplingContext
from longthought.graphs.seats import Seats
from longthought.jobs.dispatch import run_shards
from longthought.jobs.executors import Executor
from longthought.jobs.generate import Job, run_job
from longthought.jobs.grading import graded
from longthought.jobs.preflight import expect_ready, to_inspect, unfinished
from longthought.jobs.progress import Progress
from longthought.jobs.scheduler import Opening
from longthought.jobs.thread import in_thread
from longthought.jobs.upload import uploading
from longthought.jobs.vllm import serving, words
from longthought.problems.problem import Problem, Task
from longthought.trajectories.events import AnyEvent
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.trajectory import Trajectory

_BUNDLED: Final = "bundled:countdown"


def solve(problem: str | Problem, **settings: Any) -> Trajectory:
    """Run one debate and return it; the same as `asolve`, for code without an event loop."""
    ended: list[Trajectory | BaseException] = []

    def run() -> None:
        try:
            ended.append(asyncio.run(asolve(problem, **settings)))
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=run, name="longthought-solve")  # a notebook's loop may be running in this one
    thread.start()
    thread.join()
    if isinstance(ended[0], BaseException):
        raise ended[0]
    return ended[0]


async def asolve(
    problem: str | Problem,
    *,
    graph: str = "debate",
    policy: str | Proposer = "bundled:countdown",
    critic: str | Judge = "bundled:countdown",
    tools: Iterable[str] | None = None,
    answer: str | None = None,
    domain: str | Domain | None = None,
    on_event: Callable[[AnyEvent], None] | None = None,
    **settings: Any,
) -> Trajectory:
    """Run one debate and return it.

    Args:
        problem: The statement, or a Problem.
        graph: Which state machine; see `longthought.graphs.catalogue`.
        policy: `provider:model`, or an agent made with `lt.policy`.
        critic: Likewise, with `lt.critic`.
        tools: Names of the verifiers that check every step.
        answer: The reference answer, seen by the grader alone, after the end. Countdown needs none.
        domain: The domain of a statement: an object, a name, or `module:NAME`; recognised if left out.
        on_event: Called with each event as it happens.
        settings: Anything else of the graph's context: rounds, tokens, seconds, veto, seed, base_url, ….

    Raises:
        UserError: if a setting or a model makes no sense, or an agent can't read the problem.
        EndpointError: if a model server can't be reached.

    """
    asked = problem if isinstance(problem, Problem) else posed(problem, address(domain))
    context = context_of(graph, policy, critic, tools, settings)
    seats = seated(context, policy, critic)

    def observe(events: Sequence[AnyEvent]) -> None:
        if on_event:
            for event in events:
                on_event(event)

    try:
        await expect_ready(seats, [asked])
        machine = catalogue.machine(context.graph)(seats)
        ended = await play(machine, [started(asked, context)], observe, settings=context)
        return await graded(ended, reference_of(asked, answer), observe)
    finally:
        await seats.aclose()


def generate(
    problems: str | Path | Iterable[Task | Problem | str],
    *,
    out: str | Path,
    samples: int = 1,
    concurrency: int = 64,
    requests: int | None = None,
    deadline: float | None = None,
    processes: int | None = None,
    executor: str = "local",
    ray_address: str | None = None,
    ray_resources: Mapping[str, float] | None = None,
    upload: str | None = None,
    serve_vllm: str | None = None,
    tensor_parallel_size: int = 1,
    graph: str = "debate",
    policy: str | Proposer = "bundled:countdown",
    critic: str | Judge = "bundled:countdown",
    tools: Iterable[str] | None = None,
    progress: Progress | None = None,
    graph_settings: Mapping[str, Any] | None = None,
    begin: Opening | None = None,
    domain: str | Domain | None = None,
    **settings: Any,
) -> Generator[Trajectory, None, None]:
    """Run a batch of debates into a run folder and yield each as it ends; on a folder already begun, go on there.

    Debates that ended in an earlier run are in the folder (`lt.Run(out)`), and are not yielded again. Leaving the loop
    early stops the job cleanly; a slow loop slows the job down, and nothing piles up.

    Args:
        problems: A file of problems, or the problems. What can be read more than once (a file, a list, an object whose
            `__iter__` starts anew) is read through before anything is written; an iterator is read as debates begin.
        out: The run folder.
        samples: Debates per problem.
        concurrency: Debates in flight at once.
        requests: Requests at once to one server, the oldest debate's first; by default no fewer than debates.
        deadline: Seconds after which a debate is ended, whatever it waits for.
        processes: Workers that share the job, the debates in flight and the requests; agents must be named then. By
            default there is this process alone, or an actor for every node of a cluster.
        executor: `local`, or `ray` for actors of a Ray cluster.
        ray_address: Of the cluster, such as `auto`; without one, Ray starts on this machine.
        ray_resources: What every actor asks the cluster for; by default `{"CPU": 1}`.
        upload: Shared storage, such as `s3://bucket/run`, where a copy of the run folder is kept up every few seconds.
        serve_vllm: A model to serve with vLLM on this machine while the job runs, and after it any options of vLLM's
            own, such as `Qwen/Qwen3-8B --max-model-len 16384`; an agent not named is this model.
        tensor_parallel_size: GPUs that the served model is spread over.
        graph: Which state machine; see `longthought.graphs.catalogue`.
        policy: `provider:model`, or an agent made with `lt.policy`.
        critic: Likewise, with `lt.critic`.
        tools: Names of the verifiers that check every step.
        progress: Counts to watch while it runs.
        graph_settings: Those of the graph's context whose names mean something else here, such as the `samples` of
            sampling, which are attempts within one run.
        begin: The events that a debate goes on from, given its task and which of several it is; the first must be
            `Started`. By default a debate begins with the problem alone.
        domain: The domain of rows and statements that don't name one: an object, a name, or `module:NAME`.
        settings: Anything else of the graph's context: rounds, tokens, seconds, veto, seed, base_url, ….

    Raises:
        UserError: if the problems, the settings or the folder make no sense.
        OutageError: if a model server can't be reached, takes no key or hasn't the model: before anything is written,
            or while the job runs; the debates in flight then go on at the next run.

    """
    if serve_vllm is not None:
        policy, critic = _served(serve_vllm, policy, critic, settings)
    settings |= graph_settings or {}
    job = Job(context_of(graph, policy, critic, tools, settings), samples, concurrency, requests, deadline)
    place = Executor(executor, processes, ray_address, ray_resources or {})
    if place.elsewhere:
        _expect_names(policy, critic)
    if place.name == "ray" and serve_vllm is not None:
        raise ConfigError(
            "--serve-vllm serves this machine alone: start servers on the nodes and give their --base-url"
        )

    async def work() -> AsyncGenerator[Trajectory]:
        async with AsyncExitStack() as stack:
            here, alive = job, _nothing
            if serve_vllm is not None:
                log = Path(f"{out}.vllm.log")
                server = await stack.enter_async_context(serving(serve_vllm, log, gpus=tensor_parallel_size))
                here = replace(job, context=replace(job.context, base_url=server.base_url))
                alive = server.expect_alive
            ahead, tasks = to_inspect(_tasks(problems, address(domain)))
            seats = seated(here.context, policy, critic)
            stack.push_async_callback(seats.aclose)
            waiting = unfinished(Path(out), ahead, samples)
            await expect_ready(seats, map(_gradable, waiting), elsewhere=place.elsewhere)
            folder = stack.enter_context(RunFolder.create_or_resume(Path(out), here.config()))
            await stack.enter_async_context(uploading(folder.path, upload))
            if place.elsewhere:
                await seats.aclose()
                hire, count = await stack.enter_async_context(place.workers())
                running = run_shards(here, tasks, folder, hire, count, progress=progress, begin=begin)
            else:
                running = run_job(here, tasks, folder, seats=seats, progress=progress, begin=begin)
            async for trajectory in await stack.enter_async_context(aclosing(running)):
                alive()
                yield trajectory

    yield from in_thread(work)


def _nothing() -> None:
    pass


def _served(
    model: str, policy: str | Proposer, critic: str | Judge, settings: dict[str, Any]
) -> tuple[str | Proposer, str | Judge]:
    """Name the agents of a job that serves a model itself; those named already stay."""
    if settings.get("base_url") is not None:
        raise ConfigError("--serve-vllm starts a server, and --base-url names one that runs: give one of the two")
    name = f"openai:{words(model)[0]}"
    return name if policy == _BUNDLED else policy, name if critic == _BUNDLED else critic


def _expect_names(policy: str | Proposer, critic: str | Judge) -> None:
    if not (isinstance(policy, str) and isinstance(critic, str)):
        raise ConfigError(
            "a job over several processes: name policy and critic, such as 'openai:NAME'; each makes its own"
        )


@dataclass(frozen=True, slots=True)
class _Tasks:
    """Tasks that can be read more than once; each reading starts anew."""

    read: Callable[[], Iterable[Task | Problem | str]]
    domain: str | None
    """Of statements."""

    def __iter__(self) -> Iterator[Task]:
        return (_task(given, self.domain) for given in self.read())


def _tasks(problems: str | Path | Iterable[Task | Problem | str], domain: str | None) -> Iterable[Task]:
    if isinstance(problems, str | Path):
        return _Tasks(partial(load, problems, domain=domain), domain)
    if isinstance(problems, Iterator):
        return (_task(given, domain) for given in problems)
    return _Tasks(lambda: problems, domain)


def _task(given: Task | Problem | str, domain: str | None) -> Task:
    if isinstance(given, Task):
        return given
    return Task(problem=given if isinstance(given, Problem) else posed(given, domain))


def _gradable(task: Task) -> Problem:
    """Return the problem of a task that can be graded, if it is to be."""
    if task.reference is not None:
        expect_gradable(task.problem)
    return task.problem


def context_of(
    graph: str,
    policy: str | Proposer,
    critic: str | Judge,
    tools: Iterable[str] | None,
    settings: dict[str, Any],
) -> Context:
    """Put settings into the context of a graph, refusing unknown ones."""
    given = {"policy": _name(policy), "critic": _name(critic), **settings}
    return catalogue.context(graph, given if tools is None else {**given, "tools": list(tools)})


def seated(context: Context, policy: str | Proposer, critic: str | Judge) -> Seats:
    """Seat agents given as objects, and make those given by name.

    Raises:
        ConfigError: if the policy is a thinker, and the graph asks for steps.

    """
    seats = context.seats(
        policy=None if isinstance(policy, str) else policy, critic=None if isinstance(critic, str) else critic
    )
    thinks = isinstance(seats.policy, Policy) and isinstance(seats.policy.dialect, Thinker)
    if thinks and context.graph != SamplingContext.graph:
        raise ConfigError(
            f"{seats.policy.name} is a thinker: it writes whole thoughts, and {context.graph} asks for steps; take "
            f"--graph {SamplingContext.graph}"
        )
    return seats


def _name(agent: str | Proposer | Judge) -> str:
    return agent if isinstance(agent, str) else agent.name
