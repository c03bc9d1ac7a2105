"""How debates and jobs look in a terminal. Only renders; computes nothing that is not in the events."""

import resource
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from rich.tree import Tree as RichTree

from longthought.jobs.progress import Progress, Summary
from longthought.trajectories.events import (
    Action,
    AnyEvent,
    Author,
    Cause,
    Checked,
    Evidence,
    EvidenceStatus,
    Failed,
    Judged,
    Moved,
    Proposed,
    Reflected,
    StopReason,
    Usage,
    Verdict,
)
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Kind, Node, Standing

ACTION_STYLE: Final = {
    Action.CONTINUE: "green",
    Action.BACKTRACK: "red",
    Action.REFLECT: "yellow",
    Action.TERMINATE: "bold cyan",
}
ACTION_SIGN: Final = {Action.CONTINUE: "→", Action.BACKTRACK: "↩", Action.REFLECT: "?", Action.TERMINATE: "■"}
EVIDENCE_SIGN: Final = {
    EvidenceStatus.CONFIRMED: ("✓", "green"),
    EvidenceStatus.REFUTED: ("✗", "red"),
    EvidenceStatus.ABSTAINED: ("·", "dim"),
    EvidenceStatus.UNAVAILABLE: ("–", "dim"),
}
STANDING_STYLE: Final = {
    Standing.OPEN: "",
    Standing.ACCEPTED: "green",
    Standing.DOUBTED: "yellow",
    Standing.ABANDONED: "dim",
}


REJECTED_BY: Final = {
    Author.CRITIC: "rejected",
    Author.TOOL: "vetoed",
    Author.STRATEGY: "given up",
    Author.HUMAN: "left by hand",
}
ENDED: Final = {
    StopReason.GAVE_UP: "gave up",
    StopReason.ROUNDS: "out of rounds",
    StopReason.BACKTRACKS: "out of backtracks",
    StopReason.TOKENS: "out of tokens",
    StopReason.SECONDS: "out of time",
}
_MARGIN: Final = 4
"""Columns to the left of what is said, with room for a node's number."""
_VERDICT: Final = 24
"""Columns of an action and its score; the critique stands beside them."""


def opening(statement: str, policy: str, critic: str, tools: Iterable[str]) -> RenderableType:
    """Head a live debate."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for role, name in (("policy", policy), ("critic", critic), ("tools", ", ".join(tools) or "none")):
        table.add_row(role, Text(name))
    return Panel(Group(Text(statement, style="bold"), table), border_style="dim", expand=False)


def live_lines(event: AnyEvent) -> Iterator[RenderableType]:
    """Put one event into lines, as it happens; what is long wraps beside its margin."""
    match event:
        case Proposed():
            step = Text(event.text)
            if event.answer is not None:
                step.append(f"   answer: {event.answer}", style="bold")
            yield _line(event.node, step.append(f"   from {event.parent}", style="dim") if event.parent else step)
        case Checked() if event.evidence:
            yield _line("", evidence_text(event.evidence))
        case Judged():
            yield _line("", verdict_text(event.verdict), event.verdict.critique)
        case Moved(cause=Cause.VETOED):
            yield _line("", Text(f"↩ vetoed by {event.reason.partition(':')[0]}, back to {event.to}", style="red"))
        case Moved(cause=Cause.EXHAUSTED):
            yield _line("", Text(f"↩ given up, back to {event.to}", style="red"), event.reason)
        case Reflected():
            yield _line(event.node, Text(f"reflection: {event.text}", style="yellow"))
        case Failed():
            style = "bold red" if event.fatal else "magenta"
            yield _line("", Text(f"! {event.failure.replace('_', ' ')}", style=style), event.detail)
        case _:
            pass


def _line(node: int | str, said: Text, beside: str | None = None) -> Table:
    """Set a line, or its second part, in a column of its own."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=_MARGIN - 1, justify="right", style="dim")
    if beside is None:
        table.add_column(overflow="fold")
        table.add_row(str(node), said)
    else:
        table.add_column(width=_VERDICT + 1)
        table.add_column(style="dim", overflow="fold")
        table.add_row(str(node), said, Text(beside))
    return table


def evidence_text(evidence: Sequence[Evidence]) -> Text:
    """Put evidence on one line, or on a line each where there are findings to tell."""
    telling = any(item.detail for item in evidence)
    width = max((len(item.tool) for item in evidence), default=0)
    lines: list[Text] = []
    for item in evidence:
        sign, style = EVIDENCE_SIGN[item.status]
        line = Text(f"{sign} {item.tool:{width}}" if telling else f"{sign} {item.tool}", style=style)
        lines.append(line.append(f"  {item.detail}", style="dim") if item.detail else line)
    return Text("\n" if telling else "  ").join(lines)


