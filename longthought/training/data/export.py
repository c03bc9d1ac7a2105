"""From run folders to a data set: debates are read one at a time, and what is chosen of their rows is written.

Everything that can be refused is refused before the first debate is compiled. The data set is written beside its place
and moved there when it is whole, so a stopped export leaves nothing that could be taken for one.
"""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from longthought.agents.catalogue import dialect_of
from longthought.agents.voices import VOICES
from longthought.errors import ConfigError, ProblemError
from longthought.problems.problem import Record
from longthought.training.data import card
from longthought.training.data.contamination import SPLIT, TestSets, problem_key
from longthought.training.data.files import expect_parquet, write_rows
from longthought.training.data.filters import Filters
from longthought.training.data.formats import PAIRED, TWINS, Format, Maker, shape
from longthought.training.data.labelling import started_with
from longthought.training.data.labels import LabelBook
from longthought.training.data.masks import training_template
from longthought.training.data.rows import Candidate, Ruler, Source, Tokens, Words
from longthought.training.data.shelf import Shelf
from longthought.training.data.thoughts import Telling
from longthought.training.data.turns import Known
from longthought.trajectories.run import Run
from longthought.trajectories.walks import Walk

DATA_SCHEMA: Final = 1
SIDES: Final = ("train", "validation")


class Settings(Record):
    """Everything that decides what is exported."""

    formats: tuple[Format, ...]
    dialect: str | None = None
    """`prose` or `compact`; by default what the run's agents spoke."""
    tokenizer: str | None = None
    """A model to measure lengths by, whose chat template is looked at; by default compact words, or words of prose."""
    filters: Filters = Filters()
    against: tuple[str, ...] = (SPLIT,)
    """Test sets whose problems are left out."""
    mix: Mapping[str, float] = Field(default_factory=dict[str, float])
    """Shares of formats, of runs or of kinds of rows, which add up to 1."""
    match: str = "examples"
    """How twins match: `examples` or `tokens`."""
    walk: Walk = Walk.DEPTH_FIRST
    wrong: int | None = 3
    samples: bool = False
    """Whether `dpo-policy` pairs whole debates instead of steps."""
    pairs: int = 2
    """Good and bad replies to one prompt at most."""
    validation: float = 0.05
    """Share of the problems that is put aside."""
    validation_run: str | None = None
    """A run that is the validation set, instead."""
    seed: int = 0
    limit: int | None = None
    """Debates of a run at most."""
    parquet: bool = False


@dataclass
class Exported:
    """What was made, for the card and for whoever asked."""

    out: Path
    settings: Settings
    role: str
    shape: str
    dialect: str
    unit: str
    counts: dict[str, int] = field(default_factory=dict[str, int])
    """Rows by side."""
    debates: Counter[str] = field(default_factory=Counter[str])
    """Debates read, by run."""
    left_out: Counter[str] = field(default_factory=Counter[str])
    """Debates and rows left out, by reason."""
    test_sets: Mapping[str, int] = field(default_factory=dict[str, int])
    command: str = ""

    def meta(self) -> dict[str, Any]:
        """Return what `meta.json` holds."""
        return {
            "schema_version": DATA_SCHEMA, "format": "+".join(self.settings.formats), "shape": self.shape,
            "dialect": self.dialect, "role": self.role, "counts": self.counts, "unit": self.unit,
            "runs": dict(self.debates), "left_out": dict(self.left_out), "command": self.command,
            "settings": self.settings.model_dump(mode="json"),
        }  # fmt: skip


