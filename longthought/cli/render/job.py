"""How a job looks in a terminal: its figures while it runs, and its summary. This module only renders `Progress`."""

import resource
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from longthought.cli.render.debate import ended, usage_text
from longthought.jobs.pace import Pace, Rates
from longthought.jobs.progress import JobSummary, Progress
from longthought.trajectories.events import Failure, Usage

INTERVAL: Final = 10.0
"""Seconds between two plain lines."""
_VALUE: Final = 16
"""Columns of every figure, so that the layout stays the same."""
_LABELS: Final = (8, 9, 6)


class Display:
    """Shows figures live in a terminal, in plain lines elsewhere, and not at all if quiet."""

    def __init__(
        self,
        draw: Callable[[], RenderableType],
        say: Callable[[], str],
        *,
        quiet: bool = False,
        console: Console | None = None,
    ) -> None:
        """Keep what draws the figures, and what puts them into one plain line."""
        self.console = console or Console(highlight=False)
        self._say = say
        self._over = threading.Event()
        self._live = self._lines = None
        if quiet:
            return
        if self.console.is_terminal:
            self._live = Live(get_renderable=draw, console=self.console, refresh_per_second=4, transient=True)
        else:
            self._lines = threading.Thread(target=self._print_lines, name="longthought-progress", daemon=True)

    def __enter__(self) -> Self:
        """Start to show the figures."""
        if self._live:
            self._live.start()
        if self._lines:
            self._lines.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop showing the figures."""
        self.stop()

    def stop(self) -> None:
        """Stop showing the figures; calling it again does nothing."""
        self._over.set()
        if self._live:
            self._live.stop()
        if self._lines:
            self._lines.join()

    def _print_lines(self) -> None:
        while not self._over.wait(INTERVAL):
            self.console.print(self._say(), soft_wrap=True)


class CountDisplay(Display):
    """Shows how many items are done, as a bar with words."""

    def __init__(self, state: Callable[[], tuple[int, int | None, str]], *, quiet: bool = False) -> None:
        """Keep `state`, which returns the items done, their total if it is known, and words for both."""
        super().__init__(lambda: bar(*state()), lambda: state()[2], quiet=quiet)


class Dashboard(Display):
    """Shows the figures of a job."""

    def __init__(self, progress: Progress, *, quiet: bool = False, console: Console | None = None) -> None:
        """Keep the counts of the job to show."""
        self.progress, self.pace = progress, Pace(progress)
        super().__init__(
            lambda: figures_grid(self.progress, self.pace, time.monotonic()),
            lambda: figures_line(self.progress, self.pace, time.monotonic()),
            quiet=quiet, console=console,
        )  # fmt: skip


def bar(done: int, total: int | None, words: str) -> RenderableType:
    """Draw a progress bar with words beside it; it pulses while the total is unknown."""
    line = Table.grid(padding=(0, 2, 0, 0), expand=True)
    line.add_column(ratio=1)
    line.add_column(no_wrap=True)
    line.add_row(ProgressBar(total=total, completed=done, pulse=total is None), Text(words, style="bold"))
    return line


def figures_grid(progress: Progress, pace: Pace, now: float) -> RenderableType:
    """Draw the figures of a job; `now` is in monotonic seconds."""
    rates = pace.rates(now)
    head = bar(progress.done, progress.expected, debates(progress))
    grid = Table.grid(padding=(0, 2, 0, 0))
    for width in _LABELS:
        grid.add_column(style="dim", min_width=width, no_wrap=True)
        grid.add_column(min_width=_VALUE, no_wrap=True)
    left = pace.left(now)
    grid.add_row(
        "solved", Text(_solved(progress), style="green"),
        "in flight", _of(progress.in_flight, progress.limit),
        "time", _clock(now - progress.began),
    )  # fmt: skip
    grid.add_row(
        "failed", Text(f"{progress.failed:,}", style="bold red" if progress.failed else ""),
        "requests", f"{rates.requests:,.1f}/s",
        "left", "–" if left is None else _clock(left),
    )  # fmt: skip
    grid.add_row(
        "policy", f"{rates.policy:,.0f} tokens/s",
        "critic", f"{rates.critic:,.0f} tokens/s",
        "cached", _cached(progress),
    )  # fmt: skip
    lines: list[RenderableType] = [head, grid]
    if progress.setbacks:
        rounds_lost = f"rounds lost: {_causes(progress.setbacks)}"
        lines.append(Text(rounds_lost, style="yellow", no_wrap=True, overflow="ellipsis"))
    if progress.failed:
        reasons = f"{_causes(progress.failures)}, lately: {' '.join(progress.last_failure.split())}"
        lines.append(Text(reasons, style="red", no_wrap=True, overflow="ellipsis"))
    return Group(*lines)


def figures_line(progress: Progress, pace: Pace, now: float) -> str:
    """Return the figures of a job in one plain line; `now` is in monotonic seconds."""
    if not progress.total:
        return f"{debates(progress)}, {_clock(now - progress.began)}"
    rates, left = pace.rates(now), pace.left(now)
    failed = f"{progress.failed:,} failed" + (f" ({_causes(progress.failures)})" if progress.failures else "")
    figures = [
        debates(progress),
        f"{_solved(progress)} solved",
        failed,
        *([f"{sum(dict(progress.setbacks).values()):,} rounds lost"] if progress.setbacks else []),
        f"{progress.in_flight:,} in flight",
        _speed(rates),
        f"{_cached(progress)} cached",
        _clock(now - progress.began) + (f", {_clock(left)} left" if left is not None else ""),
    ]
    return ", ".join(figures)


def summary_table(summary: JobSummary, progress: Progress, *, sampled: bool = False) -> RenderableType:
    """Draw the summary of a job that ended; one of sampling counts attempts instead of rounds."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    share = f" ({summary.solved / summary.graded:.1%} of {summary.graded:,} graded)" if summary.graded else ""
    table.add_row("solved", Text(f"{summary.solved:,}{share}", style="bold green"))
    stops = ", ".join(f"{count:,} {ended(reason)}" for reason, count in progress.stops.most_common())
    earlier = "; none was left to play" if summary.trajectories and progress.done_before == progress.done else ""
    table.add_row("debates", f"{summary.trajectories:,}: {stops}{earlier}")
    if progress.failures:
        table.add_row("failed", Text(f"{summary.failed:,}: {_causes(progress.failures)}", style="red"))
    if progress.setbacks:
        table.add_row("attempts lost" if sampled else "rounds lost", _causes(progress.setbacks))
    if summary.resumed:
        table.add_row("resumed", f"{summary.resumed:,} debates, from the middle")
    for role, usage in (("policy", summary.tokens.policy), ("critic", summary.tokens.critic)):
        if usage != Usage():
            table.add_row(role, usage_text(usage))
    if progress.requests:
        table.add_row("per debate", _per_debate(summary, progress, sampled=sampled))
    if rates := _mean(progress, summary.seconds):
        table.add_row("speed", _speed(rates))
    cpu, memory = _used()
    table.add_row("time", f"{summary.seconds:,.1f} s, with {cpu:,.1f} s of CPU since the command began")
    table.add_row("memory", f"{memory:,.0f} MB at most")
    return Panel(table, title="summary", border_style="dim", expand=False)


