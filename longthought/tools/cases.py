"""Cases for single verifiers, as `longthought check` takes them: one, or a stream answered in its order.

A case that a verifier can't make sense of gets a status like any other; only a line that is no case at all is an error.
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
_NOWHERE: Final = Problem(id="check", statement="check")


async def find(kind: VerifierName, case: CaseFields) -> CaseResult:
    """Check one case; `status` and `detail` are always there."""
    began = time.perf_counter()
    found = await _CHECKS[kind](case)
    return {**found, "seconds": round(time.perf_counter() - began, 6)}


async def serve(kind: VerifierName, lines: Iterator[str], write: Callable[[str], object]) -> None:
    """Answer JSON lines in their order, some at a time; Lean takes many in one run.

    Raises:
        ConfigError: at a line that is no case; those before it have been answered by then.

    """
    waiting: deque[tuple[Any, asyncio.Future[CaseResult]]] = deque()
    proofs: list[tuple[CaseFields, asyncio.Future[CaseResult]]] = []
    fault = None
    numbered = enumerate(lines, start=1)
    while (item := await asyncio.to_thread(next, numbered, None)) is not None:
        try:
            found = _case(kind, item[1]) if item[1].strip() else None
        except ValueError as error:
            fault = ConfigError(f"standard input:{item[0]}: {error}")
            break
        if found is None:
            continue
        name, case = found
        if kind == "lean":
            proofs.append((case, asyncio.get_running_loop().create_future()))
            waiting.append((name, proofs[-1][1]))
        else:
            waiting.append((name, asyncio.ensure_future(find(kind, case))))
        if len(proofs) == _LEAN_BATCH:
            await _prove(proofs)
        while waiting and (waiting[0][1].done() or (kind != "lean" and len(waiting) >= _IN_FLIGHT)):
            await _answer(waiting, write)
    await _prove(proofs)
    while waiting:
        await _answer(waiting, write)
    if fault:
        raise fault


async def _answer(waiting: deque[tuple[Any, asyncio.Future[CaseResult]]], write: Callable[[str], object]) -> None:
    name, answer = waiting.popleft()
    write(json.dumps({"id": name, **await answer}))


async def _prove(proofs: list[tuple[CaseFields, asyncio.Future[CaseResult]]]) -> None:
    """Prove what has come together, and start anew."""
    results = await prove_many([(case["statement"], case["proof"]) for case, _ in proofs])
    for (_, answer), result in zip(proofs, results, strict=True):
        answer.set_result({**_proved(result), "seconds": round(result.seconds, 6)})
    proofs.clear()


def _case(kind: VerifierName, line: str) -> tuple[Any, CaseFields]:
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
    known = {k: v for k, v in fields.items() if k in FIELDS[kind] or (k in _OPTIONAL and isinstance(v, str))}
    return fields.get("id"), known


async def _python(case: CaseFields) -> CaseResult:
    result = await shared().run(case["code"])
    claim = Claim(case["code"], (0, len(case["code"])), _NOWHERE, ())
    evidence = Python().evidence(claim, result, case.get("expect"))
    return {"status": evidence.status, "detail": evidence.detail, "run": result.run, "stdout": result.stdout}


async def _algebra(case: CaseFields) -> CaseResult:
    verifier = Algebra()
    claims = verifier.claims(_NOWHERE, (), case["text"])
    found = await asyncio.gather(*(verifier.check(claim) for claim in claims))
    status = _overall(found)
    telling = [e for e in found if e.status is status and e.detail]
    plural = "claim" if len(found) == 1 else "claims"
    return {
        "status": status,
        "detail": "; ".join(e.detail for e in telling) or f"{len(found)} {plural}",
        "claims": [e.model_dump(mode="json", include={"claim", "span", "status", "detail"}) for e in found],
    }


def _overall(found: list[Evidence]) -> EvidenceStatus:
    """Return what several findings come to: one refuted claim refutes a text, one confirmed claim confirms it."""
    statuses = {e.status for e in found}
    order = (EvidenceStatus.REFUTED, EvidenceStatus.CONFIRMED, EvidenceStatus.UNAVAILABLE)
    return next((s for s in order if s in statuses), EvidenceStatus.ABSTAINED)


async def _compare(case: CaseFields) -> CaseResult:
    found = await compare(case["gold"], final_answer(case["given"], last_line=False) or case["given"])
    status = {True: EvidenceStatus.CONFIRMED, False: EvidenceStatus.REFUTED, None: EvidenceStatus.ABSTAINED}
    return {"status": status[found.equal], "equal": found.equal, "detail": found.detail}


async def _lean(case: CaseFields) -> CaseResult:
    return _proved(await prove(case["statement"], case["proof"]))


def _proved(result: LeanResult) -> CaseResult:
    status = EvidenceStatus.ABSTAINED if result.at_fault == "statement" else result.status
    return {"status": status, "detail": result.detail, "assurance": result.assurance, "goals": list(result.goals)}


_CHECKS: Final[dict[VerifierName, Callable[[CaseFields], Awaitable[CaseResult]]]] = {
    "python": _python,
    "algebra": _algebra,
    "answer": _compare,
    "lean": _lean,
}