def export(runs: Sequence[str | Path], out: str | Path, settings: Settings, *, command: str = "") -> Exported:
    """Write a data set made of the debates of some runs.

    Args:
        runs: Run folders.
        out: The folder of the data set; it must be new or empty.
        settings: What to export.
        command: How to do it again, for the card.

    Raises:
        UserError: if the settings make no sense, a run can't be read or teaches nothing, or `out` holds other data.

    """
    out = Path(out)
    _expect_sound(settings)
    _expect_empty(out)
    opened = {_name(path, runs): Run(path) for path in dict.fromkeys(map(Path, runs))}
    aside = Run(settings.validation_run) if settings.validation_run else None
    test_sets = TestSets(settings.against)
    made, maker = _prepared(opened, out, settings, test_sets, command)
    _expect_lessons(opened, settings)
    if aside is not None:
        _expect_apart(opened, aside)
        opened[f"{_name(aside.path, [])} (validation)"] = aside
    out.parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        shelf = Shelf(place / "rows.sqlite", settings.seed)
        try:
            _fill(shelf, opened, aside, maker, test_sets, made)
            _choose(shelf, maker, made)
            _write(shelf, place, made)
        finally:
            shelf.close()
        (place / "rows.sqlite").unlink()
        place.chmod(0o755)
        if out.exists():
            out.rmdir()
        place.rename(out)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return made


# Before anything is read.


def _expect_sound(settings: Settings) -> None:
    formats = settings.formats
    if not formats:
        raise ConfigError(f"--format: choose from {', '.join(Format)}")
    shapes = {shape(format): format for format in formats}
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
    if not 0 <= settings.validation < 1:
        raise ConfigError(f"--validation {settings.validation:g}: give a share from 0 to 1, such as 0.05, or a run")
    if settings.pairs < 1:
        raise ConfigError(f"--pairs {settings.pairs}: must be at least 1")
    if settings.mix and (any(s <= 0 for s in settings.mix.values()) or abs(sum(settings.mix.values()) - 1) > 1e-6):
        raise ConfigError("--mix: shares must be above 0 and add up to 1, such as sft-journey=0.7,sft-shortcut=0.3")
    if settings.parquet:
        expect_parquet()


def _expect_empty(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"--out {out}: holds other data; choose another folder, or remove it")


def _name(path: str | Path, runs: Sequence[str | Path]) -> str:
    """Name a run by its folder, or by its whole path where two folders have one name."""
    path = Path(path)
    alike = {Path(other).resolve() for other in runs if Path(other).resolve().name == path.resolve().name}
    return path.resolve().name if len(alike) < 2 else str(path)


def _prepared(
    runs: Mapping[str, Run], out: Path, settings: Settings, test_sets: TestSets, command: str
) -> tuple[Exported, Maker]:
    """Settle dialect, lengths and role."""
    first = settings.formats[0]
    spoken: dict[str, str] = {}
    for name, run in runs.items():
        agents = started_with(run)
        chair = "critic" if first in (Format.CRITIC, Format.DPO_CRITIC) else "policy"
        spoken[name] = dialect_of(str(agents.get(chair)), settings.dialect or agents.get("dialect")).name
    if len(set(spoken.values())) > 1:
        said = ", ".join(f"{name} in {dialect}" for name, dialect in spoken.items())
        raise ConfigError(f"the runs speak several dialects ({said}): name one with --dialect, or export them apart")
    dialect = dialect_of("", next(iter(spoken.values())))
    ruler = _ruler(settings, dialect.name)
    telling = Telling(VOICES[dialect.name], settings.walk, settings.wrong, settings.seed)
    maker = Maker(dialect, telling, ruler, settings.samples)
    roles = {maker.role(format) for format in settings.formats}
    made = Exported(out, settings, "+".join(sorted(roles)), shape(first), dialect.name, ruler.unit)
    made.test_sets, made.command = test_sets.sizes, command
    return made, maker


def _ruler(settings: Settings, dialect: str) -> Ruler:
    if settings.tokenizer is not None:
        tokens = Tokens(settings.tokenizer)
        if settings.formats[0] is not Format.STEP_LABELS:
            training_template(tokens.tokenizer, settings.tokenizer)
        return tokens
    if dialect == "compact":
        return Words("tokens")
    if settings.match == "tokens":
        raise ConfigError("--match tokens: name the model that is to be trained with --tokenizer, to count its tokens")
    return Words()


def _expect_lessons(runs: Mapping[str, Run], settings: Settings) -> None:
    """Raise unless each run has a debate that something can be learned from: solved, or with labels."""
    for name, run in runs.items():
        book = LabelBook(run.path)
        if any(label.live for debate in book.trajectories() for label in book.of(debate).values()):
            continue
        graded = Counter(run.trajectory(debate).solved for debate in _until_solved(run))
        if not graded[True]:
            raise ConfigError(
                f"{name}: none of its {len(run):,} debates is graded as solved ({graded[False]:,} failed, "
                f"{len(run) - graded[False]:,} not graded) and none has labels, so there is nothing to learn from: "
                f"generate more, or label its steps first with `longthought label {run.path}`"
            )


