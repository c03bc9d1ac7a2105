"""Cache evidence by content, so that the same claim on the same path is checked only once in a process.

Debates on one problem propose the same steps again and again, as do the samples of a job. Evidence that is unavailable
for lack of a sandbox or a toolchain is not kept.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from longthought.problems.problem import Problem
from longthought.tools.verifier import Claim, Interpreter, Verifier
from longthought.trajectories.events import Evidence, EvidenceStatus

SIZE: Final = 10_000
"""Maximum number of findings; the least recently used is dropped first."""


class Cache:
    """Findings by the digests of their claims; safe in any thread."""

    def __init__(self, size: int = SIZE) -> None:
        """Keep at most `size` findings."""
        self._size = size
        self._findings: OrderedDict[bytes, tuple[Evidence, str]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes) -> tuple[Evidence, str] | None:
        """Return a finding and the output that came with it."""
        with self._lock:
            if finding := self._findings.get(key):
                self._findings.move_to_end(key)
            return finding

    def put(self, key: bytes, evidence: Evidence, output: str) -> None:
        """Keep a finding."""
        with self._lock:
            self._findings[key] = evidence, output
            self._findings.move_to_end(key)
            if len(self._findings) > self._size:
                self._findings.popitem(last=False)


class Cached:
    """A verifier with a cache of its evidence."""

    def __init__(self, inner: Verifier, cache: Cache) -> None:
        """Put a cache before a verifier."""
        self.name, self._inner, self._cache = inner.name, inner, cache

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        """Find what the verifier can check."""
        return self._inner.claims(problem, path, step)

    async def check(self, claim: Claim) -> Evidence:
        """Check a claim, or return the cached evidence."""
        return (await self._finding(claim))[0]

    async def _finding(self, claim: Claim) -> tuple[Evidence, str]:
        key = _digest(self.name, claim)
        if finding := self._cache.get(key):
            evidence, output = finding
            return evidence.model_copy(update={"span": claim.span, "seconds": 0.0}), output
        evidence, output = await self._observe(claim)
        if evidence.status is not EvidenceStatus.UNAVAILABLE:
            self._cache.put(key, evidence, output)
        return evidence, output

    async def _observe(self, claim: Claim) -> tuple[Evidence, str]:
        return await self._inner.check(claim), ""


class CachedInterpreter(Cached):
    """An interpreter with a cache of its evidence and output."""

    def __init__(self, inner: Interpreter, cache: Cache) -> None:
        """Put a cache before an interpreter."""
        super().__init__(inner, cache)
        self._interpreter = inner

    async def observe(self, claim: Claim) -> tuple[Evidence, str]:
        """Run the code of a claim, or return the cached evidence and output."""
        return await self._finding(claim)

    async def _observe(self, claim: Claim) -> tuple[Evidence, str]:
        return await self._interpreter.observe(claim)


def cached(verifier: Verifier, cache: Cache) -> Verifier:
    """Put a cache before a verifier of either kind."""
    return CachedInterpreter(verifier, cache) if isinstance(verifier, Interpreter) else Cached(verifier, cache)


def _digest(name: str, claim: Claim) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in (name, claim.problem.domain, claim.problem.statement, *claim.path, claim.text):
        data = part.encode(errors="surrogatepass")
        digest.update(len(data).to_bytes(8))
        digest.update(data)
    return digest.digest()