def stopped(progress: Progress, out: Path) -> str:
    """Return what is kept after Ctrl-C or an outage, and how to resume."""
    if not progress.total:
        return "stopped before the first debate. Run the same command again to start."
    return f"stopped with {debates(progress)} done; everything so far is in {out}. Run the same command again to go on."


def unheard(progress: Progress) -> str | None:
    """Return a message if no reply of one of the agents could be read; None otherwise."""
    lost = progress.setbacks
    steps = lost[Failure.UNREADABLE_STEP] + lost[Failure.WITHHELD_STEP]
    verdicts = lost[Failure.UNREADABLE_VERDICT] + lost[Failure.WITHHELD_VERDICT]
    if steps and not progress.rounds:
        advice = "use another policy or another --dialect"
    elif verdicts and not progress.verdicts:
        advice = "serve the critic where response_format is honoured, or use another critic or --dialect"
    else:
        return None
    what = f"{verdicts:,} verdicts" if progress.rounds else f"{steps:,} steps"
    said = progress.last_setback
    return f"none of {what} could be read: {said if _says_what_to_do(said) else f'{advice} (the last: {said})'}"


def _says_what_to_do(setback: str) -> bool:
    """Say whether what ended a reply was at fault, in which case another model is no remedy."""
    return "cut off after" in setback or "withheld" in setback


def debates(progress: Progress) -> str:
    """Return how many debates are done, in words."""
    if not progress.total:
        return "getting ready"
    if progress.expected is None:
        return f"{progress.done:,} of {progress.total:,} debates so far"
    return f"{progress.done:,} of {progress.expected:,} debates"


def _solved(progress: Progress) -> str:
    share = f" ({progress.solved / progress.graded:.1%})" if progress.graded else ""
    return f"{progress.solved:,}{share}"


def _of(count: int, limit: int) -> str:
    return f"{count:,} of {limit:,}" if limit else f"{count:,}"


def _causes(counts: Mapping[Failure, int]) -> str:
    """Return failures in words, such as `5 model, 2 internal`, the most frequent first."""
    ranked = sorted(dict(counts).items(), key=lambda pair: -pair[1])
    return ", ".join(f"{count:,} {cause.replace('_', ' ')}" for cause, count in ranked)


def _cached(progress: Progress) -> str:
    prompt = progress.policy_now.prompt + progress.critic_now.prompt
    return f"{(progress.policy_now.cached + progress.critic_now.cached) / prompt:.0%}" if prompt else "–"


def _speed(rates: Rates) -> str:
    roles = (("policy", rates.policy), ("critic", rates.critic))
    return ", ".join(
        [f"{rates.requests:,.1f} requests/s", *(f"{role} {rate:,.0f} tokens/s" for role, rate in roles if rate)]
    )


def _mean(progress: Progress, seconds: float) -> Rates | None:
    """Return the rates over the whole run; None if no model was called."""
    policy, critic, span = progress.policy_now, progress.critic_now, max(seconds, 1e-2)
    if not (requests := policy.requests + critic.requests):
        return None
    return Rates(requests / span, policy.completion / span, critic.completion / span)


def _per_debate(summary: JobSummary, progress: Progress, *, sampled: bool) -> str:
    """Return the mean cost of a debate; that in CPU is known of the debates that this run has played."""
    count = max(1, summary.trajectories)
    written = (summary.tokens.policy + summary.tokens.critic).completion / count
    length = f"{progress.attempts / count:.1f} attempts" if sampled else f"{progress.rounds / count:.1f} rounds"
    figures = [*([f"{written:,.0f} tokens written"] if written else []), length]
    if played := progress.done - progress.done_before:
        figures.append(f"{_used()[0] / played:.2f} s of CPU, start-up included")
    return ", ".join(figures)


def _used() -> tuple[float, float]:
    """Return the CPU seconds of this process and its ended children, and its peak memory in megabytes."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime, own.ru_maxrss / 1024


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
