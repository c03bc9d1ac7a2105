"""What is looked at before an export, so that a mistake costs one line and not an hour.

The debates are not compiled here; only what tells whether it is worth beginning is read.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from longthought.agents.catalogue import dialect_of
from longthought.agents.dialects.thinkers import VOICES, Thinker
from longthought.errors import ConfigError
from longthought.labels.job import started_with
from longthought.labels.label import LabelBook
from longthought.thoughts.walks import Walk
from longthought.training.data.annotated import RunAnnotations
from longthought.training.data.contamination import TestSets, problem_key
from longthought.training.data.formats import TWINS, Format, RowMaker, shape
from longthought.training.data.masks import training_template
from longthought.training.data.rewrites import fingerprint
from longthought.training.data.rows import RowOrigin, Ruler, TokenRuler, WordRuler
from longthought.training.data.settings import Exported, ExportSettings
from longthought.training.data.suitability import expect_debate_prompts
from longthought.training.data.thinker_rows import Telling, told_twins
from longthought.training.data.writer import expect_parquet
from longthought.trajectories.run import Run


def expect_sound(settings: ExportSettings) -> None:
    """Raise if the settings make no sense together.

    Raises:
        ConfigError: naming what is wrong.

    """
    formats = settings.formats
    if not formats:
        raise ConfigError(f"--format: choose from {', '.join(Format)}")
    shapes = {shape(wanted) for wanted in formats}
    if len(shapes) > 1:
        raise ConfigError(f"--format {','.join(formats)}: their columns differ; export them into folders of their own")
    if TWINS.issuperset(formats) and len(formats) > 1 and settings.match == "tokens":
        raise ConfigError("--match tokens is for one of the twins at a time: export each into a folder of its own")
    if settings.match not in ("examples", "tokens"):
        raise ConfigError(f"--match {settings.match}: choose examples or tokens")
    if settings.match == "tokens" and not TWINS.issuperset(formats):
        raise ConfigError(f"--match tokens: only {' and '.join(sorted(TWINS))} are twins; leave it out")
    if settings.walk is Walk.SHORTCUT:
        raise ConfigError("--walk shortcut: that is the format sft-shortcut; choose depth_first or chronological")
    expect_share(settings.validation)
    if settings.pairs < 1:
        raise ConfigError(f"--pairs {settings.pairs}: must be at least 1")
    if settings.mix and (any(s <= 0 for s in settings.mix.values()) or abs(sum(settings.mix.values()) - 1) > 1e-6):
        raise ConfigError("--mix: shares must be above 0 and add up to 1, such as sft-journey=0.7,sft-shortcut=0.3")
    if settings.rewritten and Format.JOURNEY not in formats:
        raise ConfigError(f"--rewritten: only {Format.JOURNEY} has rewrites; leave it out, or take that format")
    if settings.parquet:
        expect_parquet()


def expect_share(validation: float) -> None:
    """Raise unless a share of the problems can be put aside for validation, and some are left to train on.

    Raises:
        ConfigError: if it is no such share.

    """
    if not 0 <= validation < 1:
        raise ConfigError(f"--validation {validation:g}: give a share from 0 to less than 1, such as 0.05")


def expect_mixable(settings: ExportSettings, runs: Mapping[str, Run]) -> None:
    """Raise if shares are asked of formats that are not exported.

    Raises:
        ConfigError: naming them.

    """
    if set(settings.mix) <= set(runs):
        return
    if missing := [name for name in settings.mix if name in list(Format) and name not in settings.formats]:
        wanted = ",".join([*settings.formats, *missing])
        raise ConfigError(f"--mix {missing[0]}: is no part of this export; say --format {wanted}")


def run_name(path: str | Path, runs: Sequence[str | Path]) -> str:
    """Name a run by its folder, or by its whole path where two folders have one name."""
    path = Path(path)
    alike = {Path(other).resolve() for other in runs if Path(other).resolve().name == path.resolve().name}
    return path.resolve().name if len(alike) < 2 else str(path)


def prepared(
    runs: Mapping[str, Run], out: Path, settings: ExportSettings, test_sets: TestSets, command: str
) -> tuple[Exported, RowMaker]:
    """Settle dialect, lengths and role.

    Raises:
        UserError: if the runs don't agree on a dialect, their agents were asked otherwise than in a debate, or the
            tokenizer is not fit to train with.

    """
    first = settings.formats[0]
    spoken: dict[str, str] = {}
    thinkers = set[str]()
    for name, run in runs.items():
        agents = started_with(run)
        chair = "critic" if first in (Format.CRITIC, Format.DPO_CRITIC) else "policy"
        dialect = dialect_of(str(agents.get(chair)), settings.dialect or agents.get("dialect"))
        if isinstance(dialect, Thinker):
            thinkers.add(name)
        spoken[name] = dialect.thought_voice.name if isinstance(dialect, Thinker) else dialect.name
    if len(set(spoken.values())) > 1:
        said = ", ".join(f"{name} in {dialect}" for name, dialect in spoken.items())
        raise ConfigError(f"the runs speak several dialects ({said}): name one with --dialect, or export them apart")
    dialect = dialect_of("", next(iter(spoken.values())))
    if settings.rewritten and dialect.name != "prose":
        raise ConfigError(f"--rewritten: rewrites are in prose, and this is in {dialect.name}; take --dialect prose")
    for name, run in runs.items():
        for wanted in settings.formats:
            if wanted is Format.DPO_POLICY and settings.samples:
                continue
            if name in thinkers:
                raise ConfigError(
                    f"--format {wanted}: in {name} a thinker wrote whole thoughts, which are not taken apart into "
                    "steps; export dpo-policy with --pair-by samples from it"
                )
            expect_debate_prompts(name, started_with(run), wanted, dialect.name)
    ruler = _ruler(settings, dialect.name)
    telling = Telling(VOICES[dialect.name], settings.walk, settings.wrong, settings.seed, frozenset(thinkers))
    maker = RowMaker(dialect, telling, ruler, settings.samples)
    roles = sorted({maker.role(wanted) for wanted in settings.formats})
    if len(roles) > 1:
        raise ConfigError(
            f"--format {','.join(settings.formats)}: these teach {' and '.join(roles)}; export them into folders of "
            "their own"
        )
    made = Exported(out, settings, roles[0], shape(first), dialect.name, ruler.unit)
    made.test_sets, made.command = test_sets.sizes, command
    return made, maker


def _ruler(settings: ExportSettings, dialect: str) -> Ruler:
    if settings.tokenizer is not None:
        tokens = TokenRuler(settings.tokenizer)
        if settings.formats[0] is not Format.STEP_LABELS:
            training_template(tokens.tokenizer, settings.tokenizer)
        return tokens
    if dialect == "compact":
        return WordRuler("tokens")
    if settings.match == "tokens":
        raise ConfigError("--match tokens: name the model that is to be trained with --tokenizer, to count its tokens")
    return WordRuler()


def expect_lessons(runs: Mapping[str, Run], settings: ExportSettings) -> None:
    """Raise unless each run has a debate that something can be learned from: solved, or with labels.

    Raises:
        ConfigError: naming the run that has none.

    """
    for name, run in runs.items():
        book = LabelBook(run.path)
        if _labelled(book, settings):
            continue
        failed = 0
        for debate in run.graded_ids():
            solved = run.trajectory(debate).solved
            if solved:
                break
            failed += solved is False
        else:
            raise ConfigError(
                f"{name}: none of its {len(run):,} debates is graded as solved ({failed:,} failed, "
                f"{len(run) - failed:,} not graded) and no labels say more, so there is nothing to learn from: "
                f"generate more, or label its steps first with `longthought label {run.path}`"
            )


def expect_rewrites(runs: Mapping[str, Run], settings: ExportSettings, telling: Telling) -> None:
    """Raise unless each run has a rewrite of a journey as it is told now.

    Raises:
        ConfigError: naming the run that has none, and the command that makes some.

    """
    for name, run in runs.items():
        annotations = RunAnnotations(run.path, rewritten=True)
        if not any(_stands(run, debate, annotations, telling) for debate in run.ids()[: settings.limit]):
            wrong = -1 if settings.wrong is None else settings.wrong
            count = len(annotations.rewrites or ())
            told = f"--walk {settings.walk} --wrong {wrong} --seed {settings.seed}"
            have = f"none of its {count:,} rewrites is an accepted one of a journey told now with {told}"
            raise ConfigError(
                f"--rewritten: {name}: {have if count else 'there are no rewrites yet'}; make some with "
                f"`longthought rewrite {run.path} --model PROVIDER:MODEL {told}`, or leave it out"
            )


def _stands(run: Run, debate: str, annotations: RunAnnotations, telling: Telling) -> bool:
    """Say whether an accepted rewrite fits what a debate is told as."""
    if annotations.rewrites is None or debate not in annotations.rewrites:
        return False
    annotated = annotations.annotate(run.trajectory(debate), RowOrigin("", "", debate, 0))
    told = told_twins(annotated, telling, Counter()) if annotated.rewrites else None
    return told is not None and fingerprint(told[0].text) in (annotated.rewrites or ())


def _labelled(book: LabelBook, settings: ExportSettings) -> bool:
    """Say whether labels alone can teach: any will do for those who judge, the others need something to follow."""
    judges = {Format.CRITIC, Format.DPO_CRITIC, Format.STEP_LABELS}.issuperset(settings.formats)
    labels = (label for debate in book.trajectories() for label in book.of(debate).values())
    return any(label.live or (judges and label.live is False) for label in labels)


def expect_apart(runs: Mapping[str, Run], aside: Run) -> None:
    """Raise if a problem of the validation run stands in another one.

    Raises:
        ConfigError: naming the run and a debate.

    """
    held = {problem_key(aside.problem(name)): name for name in aside.ids()}
    for run in runs.values():
        both = [name for name in run.ids() if problem_key(run.problem(name)) in held]
        if both:
            raise ConfigError(
                f"--validation {aside.path}: overlaps with {run.path}: {len(both):,} of its debates are on the same "
                f"problems, such as {both[0]!r}; validate on other problems, or give a share such as 0.05"
            )
