"""Evidence already found, by content: the same claim in the same place is not checked twice in one process.

Debates on one problem propose the same steps again and again, as do the samples of a job. What a tool could not find
out for lack of a sandbox or a toolchain is not kept.
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
"""Findings kept, the least recently used given up first."""


class Cache:
    """Findings by the digest of what they are about; for any thread."""

    def __init__(self, size: int = SIZE) -> None:
        """Keep at most `size` findings."""
        self._size = size
        self._found: OrderedDict[bytes, tuple[Evidence, str]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes) -> tuple[Evidence, str] | None:
        """Return a finding and the output that came with it."""
        with self._lock:
            if found := self._found.get(key):
                self._found.move_to_end(key)
            return found

    def put(self, key: bytes, evidence: Evidence, output: str) -> None:
        """Keep a finding."""
        with self._lock:
            self._found[key] = evidence, output
            self._found.move_to_end(key)
            if len(self._found) > self._size:
                self._found.popitem(last=False)


class Cached:
    """A verifier that remembers."""

    def __init__(self, inner: Verifier, cache: Cache) -> None:
        """Put a cache before a verifier."""
        self.name, self._inner, self._cache = inner.name, inner, cache

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        """Find what the verifier can check."""
        return self._inner.claims(problem, path, step)

    async def check(self, claim: Claim) -> Evidence:
        """Look into a claim, or return what was found before."""
        return (await self._find(claim))[0]

    async def _find(self, claim: Claim) -> tuple[Evidence, str]:
        key = _digest(self.name, claim)
        if known := self._cache.get(key):
            evidence, output = known
            return evidence.model_copy(update={"span": claim.span, "seconds": 0.0}), output
        evidence, output = await self._ask(claim)
        if evidence.status is not EvidenceStatus.UNAVAILABLE:
            self._cache.put(key, evidence, output)
        return evidence, output

    async def _ask(self, claim: Claim) -> tuple[Evidence, str]:
        return await self._inner.check(claim), ""


class CachedInterpreter(Cached):
    """An interpreter that remembers what code printed."""

    def __init__(self, inner: Interpreter, cache: Cache) -> None:
        """Put a cache before an interpreter."""
        super().__init__(inner, cache)
        self._interpreter = inner

    async def observe(self, claim: Claim) -> tuple[Evidence, str]:
        """Run what a claim holds, or return what it did before."""
        return await self._find(claim)

    async def _ask(self, claim: Claim) -> tuple[Evidence, str]:
        return await self._interpreter.observe(claim)


def cached(verifier: Verifier, cache: Cache) -> Verifier:
    """Put a cache before a verifier, whichever kind it is."""
    return CachedInterpreter(verifier, cache) if isinstance(verifier, Interpreter) else Cached(verifier, cache)


def _digest(name: str, claim: Claim) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    for part in (name, claim.problem.domain, claim.problem.statement, *claim.path, claim.text):
        data = part.encode(errors="surrogatepass")
        found.update(len(data).to_bytes(8))
        found.update(data)
    return found.digest()
