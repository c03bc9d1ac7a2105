"""How a long thought looks in a terminal: its paragraphs, coloured by what each sentence does."""

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from longthought.trajectories.moves import Factor
from longthought.trajectories.thought import LongThought
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
"""Whatever is not here is plain."""


def thought_panels(thought: LongThought, trajectory: Trajectory) -> Iterator[RenderableType]:
    """Show a thought below its problem, and its figures below it."""
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
