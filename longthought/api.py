"""The Python interface: one debate, or a batch of them."""

import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Any

from langchain_core.language_models import BaseChatModel

from longthought.agents.agent import Judge, Proposer
from longthought.agents.model import BUNDLED_MODEL, Model
from longthought.domains.catalogue import address
from longthought.domains.domain import Domain
from longthought.domains.grade import expect_gradable, reference_of
from longthought.domains.loader import load
from longthought.domains.posing import posed
from longthought.errors import ConfigError
from longthought.graphs import catalogue
from longthought.graphs.context import started
from longthought.graphs.machine import Machine
from longthought.graphs.play import play
from longthought.graphs.studio.asking import Ask
from longthought.jobs.dispatch import run_shards
from longthought.jobs.executors import workers
from longthought.jobs.generate import run_job
from longthought.jobs.grading import graded
from longthought.jobs.preflight import expect_ready, to_inspect, unfinished
from longthought.jobs.progress import Progress
from longthought.jobs.request import JobRequest
from longthought.jobs.scheduler import Opening
from longthought.jobs.thread import awaited, in_thread
from longthought.jobs.upload import uploading
from longthought.jobs.vllm import serving
from longthought.participants import agents_of, context_of, named, seated, split, with_tools
from longthought.problems.problem import Problem, Task
from longthought.request import expect
from longthought.tools.verifier import Verifier
from longthought.trajectories.events import AnyEvent
from longthought.trajectories.folder import RunFolder, kept_setting
from longthought.trajectories.trajectory import Trajectory


def solve(problem: str | Problem, **settings: Any) -> Trajectory:
    """Run one debate and return it; the same as `asolve`, for code without an event loop and for notebooks.

    >>> debate = lt.solve("Use 3, 5 and 8, each once, to make 29.", seed=1)
    >>> debate.finished, debate.problem.domain
    (True, 'countdown')
    """
    return awaited(asolve(problem, **settings))


async def asolve(
    problem: str | Problem,
    *,
    graph: str | type[Machine[Any, Any]] = "debate",
    policy: str | Model | Proposer | BaseChatModel = BUNDLED_MODEL,
    critic: str | Model | Judge | BaseChatModel = BUNDLED_MODEL,
    tools: Iterable[str | Verifier] | None = None,
    answer: str | None = None,
    domain: str | Domain | None = None,
    on_event: Callable[[AnyEvent], None] | None = None,
    thread: str | None = None,
    ask: Ask | None = None,
    **settings: Any,
) -> Trajectory:
    """Run one debate and return it.

    Args:
        problem: The statement, or a Problem.
        graph: The name of the graph, or a subclass of `longthought.graphs.machine.Machine` of your own.
        policy: `provider:model`, a `Model`, a chat model of LangChain, or an agent made with `lt.policy`, which stays
            open for further calls until its `aclose` is awaited.
        critic: Likewise, with `lt.critic`.
        tools: Verifiers that check every step: names, or objects with `name`, `claims` and `check`.
        answer: The reference answer, which only the grader sees, after the debate. Countdown needs none.
        domain: The domain of a statement: an object, a name, or `module:NAME` (default: recognised).
        on_event: Called with each event as it happens; for a debate that goes on in its thread, with the earlier ones
            first.
        thread: Where each turn is kept, so that the same call goes on after a crash: NAME for a thread in
            `threads.sqlite`, FILE#NAME, or postgresql://…#NAME. Another problem begins a new debate in the thread.
        ask: An async function that is called with a question, as a dict, before each of the critic's verdicts is
            applied, and returns a person's reply; `question["replies"]` says what may be replied.
        settings: Other settings of the graph: rounds, tokens, seconds, veto, seed, base_url, …; `help(lt.solve)` lists
            them all.

    Raises:
        UserError: if a setting or a model is invalid, or an agent can't read the problem.
        EndpointError: if a model server can't be reached.

    """
    expect("a function of an event", Callable, NoneType, on_event=on_event)
    expect("a text", str, NoneType, answer=answer, thread=thread)
    expect("an async function of a question", Callable, NoneType, ask=ask)
    place = None
    if thread is not None:
        from longthought.graphs.threads import Thread

        place = Thread.of(thread)
    task = task_of(problem, address(domain), answer)
    agents = agents_of(policy, critic, settings)
    names, own_tools = split(tools)
    context = context_of(graph, *agents, names, settings)
    seats = with_tools(seated(context, *agents), own_tools)

    def observe(events: Sequence[AnyEvent]) -> None:
        if on_event:
            for event in events:
                on_event(event)

    try:
        await expect_ready(seats, [task.problem])
        machine = catalogue.machine(graph)(seats)
        if ask is not None:
            _expect_pauses(machine)
        machine.ask = ask
        first = started(task.problem, context)
        if place is None:
            ended = await play(machine, [first], observe, settings=context)
        else:
            from longthought.graphs.threads import play_in_thread

            ended = await play_in_thread(machine, first, place, observe, context)
        return await graded(ended, task.reference, observe)
    finally:
        await seats.aclose()


