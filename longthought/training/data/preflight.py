"""Checks before an export, so that a mistake costs one line and not an hour.

Debates are not compiled here; only what the checks need is read.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from longthought.agents.catalogue import dialect_of
from longthought.agents.dialects.dialect import Dialect
from longthought.agents.dialects.prose import Prose
from longthought.agents.dialects.thinkers import VOICES, Thinker
from longthought.errors import ConfigError, ProblemError
from longthought.graphs import catalogue as graphs
from longthought.labels.job import started_with
from longthought.labels.label import LabelBook
from longthought.training.chat_template import expect_exportable
from longthought.training.data.annotated import RunAnnotations
from longthought.training.data.contamination import TestSets, problem_key
from longthought.training.data.formats import SCORED, TWINS, RowMaker, shape
from longthought.training.data.report import ExportReport
from longthought.training.data.request import ExportRequest, Format
from longthought.training.data.rewrites import fingerprint
from longthought.training.data.rows import RowOrigin, Ruler, TokenRuler, WordRuler
from longthought.training.data.suitability import expect_debate_prompts
from longthought.training.data.thinker_rows import Telling, told_twins
from longthought.training.data.writer import expect_parquet
from longthought.trajectories.run import Run


def expect_sound(request: ExportRequest) -> None:
    """Raise if the fields of a request contradict each other.

    Raises:
        ConfigError: naming the fields.

    """
    formats = request.formats
    if len({shape(wanted) for wanted in formats}) > 1:
        raise ConfigError(
            f"`formats` {','.join(formats)} have different columns; export each shape into a folder of its own"
        )
    if request.match == "tokens":
        if not TWINS.issuperset(formats):
            raise ConfigError(f"`match=tokens` is for twins, {' and '.join(sorted(TWINS))}; leave it out")
        if len(formats) > 1:
            raise ConfigError("`match=tokens` is for one of the twins at a time; export each into a folder of its own")
    if request.from_tools and not {Format.POLICY, Format.CRITIC} & set(formats):
        raise ConfigError(
            f"`from_tools` is for {Format.POLICY} and {Format.CRITIC}; leave it out, or export one of them"
        )
    if request.rewritten and Format.JOURNEY not in formats:
        raise ConfigError(f"`rewritten` is for {Format.JOURNEY} alone; leave it out, or export that format")
    if request.parquet:
        expect_parquet()


def expect_mixable(request: ExportRequest, runs: Mapping[str, Run]) -> None:
    """Raise if the mix has shares of formats that are not exported.

    Raises:
        ConfigError: naming them.

    """
    if set(request.mix) <= set(runs):
        return
    if missing := [name for name in request.mix if name in list(Format) and name not in request.formats]:
        wanted = ",".join([*request.formats, *missing])
        raise ConfigError(
            f"`mix` has a share of {missing[0]}, which is no part of this export; give `formats={wanted}`"
        )


def run_name(path: str | Path, runs: Sequence[str | Path]) -> str:
    """Name a run by its folder, or by its whole path where two folders have one name."""
    path = Path(path)
    alike = {Path(other).resolve() for other in runs if Path(other).resolve().name == path.resolve().name}
    return path.resolve().name if len(alike) < 2 else str(path)


def prepared(
    runs: Mapping[str, Run], out: Path, request: ExportRequest, test_sets: TestSets, command: str
) -> tuple[ExportReport, RowMaker]:
    """Decide the dialect, the unit of lengths and the role of an export.

    Raises:
        UserError: if the runs don't agree on a dialect, their agents got other prompts than in a debate, or the
            tokenizer can't be trained with.

    """
    first = request.formats[0]
    spoken: dict[str, str] = {}
    thinkers = set[str]()
    for name, run in runs.items():
        agents = started_with(run)
        chair = "critic" if first in (Format.CRITIC, Format.DPO_CRITIC) else "policy"
        said = agents.get(f"{chair}_dialect") or agents.get("dialect")
        own = dialect_of(str(agents.get(chair)), said)
        dialect = own if request.dialect is None else dialect_of("", request.dialect)
        spoken[name] = dialect.thought_voice.name if isinstance(dialect, Thinker) else dialect.name
        if isinstance(own, Thinker):
            thinkers.add(name)
            if spoken[name] != own.thought_voice.name:
                raise ConfigError(
                    f"`dialect` {request.dialect}: in {name} a thinker wrote whole thoughts in "
                    f"{own.thought_voice.name}, which are not told in other words"
                )
    if len(set(spoken.values())) > 1:
        dialects = ", ".join(f"{name} in {dialect}" for name, dialect in spoken.items())
        raise ConfigError(f"the runs speak several dialects ({dialects}): give `dialect`, or export them apart")
    dialect = dialect_of("", next(iter(spoken.values())))
    if request.rewritten and dialect.name != "prose":
        raise ConfigError(f"`rewritten` is for prose, and this is in {dialect.name}; give `dialect=prose`")
    for name, run in runs.items():
        for wanted in request.formats:
            if wanted is Format.DPO_POLICY and request.pair_by == "samples":
                continue
            if wanted is Format.JOURNEY and name in thinkers:
                continue
            if name in thinkers:
                raise ConfigError(
                    f"`formats` {wanted}: in {name} a thinker wrote whole thoughts, which are not taken apart into "
                    "steps; export sft-journey, or dpo-policy with `pair_by=samples`, from it"
                )
            expect_debate_prompts(name, started_with(run), wanted, dialect.name)
    ruler = _ruler(request, dialect.name)
    telling = Telling(
        VOICES.get(dialect.name, VOICES["prose"]), request.walk, request.wrong, request.seed, frozenset(thinkers)
    )
    maker = RowMaker(dialect, telling, ruler, request.pair_by, request.from_tools)
    roles = sorted({maker.role(wanted) for wanted in request.formats})
    if len(roles) > 1:
        raise ConfigError(
            f"`formats` {','.join(request.formats)} teach {' and '.join(roles)}; export them into folders of their own"
        )
    made = ExportReport(out, request, roles[0], shape(first), dialect.name, ruler.unit)
    made.test_sets, made.command = test_sets.sizes, command
    return made, maker


def as_asked(runs: Mapping[str, Run], request: ExportRequest, maker: RowMaker) -> RowMaker:
    """Return a maker of rows in the words in which the agents of each run were asked.

    Raises:
        UserError: if a file of texts or of examples that a run was started with can no longer be read.

    """
    chairs = {maker.role(wanted) for wanted in request.formats if wanted not in SCORED}
    worded: dict[str, Dialect] = {}
    for name, run in runs.items():
        for chair in chairs - {"thinker"}:
            started = started_with(run)
            settings = graphs.machine(str(started["graph"])).context.read(started)
            settings.expect_readable()
            prompts = settings.model("critic" if chair == "critic" else "policy").prompts
            if prompts and isinstance(maker.dialect, Prose):
                worded[name] = Prose(maker.dialect.voice.replaced(prompts))
    return replace(maker, worded=worded)


def _ruler(request: ExportRequest, dialect: str) -> Ruler:
    if request.tokenizer is not None:
        tokens = TokenRuler(request.tokenizer)
        if request.formats[0] not in SCORED:
            expect_exportable(tokens.tokenizer, request.tokenizer)
        return tokens
    if dialect == "compact":
        return WordRuler("tokens")
    if request.match == "tokens":
        raise ConfigError("`match=tokens` needs tokens to count: give `tokenizer`, the model that is to be trained")
    return WordRuler()


def expect_lessons(runs: Mapping[str, Run], request: ExportRequest) -> None:
    """Raise unless each run has a debate to learn from: a solved one, or one with labels, or any if tools confirm.

    Raises:
        ProblemError: naming the run that has none.

    """
    for name, run in () if request.from_tools else runs.items():
        book = LabelBook(run.path)
        if _labelled(book, request):
            continue
        failed = 0
        for debate in run.graded_ids():
            solved = run.trajectory(debate).solved
            if solved:
                break
            failed += solved is False
        else:
            raise ProblemError(
                f"{name}: none of its {len(run):,} debates is graded as solved ({failed:,} failed, "
                f"{len(run) - failed:,} not graded) and no labels say more, so there is nothing to learn from: "
                f"generate more, or label its steps first with `longthought label {run.path}`"
            )


def expect_rewrites(runs: Mapping[str, Run], request: ExportRequest, telling: Telling) -> None:
    """Raise unless each run has a rewrite of a journey that this export tells.

    Raises:
        ConfigError: naming a run without rewrites, and the command that makes some.

    """
    for name, run in runs.items():
        annotations = RunAnnotations(run.path, rewritten=True)
        if not any(_has_rewrite(run, debate, annotations, telling) for debate in run.ids()[: request.limit]):
            wrong = -1 if request.wrong is None else request.wrong
            count = len(annotations.rewrites or ())
            told = f"--walk {request.walk} --wrong {wrong} --seed {request.seed}"
            have = f"none of its {count:,} rewrites is an accepted one of a journey told now with {told}"
            raise ConfigError(
                f"`rewritten`: {name}: {have if count else 'there are no rewrites yet'}; make some with "
                f"`longthought rewrite {run.path} --model PROVIDER:MODEL {told}`, or leave it out"
            )


def _has_rewrite(run: Run, debate: str, annotations: RunAnnotations, telling: Telling) -> bool:
    """Say whether an accepted rewrite belongs to the journey that a debate is told as."""
    if annotations.rewrites is None or debate not in annotations.rewrites:
        return False
    annotated = annotations.annotate(run.trajectory(debate), RowOrigin("", "", debate, 0))
    told = told_twins(annotated, telling, Counter()) if annotated.rewrites else None
    return told is not None and fingerprint(told[0].text) in (annotated.rewrites or ())


def _labelled(book: LabelBook, request: ExportRequest) -> bool:
    """Say whether labels alone suffice: critics learn from any label, other roles need a step that leads on."""
    judges = {Format.CRITIC, Format.DPO_CRITIC, *SCORED}.issuperset(request.formats)
    labels = (label for debate in book.trajectories() for label in book.of(debate).values())
    return any(label.live or (judges and label.live is False) for label in labels)


def expect_apart(runs: Mapping[str, Run], aside: Run) -> None:
    """Raise if a problem of the validation run occurs in another run.

    Raises:
        ConfigError: naming the run and a debate.

    """
    held = {problem_key(aside.problem(name)): name for name in aside.ids()}
    for run in runs.values():
        both = [name for name in run.ids() if problem_key(run.problem(name)) in held]
        if both:
            raise ConfigError(
                f"`validation` {aside.path}: overlaps with {run.path}: {len(both):,} of its debates are on the same "
                f"problems, such as {both[0]!r}; validate on other problems, or give a share such as 0.05"
            )
