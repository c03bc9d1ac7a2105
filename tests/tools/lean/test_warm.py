"""The warm backend: the real lean-interact and the real sandbox around a fake REPL.

The fake answers each `#print axioms` as the REPL does, hangs at the word `hang` and dies at `crash`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from longthought.tools.lean import warm
from longthought.tools.lean.prover import prove, prove_many
from longthought.tools.lean.result import Assurance
from longthought.tools.lean.toolchain import NoLean, Toolchain
from longthought.tools.lean.warm import WarmLean
from longthought.trajectories.events import EvidenceStatus

FAKE = r"""#!/usr/bin/perl
$| = 1;
while (<STDIN>) {
  next unless /cmd/;
  while (/hang/) {}
  exit 3 if /crash/;
  my $axioms = /cheating/ ? "depends on axioms: [sorryAx]" : "does not depend on any axioms";
  my ($n, @said) = (0);
  for (split /\\n/) {
    $n++;
    next unless /^#print axioms ([\w.]+)/;
    push @said, qq({"severity": "info", "pos": {"line": $n, "column": 0}, "data": "'$1' $axioms"});
  }
  print qq({"env": 0, "messages": [), join(",", @said), "]}\n\n";
}
"""
COMM = "theorem comm (a b : Nat) : a + b = b + a"


@pytest.fixture
def lean(tmp_path: Path) -> Iterator[WarmLean]:
    binary = tmp_path / ".lake/build/bin/repl"
    binary.parent.mkdir(parents=True)
    binary.write_text(FAKE)
    binary.chmod(0o755)
    (tmp_path / "lean-toolchain").write_text("leanprover/lean4:v4.28.0")
    warm_lean = WarmLean(Toolchain(("/bin/false",), read_only=(tmp_path,), start_seconds=2.0), tmp_path)
    yield warm_lean
    warm_lean.close()


async def test_proofs_go_through_one_process(lean: WarmLean) -> None:
    results = await prove_many([(COMM, "omega"), (COMM, "sorry")], lean=lean)
    assert [result.status.value for result in results] == ["confirmed", "refuted"]
    assert results[0].assurance is Assurance.AXIOMS
    server = lean._server
    assert (await prove(COMM, "simp [cheating]", lean=lean)).status is EvidenceStatus.REFUTED
    assert lean._server is server


@pytest.mark.parametrize("word", ["hang", "crash"])
async def test_a_process_that_fails_is_replaced(lean: WarmLean, word: str) -> None:
    result = await prove(COMM, f"simp [{word}]", lean=lean, seconds=0.5)
    assert result.status is EvidenceStatus.ABSTAINED
    assert (await prove(COMM, "omega", lean=lean)).status is EvidenceStatus.CONFIRMED


def test_it_is_used_only_where_it_is_set_up(tmp_path: Path) -> None:
    cold = Toolchain(("/bin/false",))
    assert warm.find(cold, environment={}) is None
    with pytest.raises(NoLean, match="lake build"):
        warm.find(cold, environment={"LONGTHOUGHT_LEAN_REPL": str(tmp_path)})
