"""The verifier: it finds the links of a step and checks them by exact arithmetic first, then by sympy in a worker.

Precision comes before recall, since a false alarm costs a good path. So a link that is false on a plain reading is
refuted only if no other reading is known, and equations to solve, definitions and loose wording are left alone.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from longthought.problems.problem import Problem
from longthought.tools.algebra import symbolic
from longthought.tools.algebra.assignments import assigned, assigns
from longthought.tools.algebra.judgement import Finding, abstained, judge, judge_by_comparison
from longthought.tools.algebra.links import Link, read, variables
from longthought.tools.algebra.statements import statements
from longthought.tools.verifier import Claim
from longthought.tools.workers import WorkerCrashed, Workers, WorkerTimeout
from longthought.trajectories.events import Evidence, EvidenceStatus

SECONDS: Final = 5.0
MEMORY_MB: Final = 1024
_SYMPY: Final = Workers("longthought.tools.algebra.symbolic:compare", size=1, seconds=SECONDS, memory_mb=MEMORY_MB)
"""One process shared by all verifiers, started by the first link that needs it."""

Values = tuple[tuple[str, Fraction], ...]


class Algebra:
    """Checks equalities, inequalities and identities exactly."""

    name = "algebra"

    def __init__(self, workers: Workers | None = None) -> None:
        """Use these workers for links that exact arithmetic can't decide; by default one process shared by all."""
        self._workers = workers or _SYMPY

    def claims(self, problem: Problem, path: Sequence[str], step: str) -> list[Claim]:
        """Find the links of a step that can be checked, each with its quote."""
        claims: list[Claim] = []
        for statement in statements(step, problem.statement):
            finding = judge(statement.text)
            if finding is None and path:
                finding = judge(statement.text, _values(statement.text, path, step))
            if finding and (finding.status is EvidenceStatus.CONFIRMED or not statement.hedged):
                claims.append(Claim(statement.text, (statement.start, statement.end), problem, tuple(path)))
        return claims

    async def check(self, claim: Claim) -> Evidence:
        """Judge one link."""
        finding = judge(claim.text)
        if finding is None and claim.path:
            finding = judge(claim.text, _values(claim.text, claim.path))
        if finding is None:
            finding = abstained("nothing that can be computed")
        elif finding.status is None:
            link = read(claim.text)
            finding = await self._judge_by_sympy(link) if link else abstained("nothing that can be computed")
        status = finding.status or EvidenceStatus.ABSTAINED
        return Evidence(tool=self.name, status=status, claim=claim.text, detail=finding.detail, span=claim.span)

    async def _judge_by_sympy(self, link: Link) -> Finding:
        """Judge a link by letting sympy compare its sides."""
        try:
            answer = await self._workers.call(symbolic.encode(link.left.tree), symbolic.encode(link.right.tree))
        except WorkerTimeout:
            return abstained(f"sympy needs more than {SECONDS:g} s")
        except WorkerCrashed as error:
            return abstained(f"sympy can't tell: {error}")
        return judge_by_comparison(link, *answer)


def _values(text: str, path: Sequence[str], step: str | None = None) -> Values:
    """Return the values that the path gives to the variables of a link; none if the step itself assigns them."""
    names = variables(text)
    if not names or any(stands_alone for stands_alone in names.values()):
        return ()
    if step is not None and any(assigns(step, name) for name in names):
        return ()
    values = assigned(path, frozenset(names))
    return values if len(values) == len(names) else ()
