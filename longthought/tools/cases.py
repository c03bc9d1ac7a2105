"""Check cases with single verifiers, for `longthought check`: one case, or a stream that is answered in order.

A case that a verifier can't interpret gets a status like any other; only a line that is no case is an error.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final, Literal, cast

from longthought.errors import ConfigError
from longthought.problems.final_answer import final_answer
from longthought.problems.problem import Problem
from longthought.tools.algebra import Algebra
from longthought.tools.answer.compare import compare
from longthought.tools.lean.prover import prove, prove_many
from longthought.tools.lean.result import LeanResult
from longthought.tools.python import Python
from longthought.tools.sandbox.pool import shared
from longthought.tools.verifier import Claim
from longthought.trajectories.events import Evidence, EvidenceStatus

VerifierName = Literal["python", "algebra", "answer", "lean"]
CaseFields = Mapping[str, str]
CaseResult = dict[str, Any]
FIELDS: Final[dict[VerifierName, tuple[str, ...]]] = {
    "python": ("code",),
    "algebra": ("text",),
    "answer": ("gold", "given"),
    "lean": ("statement", "proof"),
}
_OPTIONAL: Final = {"expect"}
_IN_FLIGHT: Final = 32
_LEAN_BATCH: Final = 50
_NO_PROBLEM: Final = Problem(id="check", statement="check")


async def check_case(kind: VerifierName, case: CaseFields) -> CaseResult:
    """Check one case; the result always has `status` and `detail`."""
    began = time.perf_counter()
    result = await _CHECKS[kind](case)
    return {**result, "seconds": round(time.perf_counter() - began, 6)}


async def serve(kind: VerifierName, lines: Iterator[str], write: Callable[[str], object]) -> None:
    """Answer JSON lines in their order, several concurrently; Lean checks many proofs in one run.

    Raises:
        ConfigError: at a line that is no case, after the lines before it were answered.

    """
    waiting: deque[tuple[Any, asyncio.Future[CaseResult]]] = deque()
    proofs: list[tuple[CaseFields, asyncio.Future[CaseResult]]] = []
    fault = None
    numbered = enumerate(lines, start=1)
    while (item := await _next_line(numbered, waiting, write)) is not None:
        try:
            parsed = _read_case(kind, item[1]) if item[1].strip() else None
        except ValueError as error:
            fault = ConfigError(f"standard input:{item[0]}: {error}")
            break
        if parsed is None:
            continue
        name, case = parsed
        if kind == "lean":
            proofs.append((case, asyncio.get_running_loop().create_future()))
            waiting.append((name, proofs[-1][1]))
        else:
            waiting.append((name, asyncio.ensure_future(check_case(kind, case))))
        if len(proofs) == _LEAN_BATCH:
            await _prove(proofs)
        while waiting and (waiting[0][1].done() or (kind != "lean" and len(waiting) >= _IN_FLIGHT)):
            await _answer(waiting, write)
    await _prove(proofs)
    while waiting:
        await _answer(waiting, write)
    if fault:
        raise fault


async def _next_line(
    numbered: Iterator[tuple[int, str]],
    waiting: deque[tuple[Any, asyncio.Future[CaseResult]]],
    write: Callable[[str], object],
) -> tuple[int, str] | None:
    """Return the next line, None at the end; what is answered while it comes is written at once."""
    coming = asyncio.ensure_future(asyncio.to_thread(next, numbered, None))
    while waiting and not coming.done():
        await asyncio.wait((coming, waiting[0][1]), return_when=asyncio.FIRST_COMPLETED)
        while waiting and waiting[0][1].done():
            await _answer(waiting, write)
    return await coming


async def _answer(waiting: deque[tuple[Any, asyncio.Future[CaseResult]]], write: Callable[[str], object]) -> None:
    name, answer = waiting.popleft()
    write(json.dumps({"id": name, **await answer}))


async def _prove(proofs: list[tuple[CaseFields, asyncio.Future[CaseResult]]]) -> None:
    """Check the collected proofs in one batch, and clear the list."""
    results = await prove_many([(case["statement"], case["proof"]) for case, _ in proofs])
    for (_, answer), result in zip(proofs, results, strict=True):
        answer.set_result({**_lean_result(result), "seconds": round(result.seconds, 6)})
    proofs.clear()


def _read_case(kind: VerifierName, line: str) -> tuple[Any, CaseFields]:
    wanted = ", ".join(f'"{field}"' for field in ("id", *FIELDS[kind]))
    try:
        fields: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected a JSON object with {wanted}, found {line.strip()[:60]!r}") from error
    if not isinstance(fields, dict):
        raise ValueError(f"expected a JSON object with {wanted}, found {line.strip()[:60]!r}")
    fields = cast("dict[str, Any]", fields)
    for field in FIELDS[kind]:
        if not isinstance(fields.get(field), str):
            raise ValueError(f'"{field}": expected text, found {json.dumps(fields.get(field))[:60]}')
    case = {k: v for k, v in fields.items() if k in FIELDS[kind] or (k in _OPTIONAL and isinstance(v, str))}
    return fields.get("id"), case


async def _python(case: CaseFields) -> CaseResult:
    result = await shared().run(case["code"])
    claim = Claim(case["code"], (0, len(case["code"])), _NO_PROBLEM, ())
    evidence = Python().evidence(claim, result, case.get("expect"))
    return {"status": evidence.status, "detail": evidence.detail, "run": result.run, "stdout": result.stdout}


async def _algebra(case: CaseFields) -> CaseResult:
    verifier = Algebra()
    claims = verifier.claims(_NO_PROBLEM, (), case["text"])
    evidence = await asyncio.gather(*(verifier.check(claim) for claim in claims))
    status = _overall(evidence)
    telling = [e for e in evidence if e.status is status and e.detail]
    plural = "claim" if len(evidence) == 1 else "claims"
    return {
        "status": status,
        "detail": "; ".join(e.detail for e in telling) or f"{len(evidence)} {plural}",
        "claims": [e.model_dump(mode="json", include={"claim", "span", "status", "detail"}) for e in evidence],
    }


def _overall(evidence: list[Evidence]) -> EvidenceStatus:
    """Combine findings: one refuted claim refutes a text, else one confirmed claim confirms it."""
    statuses = {e.status for e in evidence}
    order = (EvidenceStatus.REFUTED, EvidenceStatus.CONFIRMED, EvidenceStatus.UNAVAILABLE)
    return next((s for s in order if s in statuses), EvidenceStatus.ABSTAINED)


async def _compare(case: CaseFields) -> CaseResult:
    equivalence = await compare(case["gold"], final_answer(case["given"], last_line=False) or case["given"])
    status = {True: EvidenceStatus.CONFIRMED, False: EvidenceStatus.REFUTED, None: EvidenceStatus.ABSTAINED}
    return {"status": status[equivalence.equal], "equal": equivalence.equal, "detail": equivalence.detail}


async def _lean(case: CaseFields) -> CaseResult:
    return _lean_result(await prove(case["statement"], case["proof"]))


def _lean_result(result: LeanResult) -> CaseResult:
    status = EvidenceStatus.ABSTAINED if result.at_fault == "statement" else result.status
    return {"status": status, "detail": result.detail, "assurance": result.assurance, "goals": list(result.goals)}


_CHECKS: Final[dict[VerifierName, Callable[[CaseFields], Awaitable[CaseResult]]]] = {
    "python": _python,
    "algebra": _algebra,
    "answer": _compare,
    "lean": _lean,
}