def verdict_text(verdict: Verdict) -> Text:
    """Put an action, its target and its score on one line, coloured by action."""
    line = Text(f"{ACTION_SIGN[verdict.action]} {verdict.action}", style=ACTION_STYLE[verdict.action])
    if verdict.target is not None:
        line.append(f" to {verdict.target}")
    if verdict.score is not None:
        line.append(f"{verdict.score:>{max(5, _VERDICT - len(line))}.2f}", style="not bold dim")
    return line


def bill(trajectory: Trajectory) -> RenderableType:
    """Close a debate: how it ended, the answer, what it cost."""
    right, why = trajectory.solved, trajectory.grade_detail
    wrong = "✘ wrong" if trajectory.answer else "✘ unsolved"
    mark = Text("✔ right", style="bold green") if right else Text(wrong, style="bold red")
    if right is None:
        mark = Text("not graded", style="dim")
    if why:
        mark.append(f" ({why})", style="not bold dim")
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("answer", Text(trajectory.answer, style="bold") if trajectory.answer else Text("none", style="dim"))
    table.add_row("graded", mark)
    table.add_row(
        "ended",
        f"{_ended(trajectory.stop_reason)} after {trajectory.rounds} rounds, {trajectory.backtracks} steps back",
    )
    if trajectory.failure:
        table.add_row("failure", Text(trajectory.failure, style="bold red"))
    table.add_row("policy", usage_text(trajectory.usage.policy))
    table.add_row("critic", usage_text(trajectory.usage.critic))
    return Panel(table, border_style="dim", expand=False)


def _ended(reason: StopReason | None) -> str:
    return "unfinished" if reason is None else ENDED.get(reason, reason.value)


def usage_text(usage: Usage) -> str:
    """Put a token bill into words."""
    return f"{usage.completion:,} tokens written, {usage.prompt:,} read ({usage.cached:,} cached)"


def debate_panels(trajectory: Trajectory) -> Iterator[RenderableType]:
    """Show a debate whole: its tree, then its transcript, then its bill."""
    yield Panel(Text(trajectory.problem.statement, style="bold"), title=escape(trajectory.id), border_style="dim")
    yield Text("Tree", style="bold underline")
    yield tree(trajectory)
    yield Text()
    yield Text("Transcript", style="bold underline")
    for event in trajectory.events:
        yield from live_lines(event)
    yield bill(trajectory)


def tree(trajectory: Trajectory) -> RichTree:
    """Draw the reasoning tree; what was abandoned is dim and says why."""
    nodes = trajectory.tree.nodes
    root = RichTree(Text("problem", style="bold"), guide_style="dim")
    drawn = {0: root}
    final = trajectory.tree.finished.node if trajectory.tree.finished else None
    for node in nodes[1:]:
        if node.parent is not None:
            drawn[node.id] = drawn[node.parent].add(_label(node, final))
    return root


def _label(node: Node, final: int | None) -> Text:
    style = STANDING_STYLE[node.standing]
    label = Text(f"{node.id} ", style="dim", no_wrap=True, overflow="ellipsis")
    words = " ".join(node.text.split())
    if node.kind is Kind.REFLECTION:
        words = f"reflection: {words}"
    label.append(words, style="bold cyan" if node.id == final else f"not dim {style}" if style != "dim" else style)
    if node.id == final and node.answer:
        label.append(f"  ■ {node.answer}", style="not dim bold cyan")
    if node.standing is Standing.ABANDONED:
        label.append(f"  ✗ {REJECTED_BY.get(node.rejected_by or Author.CRITIC, 'left')}", style="dim red")
    return label