for _function in (solve, asolve):
    _function.__doc__ = f"{inspect.getdoc(_function)}\n\n{catalogue.settings_help()}"


def _expect_pauses(machine: Machine[Any, Any]) -> None:
    if not machine.pauses:
        raise ConfigError(
            f"`ask` is for graphs in which a verdict moves the debate, and not for {machine.context.graph}"
        )


def generate(
    problems: str | Path | Iterable[Task | Problem | str],
    request: JobRequest | None = None,
    *,
    out: str | Path,
    policy: str | Model | Proposer | BaseChatModel = BUNDLED_MODEL,
    critic: str | Model | Judge | BaseChatModel = BUNDLED_MODEL,
    tools: Iterable[str | Verifier] | None = None,
    progress: Progress | None = None,
    begin: Opening | None = None,
    domain: str | Domain | None = None,
    **settings: Any,
) -> Generator[Trajectory, None, None]:
    """Run a batch of debates into a run folder, or resume one, and yield each debate as it ends.

    >>> statements = ["Use 3, 5 and 8, each once, to make 29.", "Use 2, 5 and 9, each once, to make 19."]
    >>> for trajectory in lt.generate(statements, out="runs/first", rounds=16):
    ...     print(trajectory.finished)
    True
    True

    Debates that ended in an earlier run are in the folder (`lt.Run(out)`), and are not yielded again; with
    `retry_failed=True`, those that failed are played on. Leaving the loop early stops the job cleanly; a slow loop
    slows the job down.

    Args:
        problems: A file of problems, or the problems: tasks, problems or statements, which are graded if the statement
            holds all that grading needs, as in Countdown. A source that can be read more than once (a file, a list, an
            object whose `__iter__` starts anew) is read through before anything is written; an iterator is read as
            debates begin.
        request: What the job is asked to do, as one value (default: built from the settings).
        out: The run folder.
        policy: `provider:model`, a `Model`, a chat model of LangChain, or a live agent made with `lt.policy`, which
            stays open for further calls until its `aclose` is awaited. A live agent given beside a request replaces
            the agent that the request names.
        critic: Likewise, with `lt.critic`.
        tools: Verifiers that check every step: names, or objects with `name`, `claims` and `check`.
        progress: Counts to watch while the job runs.
        begin: Returns the events that a debate goes on from, given its task and its sample number; the first must be
            `Started`. By default a debate begins with the problem alone.
        domain: The domain of rows and statements that don't name one: an object, a name, or `module:NAME`.
        settings: Fields of `JobRequest`, such as samples and concurrency, the graph (a name, or a state machine of your
            own), and its settings: rounds, tokens, seconds, veto, seed, base_url, …; see `JobRequest.of`.

    Raises:
        UserError: if the problems, the settings or the folder are invalid.
        OutageError: if a model server can't be reached, takes no key or hasn't the model: before anything is written,
            or while the job runs; or if it refuses all of the first debates alike. The debates in flight then go on at
            the next run.

    """
    expect("the path of a folder", str, Path, out=out)
    expect("a Progress", Progress, NoneType, progress=progress)
    expect("a function of a task and a sample number", Callable, NoneType, begin=begin)
    agents = agents_of(policy, critic, settings)
    names, own_tools = split(tools)
    settings |= {} if names is None else {"tools": names}
    job = _with_kept_tools(_request(request, *agents, settings), Path(out))
    config = {**job.config(), **({"own_tools": [tool.name for tool in own_tools]} if own_tools else {})}
    if job.elsewhere:
        _expect_names(*agents, own_tools, job.machine)

    async def work() -> AsyncGenerator[Trajectory]:
        async with AsyncExitStack() as stack:
            local_job, expect_server = job, _nothing
            if job.serve_vllm is not None:
                log = Path(f"{out}.vllm.log")
                server = await stack.enter_async_context(serving(job.serve_vllm, log, gpus=job.tensor_parallel_size))
                context = replace(job.context, base_url=server.base_url)
                local_job = job.model_copy(update={"context": context, "serve_vllm": None})
                expect_server = server.expect_alive
            to_check, tasks = to_inspect(tasks_of(problems, domain))
            seats = with_tools(seated(local_job.context, *agents), own_tools)
            stack.push_async_callback(seats.aclose)
            waiting = unfinished(Path(out), to_check, local_job.samples, retry_failed=local_job.retry_failed)
            await expect_ready(seats, map(_gradable, waiting), elsewhere=local_job.elsewhere)
            folder = stack.enter_context(RunFolder.create_or_resume(Path(out), config, current=local_job.config_of))
            await stack.enter_async_context(uploading(folder.path, local_job.upload))
            if local_job.elsewhere:
                await seats.aclose()
                start_worker, count = await stack.enter_async_context(workers(local_job))
                running = run_shards(local_job, tasks, folder, start_worker, count, progress=progress, begin=begin)
            else:
                running = run_job(local_job, tasks, folder, seats=seats, progress=progress, begin=begin)
            async for trajectory in await stack.enter_async_context(aclosing(running)):
                expect_server()
                yield trajectory

    yield from in_thread(work)


