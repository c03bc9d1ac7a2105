"""`prove`: does this proof prove this statement? The whole way, from two texts to a verdict.

A cheat is refuted with its reason, before Lean runs. What is too large or too slow to look into is abstained from.
Nothing that a text says is an exception here.
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
"""Time for one proof, beside that for starting Lean."""
BATCH: Final = 64
"""Proofs in one run of Lean at most."""
AT_ONCE: Final = 1
"""Runs of Lean at the same time; one can take gigabytes."""
_warm: dict[tuple[str | None, tuple[str, ...]], WarmLean | None] = {}
_running: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def prove(
    statement: str, proof: str, *, lean: Toolchain | WarmLean | None = None, seconds: float = SECONDS
) -> LeanResult:
    """Check one proof of one statement.

    Args:
        statement: `theorem name (…) : T`, without its proof; `:= by sorry` at the end is dropped.
        proof: what stands behind `:=` or `:= by`: tactics, `by` with tactics, or a term.
        lean: what to run; by default what `available` finds.
        seconds: that Lean may think about it, once it has started.

    Returns:
        `confirmed` with the level of assurance; `refuted` with Lean's error or the reason why the text is no honest
        proof; `abstained` where time, memory or size ran out; `unavailable` without Lean or a sandbox.

    """
    return (await prove_many([(statement, proof)], lean=lean, seconds=seconds))[0]


async def prove_many(
    cases: Sequence[tuple[str, str]], *, lean: Toolchain | WarmLean | None = None, seconds: float = SECONDS
) -> list[LeanResult]:
    """Check many proofs, in as few runs of Lean as can be; the results are in the order of the cases.

    A proof that stops a run is found, run alone, and told from those that stood behind it.
    """
    results: dict[int, LeanResult] = {}
    waiting: list[tuple[int, ProofCase]] = []
    for index, (statement, proof) in enumerate(cases):
        prepared = await asyncio.to_thread(prepare, statement, proof)
        if isinstance(prepared, ProofCase):
            waiting.append((index, prepared))
        else:
            results[index] = prepared
    if waiting:
        try:
            lean = lean or available()
        except NoLean as error:
            missing = LeanResult(EvidenceStatus.UNAVAILABLE, str(error))
            return [results.get(index, missing) for index in range(len(cases))]
    while waiting and lean:
        batch = [entry for entry in waiting if entry[1].shares == waiting[0][1].shares][:BATCH]
        found = await _together([case for _, case in batch], lean, seconds)
        known = {index: result for (index, _), result in zip(batch, found, strict=True) if result is not None}
        results |= known
        waiting = [entry for entry in waiting if entry[0] not in known]
    return [results[index] for index in range(len(cases))]


def available() -> Toolchain | WarmLean:
    """Find a Lean here: a warm one where it is set up, else a toolchain to start for each run.

    Raises:
        NoLean: if there is none; the message says how to get one.

    """
    cold = toolchain.find()
    key = os.environ.get(warm.REPL), cold.command
    if key not in _warm:
        _warm[key] = warm.find(cold)
    return _warm[key] or cold


def prepare(statement: str, proof: str) -> ProofCase | LeanResult:
    """Screen a statement and a proof and put them together; else say at once what is wrong."""
    try:
        locked = read(statement)
    except StatementError as error:
        detail = f"the statement can't be used: {error}"
        return LeanResult(EvidenceStatus.REFUTED, detail, at_fault="statement")
    if objection := screen.proof(proof):
        place = f"line {proof.count(chr(10), 0, objection.start) + 1}: " if objection.start is not None else ""
        return LeanResult(objection.status, f"{place}{objection.reason}")
    if not tokens(proof):
        return LeanResult(EvidenceStatus.REFUTED, "there is no proof", unfinished=True)
    return ProofCase(locked, body(proof))


async def _together(cases: list[ProofCase], lean: Toolchain | WarmLean, seconds: float) -> list[LeanResult | None]:
    """Run cases in one file; None for those that must be run again.

    If the run stopped early, the case it stopped at is run alone at once, and those behind it are left to the caller.
    So each call settles one case at least.
    """
    began = time.monotonic()
    text, placed = source.write(cases, axioms=lean.axioms)
    async with _turn():
        limit = lean.start_seconds + seconds * len(cases)
        made = await (lean.run(text, seconds=limit) if isinstance(lean, WarmLean) else run(lean, text, seconds=limit))
    if made.ending is Ending.UNCONFINED:
        return [LeanResult(EvidenceStatus.UNAVAILABLE, made.said)] * len(cases)
    found = [judge(place, made.messages, axioms=lean.axioms) for place in placed]
    if len(cases) == 1:
        found = [found[0] or _stopped(made, seconds)]
    else:
        found = [None if result and _infected(found[:i], result) else result for i, result in enumerate(found)]
        if None in found:
            suspect = found.index(None)
            found[suspect] = (await _together([cases[suspect]], lean, seconds))[0]
    took = time.monotonic() - began
    return [result and replace(result, seconds=took) for result in found]


def _infected(before: Sequence[LeanResult | None], result: LeanResult) -> bool:
    """Say whether a statement may only seem wrong because the proof before it was not read to its end."""
    if result.at_fault != "statement" or not before:
        return False
    return before[-1] is None or any(message.parsing for message in before[-1].messages)


def _stopped(made: LeanRun, seconds: float) -> LeanResult:
    match made.ending:
        case Ending.TIMEOUT:
            reason = f"Lean was still at it after {seconds:g} seconds"
        case Ending.OUTPUT:
            reason = "Lean printed without end"
        case _:
            reason = f"Lean stopped before the end of it ({made.said or 'without a word'})"
    return LeanResult(EvidenceStatus.ABSTAINED, reason)


def _turn() -> asyncio.Semaphore:
    loop = asyncio.get_running_loop()
    return _running.setdefault(loop, asyncio.Semaphore(AT_ONCE))
