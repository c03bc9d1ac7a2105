"""`prove` around a fake Lean: batches, runs that stop early, bad input, and no Lean at all.

The fake is a shell script, run in the real sandbox: it answers each `#check` as Lean does, hangs at the word `hang`,
dies at `crash`, floods at `flood`. A real Lean is tested in `test_real.py` and `test_recorded.py`.
"""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from longthought.tools.lean.prover import prove, prove_many
from longthought.tools.lean.result import Assurance
from longthought.tools.lean.screen import MAX_LENGTH
from longthought.tools.lean.toolchain import Toolchain
from longthought.trajectories.events import EvidenceStatus

FAKE = r"""
IFS=; n=0
while read -r line; do
  n=$((n + 1))
  case "$line" in
    *hang*) while :; do :; done ;;
    *crash*) kill -SEGV $$ ;;
    *flood*) yes ;;
    '#check'*) echo "{\"severity\":\"information\",\"data\":\"${line#* }\",\"pos\":{\"line\":$n,\"column\":0}}" ;;
  esac
done
"""
COMM = "theorem comm (a b : Nat) : a + b = b + a"


@pytest.fixture
def fake() -> Toolchain:
    return Toolchain(("/bin/sh", "-c", FAKE), axioms=False, start_seconds=1.0)


async def test_a_batch_is_one_run_and_keeps_its_order(fake: Toolchain) -> None:
    results = await prove_many([(COMM, "omega"), (COMM, "sorry"), (COMM, "simp")], lean=fake)
    assert [result.status.value for result in results] == ["confirmed", "refuted", "confirmed"]
    assert results[0].assurance is Assurance.ELABORATED
    assert results[0].seconds == results[2].seconds > 0


@pytest.mark.parametrize(
    ("word", "reason"), [("hang", "still at it"), ("crash", "stopped before the end"), ("flood", "without end")]
)
async def test_a_case_that_stops_a_run_does_not_take_the_others_with_it(
    fake: Toolchain, word: str, reason: str
) -> None:
    cases = [(COMM, "omega"), (COMM, f"simp [{word}]"), (COMM, "simp"), (COMM, "rfl")]
    results = await prove_many(cases, lean=fake, seconds=0.1)
    assert [result.status.value for result in results] == ["confirmed", "abstained", "confirmed", "confirmed"]
    assert reason in results[1].detail


async def test_cases_with_different_preambles_do_not_share_a_run(fake: Toolchain) -> None:
    results = await prove_many([("open Nat\n" + COMM, "omega"), (COMM, "omega")], lean=fake)
    assert [result.status.value for result in results] == ["confirmed", "confirmed"]


async def test_a_cancelled_check_leaves_no_process(fake: Toolchain) -> None:
    task = asyncio.create_task(prove(COMM, "simp [hang, mark_of_this_test]", lean=fake))
    await asyncio.sleep(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await prove(COMM, "omega", lean=fake)).status is EvidenceStatus.CONFIRMED, "the next one has its turn"


async def test_a_run_sees_nothing_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    looking = Toolchain(("/bin/sh", "-c", f"ls {tmp_path} /root /etc /home; env; id"), axioms=False, start_seconds=5.0)
    result = await prove(COMM, "omega", lean=looking)
    assert result.status is EvidenceStatus.ABSTAINED
    assert "No such file" in result.detail


@pytest.mark.parametrize(
    ("proof", "status"),
    [
        ("rfl\x00", "refuted"),
        ("rfl\ud800", "refuted"),
        ("", "refuted"),
        ("   \n", "refuted"),
        ("-- nothing", "refuted"),
        ("x" * 10_000_000, "abstained"),
        ("x" * (MAX_LENGTH + 1), "abstained"),
        ("exact " + "(" * 30_000 + "rfl" + ")" * 30_000, "abstained"),
        ("(" * 100_000, "abstained"),
        ("rfl)\nend Case0\nnamespace Case0\ntheorem x : 1 = 1 := (by rfl", "refuted"),
        ("rfl\nend Case0", "refuted"),
        ("\\frac{1", "refuted"),
        (bytes(range(256)).decode("latin-1"), "refuted"),
    ],
    ids=lambda value: value[:12].encode("ascii", "replace").decode(),
)
async def test_bad_input_gets_a_clear_status_without_lean(proof: str, status: str) -> None:
    nothing = Toolchain(("/nonexistent",), start_seconds=1.0)
    result = await prove(COMM, proof, lean=nothing)
    assert result.status.value == status
    assert result.detail


@pytest.mark.parametrize(
    "statement", ["", "\x00", "\ud800", "x" * 10_000_000, "(" * 100_000, "theorem x : 1 = 1\nend Case0"]
)
async def test_a_bad_statement_is_at_fault_itself(statement: str) -> None:
    result = await prove(statement, "rfl", lean=Toolchain(("/nonexistent",)))
    assert result.at_fault == "statement"
    assert result.status is EvidenceStatus.REFUTED


async def test_without_lean_a_check_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LONGTHOUGHT_LEAN", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    result, cheat = await prove_many([(COMM, "omega"), (COMM, "sorry")])
    assert result.status is EvidenceStatus.UNAVAILABLE
    assert "elan" in result.detail
    assert cheat.status is EvidenceStatus.REFUTED, "a cheat is one without Lean too"


async def test_without_a_sandbox_nothing_runs(fake: Toolchain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = await prove(COMM, "omega", lean=fake)
    assert result.status is EvidenceStatus.UNAVAILABLE
    assert "bubblewrap" in result.detail


def test_it_works_from_one_event_loop_after_another(fake: Toolchain) -> None:
    for _ in range(2):
        assert asyncio.run(prove(COMM, "omega", lean=fake)).status is EvidenceStatus.CONFIRMED


def test_the_fake_is_a_shell_script() -> None:
    assert shutil.which("bwrap"), "install bubblewrap: apt install bubblewrap"
    assert subprocess.run(["/bin/sh", "-n", "-c", FAKE], check=False).returncode == 0
