"""How long thoughts look in a terminal: one as text coloured by what each sentence does, many as a table."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from longthought.agents.catalogue import dialect_of
from longthought.agents.dialects.thinkers import VOICES, Thinker
from longthought.domains.catalogue import domain_of
from longthought.errors import ConfigError
from longthought.labels.label import LabelBook
from longthought.labels.outcomes import lives
from longthought.thoughts.moves import Factor
from longthought.thoughts.statistics import KEYWORDS, ThoughtStatistics
from longthought.thoughts.thought import LongThought
from longthought.thoughts.walks import Walk, right_end
from longthought.training.data.thinker_rows import Telling, failure_reasons
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory

STYLE: Final = {
    Factor.STEP: "bold",
    Factor.ALTERNATIVE: "bold",
    Factor.COMBINATION: "bold",
    Factor.REFUTATION: "red",
    Factor.FAILURE: "red",
    Factor.RETURN: "red dim",
    Factor.DOUBT: "yellow",
    Factor.REFLECTION: "yellow",
    Factor.APPROVAL: "green",
    Factor.CHECK: "green",
    Factor.ANSWER: "bold cyan",
}
"""Styles of sentences by what they do; all others are plain."""


class ThoughtTeller:
    """Tells the debates of a run as its data sets do, with the labels of the run."""

    def __init__(self, run: Run, walk: str, wrong: int | None, seed: int, voice: str) -> None:
        """Open the labels.

        Raises:
            ConfigError: if there is no such walk, or a thinker wrote the thoughts itself.
            RunFolderError: if the labels can't be read.

        """
        if walk not in list(Walk):
            raise ConfigError(f"--walk {walk}: choose from {', '.join(Walk)}")
        first = next(run.trajectories(), None)
        started = None if first is None else first.tree.started
        if started is not None and isinstance(
            dialect_of(str(started.config.get("policy")), started.config.get("dialect")), Thinker
        ):
            raise ConfigError(f"{run.path}: a thinker wrote whole thoughts in it, as `longthought show` shows them")
        self.run, self._labels = run, LabelBook(run.path)
        self._telling = Telling(VOICES[voice], Walk(walk), wrong, seed)

    def __call__(self, trajectory: Trajectory) -> LongThought:
        """Tell a debate as a long thought.

        Raises:
            ConfigError: if the debate can't be told in this voice, or has no right answer and the walk needs one.

        """
        labels = self._labels.of(trajectory.id)
        live = lives(trajectory, labels)
        return self._telling.thought(trajectory, self._telling.walk, live, failure_reasons(trajectory, labels, live))

    def missing(self, trajectory: Trajectory) -> str:
        """Return why a debate can't be told."""
        live = lives(trajectory, self._labels.of(trajectory.id))
        if self._telling.walk is not Walk.CHRONOLOGICAL and right_end(trajectory.tree, live) is None:
            return "no right answer"
        return f"can't be said in {self._telling.voice.name}"


def figures(teller: ThoughtTeller) -> tuple[RenderableType, list[dict[str, Any]]]:
    """Return a table of the thoughts of a run by difficulty and outcome, and the same figures as records.

    Raises:
        ConfigError: if no debate can be told.

    """
    statistics, left_out = ThoughtStatistics(), Counter[str]()
    for trajectory in teller.run.trajectories():
        try:
            difficulty = domain_of(trajectory.problem).difficulty(trajectory.problem)
            statistics.add(teller(trajectory), difficulty=difficulty, solved=trajectory.solved)
        except ConfigError:
            left_out[teller.missing(trajectory)] += 1
    rows = list(statistics.rows())
    untold = [f"{count:,} not told: {why}" for why, count in left_out.most_common()]
    if not rows:
        raise ConfigError(f"{teller.run.path}: no debate can be told; {untold[0] if untold else 'the run is empty'}")
    table = Table(box=None, header_style="dim", pad_edge=False, title_justify="left")
    table.add_column("mean per thought")
    for row in rows:
        table.add_column(f"{row.difficulty}, {row.outcome}", justify="right")
    table.add_row("thoughts", *(f"{row.thoughts:,}" for row in rows), end_section=True)
    for name in ("tokens", "lines", "steps", "wrong_turns"):
        label = {"tokens": "words, numbers, signs", "wrong_turns": "wrong turns"}.get(name, name)
        table.add_row(label, *(f"{getattr(row, name):,.1f}" for row in rows))
    for word in KEYWORDS:
        if any(row.keywords[word] for row in rows):
            table.add_row(f"“{word}”", *(f"{row.keywords[word]:.1f}" for row in rows))
    return Group(table, *(Text(f"\n{line}", style="dim") for line in untold)), [asdict(row) for row in rows]


def thought_panels(thought: LongThought, trajectory: Trajectory) -> Iterator[RenderableType]:
    """Yield the problem, the thought and its figures."""
    yield Panel(Text(thought.problem.statement, style="bold"), title=escape(thought.id), border_style="dim")
    text = Text()
    for number, sentence in enumerate(thought.sentences):
        text.append(sentence.gap if number else "").append(sentence.text, style=STYLE.get(sentence.factor, ""))
    yield Padding(text, (1, 2), expand=False)
    yield Text(_figures(thought, trajectory), style="dim")


def _figures(thought: LongThought, trajectory: Trajectory) -> str:
    graded = {None: "not graded", True: "right", False: "wrong"}[trajectory.solved]
    turns = "1 wrong turn" if thought.wrong_turns == 1 else f"{thought.wrong_turns} wrong turns"
    steps = "1 step" if thought.steps == 1 else f"{thought.steps} steps"
    return f"{thought.walk.replace('_', ' ')}: {steps}, {turns}, graded: {graded}"
