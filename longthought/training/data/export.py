"""Export run folders as a data set: read debates one at a time, choose among their rows, and write the chosen ones.

Mistakes are refused before the first debate is compiled, as far as they can be found by then.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from longthought.errors import ProblemError
from longthought.labels.job import started_with
from longthought.request import expect
from longthought.training.data import card
from longthought.training.data.annotated import AnnotatedDebate, RunAnnotations
from longthought.training.data.contamination import TestSets, problem_key
from longthought.training.data.filters import objection as filtered_out
from longthought.training.data.folder import SPLITS
from longthought.training.data.formats import PAIRED, RowMaker
from longthought.training.data.preflight import (
    as_asked,
    expect_apart,
    expect_lessons,
    expect_mixable,
    expect_rewrites,
    expect_sound,
    prepared,
    run_name,
)
from longthought.training.data.report import ExportReport
from longthought.training.data.request import ExportRequest, Format
from longthought.training.data.rows import RULE, PairCandidate, RowOrigin
from longthought.training.data.staging import RowStaging
from longthought.training.data.writer import new_folder, write_description, write_split
from longthought.training.destination import expect_new
from longthought.trajectories.run import Run


def export(
    runs: str | Path | Sequence[str | Path],
    out: str | Path,
    request: ExportRequest | None = None,
    *,
    command: str = "",
    **settings: Any,
) -> ExportReport:
    """Write a training data set made of the debates of one run or several.

        report = lt.export("runs/first", "data/policy", formats="policy", outcome="solved")
        print(report.counts, report.left_out)

    Args:
        runs: Run folders.
        out: The folder of the data set; it must be new or empty.
        request: The settings as one value; leave it out to give them by name.
        command: The command line, for the card.
        settings: The fields of `ExportRequest`: formats, dialect, outcome, walk, validation, ….

    Returns:
        What was written, what was left out and why.

    Raises:
        UserError: if the settings make no sense, a run can't be read or teaches nothing, `out` holds other data or
            can't be written.

    """
    runs = [runs] if isinstance(runs, str | Path) else runs
    expect("a run folder or a list of them", list, tuple, runs=runs)
    for run in runs:
        expect("a run folder or a list of them", str, Path, runs=run)
    expect("the path of a folder", str, Path, out=out)
    request, out = ExportRequest.given(request, settings), Path(out)
    expect_sound(request)
    expect_new(out)
    opened = {run_name(path, runs): Run(path) for path in dict.fromkeys(map(Path, runs))}
    expect_mixable(request, opened)
    aside = Run(request.validation) if isinstance(request.validation, Path) else None
    test_sets = TestSets(request.against)
    held_out = {} if aside is None else {f"{run_name(aside.path, [])} (validation)": aside}
    made, maker = prepared({**opened, **held_out}, out, request, test_sets, command)
    expect_lessons(opened, request)
    if request.rewritten:
        expect_rewrites(opened, request, maker.telling)
    if aside is not None:
        expect_apart(opened, aside)
    opened |= held_out
    maker = as_asked(opened, request, maker)
    with new_folder(out) as folder:
        rows = folder / "rows.sqlite"
        with closing(RowStaging(rows, request.seed)) as staging:
            _fill(staging, opened, aside, maker, test_sets, made)
            _choose(staging, maker, made)
            _write(staging, folder, made)
        rows.unlink()
    return made


# Reading.


def _fill(
    staging: RowStaging,
    runs: Mapping[str, Run],
    aside: Run | None,
    maker: RowMaker,
    test_sets: TestSets,
    made: ExportReport,
) -> None:
    for name, run in runs.items():
        annotations = RunAnnotations(run.path, rewritten=made.request.rewritten)
        graph = started_with(run).get("graph")
        for debate in run.ids()[: made.request.limit]:
            made.debates[name] += 1
            annotated = read_debate(run, name, debate, annotations, test_sets, made, validation=run is aside)
            if annotated is None:
                continue
            started = annotated.trajectory.tree.started
            if started is not None and started.config.get("graph") != graph:  # as people may have kept them
                made.left_out["of another graph than the folder's first"] += 1
                continue
            _make(staging, annotated, maker, made)


def read_debate(
    run: Run,
    name: str,
    debate: str,
    annotations: RunAnnotations,
    test_sets: TestSets,
    made: ExportReport,
    *,
    validation: bool = False,
) -> AnnotatedDebate | None:
    """Read a debate; None, with the reason counted, if its problem or the filters exclude it."""
    problem = run.problem(debate)
    if objection := test_sets.objection(problem, validation=validation):
        made.left_out[objection] += 1
        return None
    source = RowOrigin(name, problem_key(problem), debate, 0, validation)
    annotated = annotations.annotate(run.trajectory(debate), source)
    if objection := filtered_out(made.request, annotated.trajectory, annotated.lives):
        made.left_out[objection] += 1
        return None
    return annotated


def _make(staging: RowStaging, annotated: AnnotatedDebate, maker: RowMaker, made: ExportReport) -> None:
    longest = made.request.max_length
    for wanted in made.request.formats:
        for row in maker.rows(wanted, annotated, made.left_out):
            if isinstance(row, PairCandidate):
                staging.offer(row)
            elif longest is not None and row.total > longest:
                made.left_out[f"longer than {longest:,} {made.unit}"] += 1
            elif not staging.add(row):
                made.left_out["identical to another row"] += 1


def _choose(staging: RowStaging, maker: RowMaker, made: ExportReport) -> None:
    request = made.request
    if PAIRED.intersection(request.formats):
        unpaired, too_long = staging.pair(request.pairs, maker.ruler, request.max_length)
        made.left_out["without both a good and a bad reply to the prompt"] += unpaired
        made.left_out[f"longer than {request.max_length} {made.unit}"] += too_long
    before = staging.size()
    if request.mix and before:
        staging.mix(request.mix)
    if request.match == "tokens":
        staging.match_tokens()
    made.left_out["beyond the mix or the match"] += before - staging.size()
    staging.split(request.validation_share)
    made.left_out = +made.left_out
    if not staging.size(validation=False):
        reasons = "; ".join(f"{count:,} {reason}" for reason, count in made.left_out.most_common(4))
        raise ProblemError(
            f"there is nothing to train on in {sum(made.debates.values()):,} debates ({reasons or 'no rows'}): "
            f"{_next_step(request)}"
        )
    made.rewritten.update({by: count for by, count, *_ in staging.counts("writer") if by != RULE})
    if both := staging.overlap():
        raise AssertionError(f"problems on both sides: {', '.join(both)}")


def _next_step(request: ExportRequest) -> str:
    """Say what to do when no rows are left."""
    if request.pair_by == "samples":
        return (
            "a prompt pairs when some of its debates are solved and others not, so have more debates on each problem "
            "with `longthought generate --samples N`"
        )
    if Format.DPO_CRITIC in request.formats:
        return (
            "a prompt pairs when the critic was wrong there and the right verdict is known, so label the steps with "
            "`longthought label`, or have several verdicts on each step with `longthought generate --samples N` and a "
            "critic that samples"
        )
    if Format.DPO_POLICY in request.formats:
        return (
            "a prompt pairs when some steps from it are good and others bad, so have more debates on each problem "
            "with `longthought generate --samples N`, or label the steps with `longthought label`"
        )
    return "generate or label more, or ask for less"


def _write(staging: RowStaging, folder: Path, made: ExportReport) -> None:
    for split in SPLITS:
        validation = split == "validation"
        if staging.size(validation=validation):
            rows = staging.bodies(validation=validation)
            made.counts[split] = write_split(folder, split, rows, parquet=made.request.parquet)
    write_description(folder, made.meta(), card.card(made, staging))
