"""Have a chat model rewrite the journeys of a run for fluency, many at once; each rewrite is written when it arrives.

The journeys are those that an export with the same settings would tell. The same call again asks only for the missing
rewrites, so a stop loses no more than the requests in flight.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from longthought.agents.agent import Closeable
from longthought.agents.catalogue import chat_model
from longthought.agents.editor import Rewritten
from longthought.agents.editor import rewrite as ask
from longthought.errors import ConfigError, EndpointError, ModelError, OutageError
from longthought.jobs.preflight import expect_model
from longthought.jobs.thread import in_thread
from longthought.thoughts.fidelity import objection_kinds
from longthought.thoughts.thought import LongThought
from longthought.training.data.annotated import RunAnnotations
from longthought.training.data.contamination import TestSets
from longthought.training.data.export import read_debate
from longthought.training.data.preflight import expect_lessons, prepared, run_name
from longthought.training.data.report import ExportReport
from longthought.training.data.request import RewriteRequest
from longthought.training.data.rewrites import Paragraph, Rewrite, RewriteBook, RewriteWriter, fingerprint
from longthought.training.data.thinker_rows import Telling, told_twins
from longthought.trajectories.events import Usage
from longthought.trajectories.run import Run

TEMPERATURE: Final = 0.7
"""Sampling temperature of the chat model that rewrites."""


@dataclass(slots=True)
class RewriteCounts:
    """Counts that grow while a run is rewritten."""

    debates: int = 0
    """Debates to go through."""
    known: int = 0
    """Journeys that were rewritten, or refused, before."""
    rewritten: int = 0
    kept: int = 0
    """Journeys that stay plain, since the rewrite lost or made up something."""
    failed: int = 0
    """Journeys whose request failed; the next run asks again."""
    last_failure: str = ""
    objections: Counter[str] = field(default_factory=Counter[str])
    """Reasons why journeys stay plain; a journey may count for several."""
    left_out: Counter[str] = field(default_factory=Counter[str])
    """Debates that an export would leave out too, by reason."""
    usage: Usage = field(default_factory=Usage)

    @property
    def asked(self) -> int:
        """Journeys that were sent to the model in this run, failed requests included."""
        return self.rewritten + self.kept + self.failed

    @property
    def done(self) -> int:
        """Debates that are dealt with, whatever the result."""
        return self.asked + self.known + sum(dict(self.left_out).values())

    def meta(self) -> dict[str, Any]:
        """Return all counts as JSON values."""
        return {
            "debates": self.debates, "known": self.known, "rewritten": self.rewritten, "kept": self.kept,
            "failed": self.failed, "objections": dict(self.objections), "left_out": dict(self.left_out),
            "usage": self.usage.model_dump(),
        }  # fmt: skip


def rewrite(
    path: Path,
    request: RewriteRequest,
    *,
    writer: BaseChatModel | None = None,
    tally: RewriteCounts | None = None,
) -> Generator[Rewrite, None, None]:
    """Rewrite the journeys of a run, and yield each rewrite when it is in the run folder.

    Args:
        path: The run folder.
        request: Which journeys are rewritten, and by which model.
        writer: The chat model itself; without one it is made of the request's `model` and `base_url`.
        tally: Counts to watch while it runs.

    Raises:
        UserError: if the run holds no journey, or the model can't be had.
        OutageError: if a model server can't be reached; what was rewritten until then is kept.

    """
    model = writer or chat_model(
        request.model, "policy", base_url=request.base_url, temperature=TEMPERATURE, max_tokens=request.max_tokens
    )
    journeys = request.journeys()
    run, test_sets = Run(path), TestSets(journeys.against)
    called = run_name(path, [path])
    made, maker = prepared({called: run}, path, journeys, test_sets, "")
    if maker.telling.thinkers:
        raise ConfigError(f"{path}: a thinker wrote whole thoughts in it, which are not told in other words")
    expect_lessons({called: run}, journeys)
    counts = tally or RewriteCounts()
    counts.debates, made.left_out = len(run.ids()[: request.limit]), counts.left_out
    plain = _journeys(run, called, made, maker.telling, test_sets)

    async def work() -> AsyncGenerator[Rewrite]:
        try:
            await expect_model(model, [HumanMessage("Say yes.")])
            with RewriteWriter(path) as writer:
                job = _Job(model, request.model, maker.telling, writer, RewriteBook(path), counts)
                async for done in job.all(plain, request.concurrency):
                    yield done
        finally:
            if isinstance(model, Closeable):
                await model.aclose()

    yield from in_thread(work)


def _journeys(run: Run, name: str, made: ExportReport, telling: Telling, test_sets: TestSets) -> Iterator[LongThought]:
    """Yield the journeys that an export would tell, one debate after the other."""
    annotations = RunAnnotations(run.path, rewritten=False)
    for debate in run.ids()[: made.request.limit]:
        annotated = read_debate(run, name, debate, annotations, test_sets, made)
        told = told_twins(annotated, telling, made.left_out) if annotated else None
        if told:
            yield told[0]


@dataclass(frozen=True)
class _Job:
    """The model, the thoughts it rewrites, and the file that takes the rewrites."""

    model: BaseChatModel
    name: str
    telling: Telling
    writer: RewriteWriter
    book: RewriteBook
    counts: RewriteCounts

    async def all(self, plain: Iterator[LongThought], concurrency: int) -> AsyncGenerator[Rewrite]:
        """Rewrite thoughts, at most `concurrency` at a time; the first outage cancels the others."""
        running, ended = set[asyncio.Task[Rewrite | None]](), set[asyncio.Task[Rewrite | None]]()
        try:
            for thought in plain:
                if self.book.knows(thought.id, fingerprint(thought.text), self.name):
                    self.counts.known += 1
                    await asyncio.sleep(0)  # lets a run of known ones be stopped
                    continue
                running.add(asyncio.create_task(self._one(thought)))
                if len(running) >= concurrency:
                    ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    for task in ended:
                        if done := task.result():
                            yield done
            for task in asyncio.as_completed(running):
                if done := await task:
                    yield done
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, *ended, return_exceptions=True)

    async def _one(self, thought: LongThought) -> Rewrite | None:
        """Rewrite a thought and keep the result; None if the request failed."""
        try:
            done = await ask(thought, self.model, name=self.name)
        except OutageError:
            raise
        except (EndpointError, ModelError) as error:
            self.counts.failed += 1
            self.counts.last_failure = str(error)
            return None
        record = self._record(thought, done)
        self.writer.append([record])
        self.counts.rewritten += done.accepted
        self.counts.kept += not done.accepted
        self.counts.objections.update(objection_kinds(done.objections))
        self.counts.usage += done.call.usage
        return record

    def _record(self, thought: LongThought, done: Rewritten) -> Rewrite:
        sentences = done.thought.sentences if done.accepted else ()
        return Rewrite(
            trajectory=thought.id, walk=thought.walk, wrong=self.telling.wrong, seed=self.telling.seed,
            model=self.name, plain=fingerprint(thought.text), accepted=done.accepted, objections=done.objections,
            sentences=tuple(Paragraph(text=s.text, factor=s.factor, node=s.node, events=s.events) for s in sentences),
            usage=done.call.usage, at=time.time(),
        )  # fmt: skip