def _nothing() -> None:
    pass


def _request(
    request: JobRequest | None,
    policy: str | Model | Proposer,
    critic: str | Model | Judge,
    settings: Mapping[str, Any],
) -> JobRequest:
    """Return the given request, with live agents named in it, or build one from settings."""
    if request is None:
        return JobRequest.of(**named(policy, critic), **settings)
    named(policy, critic)
    agents = {"policy": policy, "critic": critic}
    given = {name: agent for name, agent in agents.items() if isinstance(agent, str | Model) and agent != BUNDLED_MODEL}
    request = JobRequest.given(request, {**given, **settings})
    live = {name: agent.name for name, agent in agents.items() if not isinstance(agent, str | Model)}
    return request.model_copy(update={"context": replace(request.context, **live)}) if live else request


def _with_kept_tools(job: JobRequest, out: Path) -> JobRequest:
    """Return a job that names no tools with those of the run that it resumes, if there is one."""
    kept = kept_setting(out, "tools") if job.context.tools is None else None
    return job if kept is None else job.model_copy(update={"context": replace(job.context, tools=kept)})


def _expect_names(
    policy: str | Model | Proposer,
    critic: str | Model | Judge,
    own_tools: Sequence[Verifier],
    machine: type[Machine[Any, Any]] | None,
) -> None:
    if machine is not None:
        raise ConfigError("a job over several processes: name its graph; a class lives in this process alone")
    if own_tools:
        raise ConfigError("a job over several processes: name its tools; an object lives in this process alone")
    if not (isinstance(policy, str | Model) and isinstance(critic, str | Model)):
        raise ConfigError(
            "a job over several processes: name policy and critic, such as 'openai:NAME'; each makes its own"
        )


@dataclass(frozen=True, slots=True)
class _Tasks:
    """Tasks that can be read more than once; each reading starts anew."""

    read: Callable[[], Iterable[Task | Problem | str]]
    domain: str | None
    """The domain of statements that don't name one."""

    def __iter__(self) -> Iterator[Task]:
        return (task_of(given, self.domain) for given in self.read())


def tasks_of(
    problems: str | Path | Iterable[Task | Problem | str], domain: str | Domain | None = None
) -> Iterable[Task]:
    """Return the tasks of a file, or of problems; they can be read again if the problems can."""
    domain = address(domain)
    expect("a file of problems, or a list of them", str, Path, Iterable, problems=problems)
    if isinstance(problems, str | Path):
        return _Tasks(partial(load, problems, domain=domain), domain)
    if isinstance(problems, Iterator):
        return (task_of(given, domain) for given in problems)
    return _Tasks(lambda: problems, domain)


def task_of(given: Task | Problem | str, domain: str | None, answer: str | None = None) -> Task:
    """Return a statement or a problem with what to grade it by: a typed answer, or what the statement itself holds.

    Raises:
        ConfigError: if it is none of these.
        ProblemError: if the statement is empty, the domain is unknown, or the answer can't be made a reference.

    """
    if isinstance(given, Task):
        return given
    expect("a statement, a Problem or a Task", str, Problem, problem=given)
    problem = given if isinstance(given, Problem) else posed(given, domain)
    return Task(problem=problem, reference=reference_of(problem, answer))


def _gradable(task: Task) -> Problem:
    """Return the problem of a task; raise if the task has a reference and its domain can't grade."""
    if task.reference is not None:
        expect_gradable(task.problem)
    return task.problem