def run_table(run: Run, limit: int) -> RenderableType:
    """List a run's debates."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("debate", "", "ended"):
        table.add_column(name, no_wrap=True)
    for name in ("rounds", "back", "tokens"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("answer")
    solved = graded = ended = 0
    for index, trajectory in enumerate(run.trajectories()):
        solved += trajectory.solved is True
        graded += trajectory.solved is not None
        ended += trajectory.finished
        if index < limit:
            table.add_row(
                Text(trajectory.id), _mark(trajectory.solved), _ended(trajectory.stop_reason),
                str(trajectory.rounds), str(trajectory.backtracks), f"{trajectory.usage.total.total:,}",
                Text(trajectory.answer or "", no_wrap=True, overflow="ellipsis"),
            )  # fmt: skip
    total = len(run)
    lines: list[RenderableType] = [table]
    if total > limit:
        lines.append(Text(f"… and {total - limit} more (--limit)", style="dim"))
    share = f", {solved} of {graded} solved ({solved / graded:.1%})" if graded else ""
    lines.append(Text(f"\n{total} debates, {ended} ended{share}", style="bold"))
    return Group(*lines)


def _mark(solved: bool | None) -> Text:
    if solved is None:
        return Text("–", style="dim")
    return Text("✔", style="green") if solved else Text("✘", style="red")


def summary_table(summary: Summary, progress: Progress, out: Path) -> RenderableType:
    """Close a job."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    share = f" ({summary.solved / summary.graded:.1%} of {summary.graded} graded)" if summary.graded else ""
    table.add_row("solved", Text(f"{summary.solved}{share}", style="bold green"))
    ended = ", ".join(f"{count} {_ended(reason)}" for reason, count in progress.stops.most_common())
    table.add_row("debates", f"{summary.trajectories}: {ended}")
    if summary.resumed:
        table.add_row("resumed", f"{summary.resumed} debates went on from the middle")
    table.add_row("policy", usage_text(summary.tokens.policy))
    table.add_row("critic", usage_text(summary.tokens.critic))
    per = (summary.tokens.policy + summary.tokens.critic).completion / max(1, summary.trajectories)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime
    rounds = f"{progress.rounds / max(1, summary.trajectories):.1f} rounds"
    each = cpu / max(1, progress.done - progress.done_before)
    table.add_row("per debate", f"{per:,.0f} tokens written, {rounds}, {each:.2f} s of CPU, start-up included")
    table.add_row("time", f"{summary.seconds:.1f} s, with {cpu:.1f} s of CPU since the command began")
    table.add_row("memory", f"{used.ru_maxrss / 1024:,.0f} MB at most")
    table.add_row("run folder", Text(str(out)))
    table.add_row("next", Text(f"longthought show {out}"))
    return Panel(table, title="summary", border_style="dim", expand=False)


def stopped(progress: Progress, out: Path) -> str:
    """Say how to go on after Ctrl-C."""
    if not progress.total:
        return "longthought: stopped before the first debate. Run the same command again to start."
    return (
        f"longthought: stopped with {progress.done} of {progress.total} debates done; everything so far is in {out}. "
        "Run the same command again to go on."
    )


class JobDisplay:
    """The live line of a job; plain lines now and then where there is no terminal."""

    def __init__(self, progress: Progress, *, quiet: bool = False) -> None:
        """Watch a job's progress."""
        self.progress = progress
        self.console = Console(highlight=False)
        self.last_failure = ""
        self._quiet = quiet
        self._live = (
            Live(get_renderable=self._line, console=self.console, refresh_per_second=4, transient=True)
            if self.console.is_terminal and not quiet
            else None
        )
        self._next_line = time.monotonic() + 10

    def __enter__(self) -> Self:
        """Begin."""
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End."""
        self.stop()

    def stop(self) -> None:
        """Take the live line away."""
        if self._live:
            self._live.stop()

    def saw(self, trajectory: Trajectory) -> None:
        """Take note of a debate that ended."""
        if trajectory.stop_reason is StopReason.FAILED:
            self.last_failure = trajectory.failure or ""
        if not self._live and not self._quiet and time.monotonic() > self._next_line:
            self._next_line = time.monotonic() + 10
            self.console.print(self._words())

    def _words(self) -> str:
        progress = self.progress
        if not progress.total:
            return "getting ready"
        rate = progress.fresh_tokens / max(progress.seconds, 1e-9)
        left = progress.total - progress.done
        fresh = max(1, progress.done - progress.done_before)
        known = progress.done > progress.done_before
        eta = f", {_clock(left * progress.seconds / fresh)} left" if known else ""
        solved = f", {progress.solved / progress.graded:.0%} solved" if progress.graded else ""
        failed = f", {progress.failed} failed" if progress.failed else ""
        flying = progress.in_flight
        return (
            f"{progress.done}/{progress.total} debates{solved}{failed}, {flying} in flight, {rate:,.0f} tokens/s{eta}"
        )

    def _line(self) -> RenderableType:
        grid = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=max(1, self.progress.total), completed=self.progress.done, width=20)
        grid.add_row(bar, Text(self._words(), no_wrap=True, overflow="ellipsis"))
        return grid


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
