"""The cache before the tools: by content, bounded, and without unavailable evidence."""

from collections.abc import Sequence

from longthought.problems.problem import Problem
from longthought.tools.cache import Cache, cached
from longthought.tools.verifier import Claim, Interpreter
from longthought.trajectories.events import Evidence, EvidenceStatus

PROBLEM = Problem(id="p", statement="What is 1 + 1?")


class Counting:
    """A verifier that counts its checks."""

    name = "counting"

    def __init__(self, status: EvidenceStatus = EvidenceStatus.CONFIRMED) -> None:
        self.status, self.checks = status, 0

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        return [Claim(step, (0, len(step)), problem, tuple(path))]

    async def check(self, claim: Claim) -> Evidence:
        self.checks += 1
        return Evidence(
            tool=self.name, status=self.status, claim=claim.text, detail=f"{self.checks}", span=claim.span, seconds=2.0
        )


class Printing(Counting):
    async def observe(self, claim: Claim) -> tuple[Evidence, str]:
        return await self.check(claim), f"printed {self.checks}"


def claim(text: str = "1 + 1 = 2", path: tuple[str, ...] = (), at: int = 0, problem: Problem = PROBLEM) -> Claim:
    return Claim(text, (at, at + len(text)), problem, path)


async def test_the_same_claim_is_checked_once_and_stands_where_it_stands() -> None:
    inner = Counting()
    verifier = cached(inner, Cache())
    first, again = await verifier.check(claim()), await verifier.check(claim(at=7))
    assert inner.checks == 1
    assert (first.detail, again.detail, again.status) == ("1", "1", EvidenceStatus.CONFIRMED)
    assert (first.span, again.span) == ((0, 9), (7, 16))
    assert (first.seconds, again.seconds) == (2.0, 0.0)
    assert not isinstance(verifier, Interpreter)


async def test_another_path_problem_text_or_tool_is_another_claim() -> None:
    inner, cache = Counting(), Cache()
    verifier = cached(inner, cache)
    other = Problem(id="q", statement="What is 1 + 2?")
    for each in (claim(), claim("1 + 1 = 3"), claim(path=("x = 1",)), claim(path=("x", " = 1")), claim(problem=other)):
        await verifier.check(each)
    assert inner.checks == 5
    another = Counting()
    another.name = "another"
    await cached(another, cache).check(claim())
    assert another.checks == 1


async def test_what_could_not_be_found_out_is_tried_again() -> None:
    inner = Counting(EvidenceStatus.UNAVAILABLE)
    verifier = cached(inner, Cache())
    await verifier.check(claim())
    await verifier.check(claim())
    assert inner.checks == 2


async def test_it_is_bounded_and_gives_up_the_least_recently_used() -> None:
    inner = Counting()
    verifier = cached(inner, Cache(size=2))
    for text in ("a", "b", "a", "c", "a", "b"):
        await verifier.check(claim(text))
    assert inner.checks == 4  # a, b, c, and b again


async def test_what_code_printed_is_remembered_with_the_evidence() -> None:
    inner = Printing()
    verifier = cached(inner, Cache())
    assert isinstance(verifier, Interpreter)
    assert (await verifier.observe(claim()))[1] == "printed 1"
    assert (await verifier.observe(claim("\ud800")))[1] == "printed 2"
    assert (await verifier.observe(claim()))[1] == "printed 1"
