"""`prove` checks whether a proof proves a statement, from two texts to a result.

A cheat is refuted with its reason, before Lean runs. The result of a text that is too large or too slow to check is
`abstained`. No text raises an exception.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from weakref import WeakKeyDictionary

from longthought.tools.lean import screen, source, toolchain, warm
from longthought.tools.lean.lexer import tokens
from longthought.tools.lean.process import Ending, LeanRun, run
from longthought.tools.lean.result import LeanResult, judge
from longthought.tools.lean.source import ProofCase
from longthought.tools.lean.statement import StatementError, body, read
from longthought.tools.lean.toolchain import NoLean, Toolchain
from longthought.tools.lean.warm import WarmLean
from longthought.trajectories.events import EvidenceStatus

SECONDS: Final = 60.0
"""Time limit of one proof, besides the start of Lean."""
BATCH: Final = 64
"""Maximum number of proofs in one run of Lean."""
CONCURRENT_RUNS: Final = 1
"""Maximum number of concurrent runs of Lean; one can take gigabytes."""
_warm: dict[tuple[str | None, tuple[str, ...]], WarmLean | None] = {}
_run_limits: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def prove(
    statement: str, proof: str, *, lean: Toolchain | WarmLean | None = None, seconds: float = SECONDS
) -> LeanResult:
    """Check one proof of one statement.

    Args:
        statement: `theorem name (…) : T`, without its proof; `:= by sorry` at the end is dropped.
        proof: the text behind `:=` or `:= by`: tactics, `by` with tactics, or a term.
        lean: the Lean to run; by default the one that `available` finds.
        seconds: time limit of the proof, once Lean has started.

    Returns:
        `confirmed` with the level of assurance; `refuted` with Lean's error or the reason why the text is no honest
        proof; `abstained` if time, memory or size ran out; `unavailable` without Lean or a sandbox.

    """
    return (await prove_many([(statement, proof)], lean=lean, seconds=seconds))[0]


async def prove_many(
    cases: Sequence[tuple[str, str]], *, lean: Toolchain | WarmLean | None = None, seconds: float = SECONDS
) -> list[LeanResult]:
    """Check many proofs in as few runs of Lean as possible; the results are in the order of the cases.

    A proof that stops a run is found and run alone, so that it doesn't affect those behind it.
    """
    results: dict[int, LeanResult] = {}
    pending: list[tuple[int, ProofCase]] = []
    for index, (statement, proof) in enumerate(cases):
        prepared = await asyncio.to_thread(prepare, statement, proof)
        if isinstance(prepared, ProofCase):
            pending.append((index, prepared))
        else:
            results[index] = prepared
    if pending:
        try:
            lean = lean or available()
        except NoLean as error:
            missing = LeanResult(EvidenceStatus.UNAVAILABLE, str(error))
            return [results.get(index, missing) for index in range(len(cases))]
    while pending and lean:
        batch = [entry for entry in pending if entry[1].shares == pending[0][1].shares][:BATCH]
        batch_results = await _run_batch([case for _, case in batch], lean, seconds)
        settled = {index: result for (index, _), result in zip(batch, batch_results, strict=True) if result is not None}
        results |= settled
        pending = [entry for entry in pending if entry[0] not in settled]
    return [results[index] for index in range(len(cases))]


def available() -> Toolchain | WarmLean:
    """Find the Lean to run: a warm one if it is set up, else a toolchain to start for each run.

    Raises:
        NoLean: if there is none; the message says how to get one.

    """
    cold = toolchain.find()
    key = os.environ.get(warm.REPL), cold.command
    if key not in _warm:
        _warm[key] = warm.find(cold)
    return _warm[key] or cold


def prepare(statement: str, proof: str) -> ProofCase | LeanResult:
    """Screen a statement and a proof and combine them, or return the result that rejects them."""
    try:
        locked = read(statement)
    except StatementError as error:
        detail = f"the statement can't be used: {error}"
        return LeanResult(EvidenceStatus.REFUTED, detail, at_fault="statement")
    if objection := screen.proof(proof):
        location = f"line {proof.count(chr(10), 0, objection.start) + 1}: " if objection.start is not None else ""
        return LeanResult(objection.status, f"{location}{objection.reason}")
    if not tokens(proof):
        return LeanResult(EvidenceStatus.REFUTED, "there is no proof", unfinished=True)
    return ProofCase(locked, body(proof))


async def _run_batch(cases: list[ProofCase], lean: Toolchain | WarmLean, seconds: float) -> list[LeanResult | None]:
    """Run cases in one file; None for those that must be run again.

    If the run stopped early, the case it stopped at is run alone at once, and those behind it are left to the caller.
    So each call settles one case at least.
    """
    began = time.monotonic()
    text, places = source.write(cases, axioms=lean.axioms)
    async with _run_limit():
        limit = lean.start_seconds + seconds * len(cases)
        lean_run = await (
            lean.run(text, seconds=limit) if isinstance(lean, WarmLean) else run(lean, text, seconds=limit)
        )
    if lean_run.ending is Ending.UNCONFINED:
        return [LeanResult(EvidenceStatus.UNAVAILABLE, lean_run.output_tail)] * len(cases)
    results = [judge(place, lean_run.messages, axioms=lean.axioms) for place in places]
    if len(cases) == 1:
        results = [results[0] or _stopped(lean_run, seconds)]
    else:
        results = [
            None if result and _may_be_infected(results[:i], result) else result for i, result in enumerate(results)
        ]
        if None in results:
            suspect = results.index(None)
            results[suspect] = (await _run_batch([cases[suspect]], lean, seconds))[0]
    took = time.monotonic() - began
    return [result and replace(result, seconds=took) for result in results]


def _may_be_infected(before: Sequence[LeanResult | None], result: LeanResult) -> bool:
    """Say whether a statement may only seem wrong because the proof before it was not read to its end."""
    if result.at_fault != "statement" or not before:
        return False
    return before[-1] is None or any(message.parsing for message in before[-1].messages)


def _stopped(lean_run: LeanRun, seconds: float) -> LeanResult:
    match lean_run.ending:
        case Ending.TIMEOUT:
            reason = f"Lean was still at it after {seconds:g} seconds"
        case Ending.OUTPUT:
            reason = "Lean printed without end"
        case _:
            reason = f"Lean stopped before the end of it ({lean_run.output_tail or 'without a word'})"
    return LeanResult(EvidenceStatus.ABSTAINED, reason)


def _run_limit() -> asyncio.Semaphore:
    loop = asyncio.get_running_loop()
    return _run_limits.setdefault(loop, asyncio.Semaphore(CONCURRENT_RUNS))