def _until_solved(run: Run) -> Iterator[str]:
    for name in run.graded_ids():
        yield name
        if run.trajectory(name).solved:
            return


def _expect_apart(runs: Mapping[str, Run], aside: Run) -> None:
    """Raise if a problem of the validation run stands in another one."""
    held = {problem_key(aside.problem(name)): name for name in aside.ids()}
    for run in runs.values():
        both = [name for name in run.ids() if problem_key(run.problem(name)) in held]
        if both:
            raise ConfigError(
                f"--validation {aside.path}: overlaps with {run.path}: {len(both):,} of its debates are on the same "
                f"problems, such as {both[0]!r}; validate on other problems, or give a share such as 0.05"
            )


# Reading.


def _fill(
    shelf: Shelf, runs: Mapping[str, Run], aside: Run | None, maker: Maker, test_sets: TestSets, made: Exported
) -> None:
    for name, run in runs.items():
        book = LabelBook(run.path)
        for debate in run.ids()[: made.settings.limit]:
            made.debates[name] += 1
            known = _known(run, name, debate, book, run is aside, test_sets, made)
            if known is not None:
                _make(shelf, known, maker, made)


def _known(
    run: Run, name: str, debate: str, book: LabelBook, validation: bool, test_sets: TestSets, made: Exported
) -> Known | None:
    """Read a debate, if its problem and the filters allow it."""
    problem = run.problem(debate)
    if objection := test_sets.objection(problem, validation=validation):
        made.left_out[objection] += 1
        return None
    source = Source(name, problem_key(problem), problem.id, debate, 0, validation)
    known = Known.of(run.trajectory(debate), book.of(debate), source)
    if objection := made.settings.filters.objection(known.trajectory, known.lives):
        made.left_out[objection] += 1
        return None
    return known


def _make(shelf: Shelf, known: Known, maker: Maker, made: Exported) -> None:
    longest = made.settings.filters.max_length
    for format in made.settings.formats:
        for row in maker.rows(format, known, made.left_out):
            if isinstance(row, Candidate):
                shelf.offer(row)
            elif longest is not None and row.total > longest:
                made.left_out[f"longer than {longest:,} {made.unit}"] += 1
            elif not shelf.add(row):
                made.left_out["the same as another row"] += 1


def _choose(shelf: Shelf, maker: Maker, made: Exported) -> None:
    settings = made.settings
    if PAIRED.intersection(settings.formats):
        alone, long = shelf.pair(settings.pairs, maker.ruler, settings.filters.max_length)
        made.left_out["a prompt without both a good and a bad reply"] += alone
        made.left_out[f"longer than {settings.filters.max_length} {made.unit}"] += long
    before = shelf.size()
    if settings.mix and before:
        shelf.mix(settings.mix)
    if settings.match == "tokens":
        shelf.match_tokens()
    made.left_out["beyond the mix or the match"] += before - shelf.size()
    shelf.split(0.0 if settings.validation_run else settings.validation)
    made.left_out = +made.left_out
    if not shelf.size(validation=False):
        reasons = "; ".join(f"{count:,} {reason}" for reason, count in made.left_out.most_common(4))
        raise ProblemError(
            f"there is nothing to train on in {sum(made.debates.values()):,} debates ({reasons or 'no rows'}): "
            "generate or label more, or ask for less"
        )
    if both := shelf.overlap():
        raise AssertionError(f"problems on both sides: {', '.join(both)}")


def _write(shelf: Shelf, place: Path, made: Exported) -> None:
    for side in SIDES:
        validation = side == "validation"
        if shelf.size(validation=validation):
            rows = shelf.bodies(validation=validation)
            made.counts[side] = write_rows(place, side, rows, parquet=made.settings.parquet)
    (place / "meta.json").write_text(json.dumps(made.meta(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (place / "README.md").write_text(card.card(made, shelf), encoding="utf-8")
