"""`longthought label`: labels for the steps of a run, by a solver, by continuations, by a model, or by hand."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from longthought.cli.options import Json, Spelling, options
from longthought.errors import ConfigError
from longthought.labels.request import SAMPLED_METHODS, LabelRequest

if TYPE_CHECKING:
    from rich.console import Console

    from longthought.labels.label import Label
    from longthought.trajectories.trajectory import Trajectory

KEYS: Final = "[b]g[/]ood  [b]b[/]ad  [b]u[/]nsure  [b]s[/]kip  [b]z[/] takes back  [b]q[/]uit"


@options(
    LabelRequest, trials=Spelling("--samples -k"), policy=Spelling(metavar="PROVIDER:MODEL"),
    critic=Spelling(metavar="PROVIDER:MODEL"), base_url=Spelling(metavar="URL"),
)  # fmt: skip
def label(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    request: LabelRequest,
    review: Annotated[
        bool, typer.Option("--review", help="Label the steps with doubtful labels by hand instead.")
    ] = False,
    all_steps: Annotated[
        bool, typer.Option("--all", help="With --review, review every step, not only the doubtful ones.")
    ] = False,
    json: Json = False,
) -> None:
    """Label steps by whether a right answer is still in reach.

    Example: `longthought label runs/first --method monte-carlo` and then `longthought label runs/first --review`

    Labels are kept in labels.jsonl in the run folder, where `longthought export` reads them. Run the same command again
    to go on after a stop. Human labels override the solver's, which override sampled ones; but a right answer below a
    step proves that the step is live. A doubtful label, such as that of a step from which fewer than 8 continuations
    all failed, is not used in training data until a person has reviewed it.
    """
    if all_steps and not review:
        raise ConfigError("--all: says which steps to review, so give --review as well")
    if review and not sys.stdin.isatty():
        raise ConfigError("--review: reads keys from a terminal, and the input is none; run it in a terminal")
    from rich.console import Console

    console = Console(highlight=False)
    if review:
        _review(run, console, everything=all_steps)
        return
    from longthought.cli.render.job import CountDisplay, Dashboard, debates
    from longthought.jobs.progress import Progress
    from longthought.labels.job import label as make
    from longthought.labels.label import LabelBook
    from longthought.labels.review import doubtful
    from longthought.trajectories.run import Run

    progress = Progress(limit=request.concurrency)
    if request.method in SAMPLED_METHODS:
        display = Dashboard(progress, quiet=json)
    else:
        display = CountDisplay(lambda: (progress.done, progress.expected, debates(progress)), quiet=json)
    with display:
        tally = make(run, request, progress=progress)
    if json:
        typer.echo(tally.model_dump_json())
        return
    typer.echo(
        f"{tally.labels:,} steps labelled ({tally.known:,} were known): {tally.live:,} live, {tally.dead:,} dead, "
        f"{tally.doubtful:,} doubtful"
    )
    if tally.doubtful and any(doubtful(Run(run), LabelBook(run))):
        typer.echo(f"review the doubtful ones: longthought label {run} --review")


def _review(path: Path, console: "Console", *, everything: bool) -> None:
    """Show one step after the other, and store each answer at once."""
    from longthought.labels.label import LabelBook, LabelWriter
    from longthought.labels.review import by_hand, doubtful
    from longthought.trajectories.run import Run

    run, book = Run(path), LabelBook(path)
    queue = list(doubtful(run, book, everything=everything))
    index, answered = 0, list[int]()
    with LabelWriter(path) as writer:
        while index < len(queue):
            guess = queue[index]
            _show(console, run.trajectory(guess.trajectory), guess, f"{index + 1} of {len(queue)}")
            match _key(console):
                case "q":
                    break
                case "z" if answered:
                    index = answered.pop()
                    taken_back = queue[index]
                    writer.append([by_hand(taken_back.trajectory, taken_back.node, None, None, withdrawn=True)])
                case "s":
                    index += 1
                case "g" | "b" | "u" as answer:
                    live = {"g": True, "b": False, "u": None}[answer]
                    writer.append([by_hand(guess.trajectory, guess.node, live, guess)])
                    answered.append(index)
                    index += 1
                case _:
                    console.print(KEYS)
    typer.echo(f"{len(answered)} labelled by hand, {len(queue) - len(answered)} left")


def _show(console: "Console", trajectory: "Trajectory", guess: "Label", position: str) -> None:
    """Show a step below its problem and its path, with its evidence and the label so far."""
    from rich.markup import escape
    from rich.panel import Panel

    node = trajectory.tree.node(guess.node)
    above = [step.text for step in trajectory.tree.path(guess.node) if step.id != node.id]
    lines = [escape(trajectory.problem.statement), ""]
    lines += [f"[dim]{number}.[/] {escape(text)}" for number, text in enumerate(above, 1)]
    lines += ["", f"[b]{len(above) + 1}. {escape(node.text)}[/]"]
    lines += [f"[dim]{e.tool} {e.status}: {escape(e.detail or e.claim)}[/]" for e in node.evidence]
    value = "?" if guess.value is None else f"{guess.value:.2f}"
    low, high = (f"{x:.2f}" if x is not None else "?" for x in (guess.low, guess.high))
    lines += ["", f"[dim]{guess.method} by {escape(guess.by)}: {value} ({low}–{high}) of {guess.trials}[/]"]
    if guess.reason:
        lines.append(f"[dim]{escape(guess.reason)}[/]")
    console.print(Panel("\n".join(lines), title=f"{escape(guess.trajectory)} · {position}", expand=False))
    console.print(f"Can a right answer still be reached from step {len(above) + 1}?   {KEYS}")


def _key(console: "Console") -> str:
    """Wait for a key, and return it; the end of the input and Ctrl-C count as `q`."""
    read: Callable[[], str] = typer.getchar
    try:
        return read().lower() or "q"
    except (EOFError, KeyboardInterrupt):
        return "q"
