"""How debates look in a terminal. This module only renders; everything it shows is in the events."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree as RichTree

from longthought.graphs.sampling.attempts import begins
from longthought.graphs.sampling.settings import SamplingContext
from longthought.problems.countdown import lookahead
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
    Reopened,
    StopReason,
    Usage,
    Verdict,
)
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Node, NodeKind, Standing

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
    EvidenceStatus.DISPUTED: ("?", "yellow"),
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
"""Columns left of the text, with room for a node's number."""
_VERDICT: Final = 24
"""Columns of an action and its score; the critique follows them."""


def opening(statement: str, policy: str, critic: str, tools: Iterable[str]) -> RenderableType:
    """Draw the head of a live debate: its problem, agents and tools."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for role, name in (("policy", policy), ("critic", critic), ("tools", ", ".join(tools) or "none")):
        table.add_row(role, Text(name))
    return Panel(Group(Text(statement, style="bold"), table), border_style="dim", expand=False)


def live_lines(event: AnyEvent, before: AnyEvent | None = None) -> Iterator[RenderableType]:
    """Yield the lines of one event as it happens.

    The number of the step stands in the margin, unless the event before is about the same step.
    """
    about = getattr(event, "node", "")
    about = "" if about == getattr(before, "node", "") or before is None else about
    match event:
        case Proposed():
            step = Text(event.text)
            if event.answer is not None:
                step.append(f"   answer: {event.answer}", style="bold")
            yield _line(event.node, step.append(f"   from {event.parent}", style="dim") if event.parent else step)
        case Checked() if event.evidence:
            yield _line(about, evidence_text(event.evidence))
        case Judged():
            yield _line(about, verdict_text(event.verdict), lookahead.on_lines(event.verdict.critique))
        case Moved(cause=Cause.VETOED):
            yield _line("", Text(f"↩ vetoed by {event.reason.partition(':')[0]}, back to {event.to}", style="red"))
        case Moved(cause=Cause.EXHAUSTED):
            yield _line("", Text(f"↩ given up, back to {event.to}", style="red"), event.reason)
        case Moved(cause=Cause.SELECTED, accepted=(_, *_)):
            yield _line(event.to, Text("■ chosen", style="bold cyan"), event.reason)
        case Moved(cause=Cause.SELECTED | Cause.ROLLOUT):
            yield _line(
                "", Text(f"⤷ on from {event.to}" if event.to else "⤷ from the problem", style="blue"), event.reason
            )
        case Moved(cause=Cause.PRUNED):
            yield _line("", Text(f"✂ pruned {', '.join(map(str, event.abandoned))}", style="red"), event.reason)
        case Reflected():
            yield _line(event.node, Text(f"reflection: {event.text}", style="yellow"))
        case Failed():
            style = "bold red" if event.fatal else "magenta"
            yield _line("", Text(f"! {event.failure.replace('_', ' ')}", style=style), event.detail)
        case Reopened():
            yield _line("", Text("↻ played on", style="blue"), "the failure was lifted")
        case _:
            pass


def _line(node: int | str, said: Text, beside: str | None = None) -> Table:
    """Lay out a line in columns: the node in the margin, what is said, and what stands beside it if anything."""
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
    """Put evidence on one line, or on a line each if any has details."""
    has_details = any(item.detail for item in evidence)
    width = max((len(item.tool) for item in evidence), default=0)
    lines: list[Text] = []
    for item in evidence:
        sign, style = EVIDENCE_SIGN[item.status]
        line = Text(f"{sign} {item.tool:{width}}" if has_details else f"{sign} {item.tool}", style=style)
        lines.append(line.append(f"  {item.detail}", style="dim") if item.detail else line)
    return Text("\n" if has_details else "  ").join(lines)


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
    table.add_row("ended", f"{ended(trajectory.stop_reason)} {_length(trajectory)}")
    if trajectory.failure:
        table.add_row("failure", Text(trajectory.failure, style="bold red"))
    for role, usage in (("policy", trajectory.usage.policy), ("critic", trajectory.usage.critic)):
        if usage != Usage():
            table.add_row(role, usage_text(usage))
    return Panel(table, border_style="dim", expand=False)


def _length(trajectory: Trajectory) -> str:
    """Return when a debate ended: after its attempts if it is a sampling, else after its rounds."""
    if not trajectory.rounds:
        return "before the first step"
    if is_sampling(trajectory.tree.started.config if trajectory.tree.started else {}):
        return f"after {counted(_attempts(trajectory), 'attempt')}"
    back = trajectory.backtracks
    return f"after {counted(trajectory.rounds, 'round')}, {counted(back, 'step')} back"


def is_sampling(config: Mapping[str, Any]) -> bool:
    """Say whether the settings of a run are those of sampling, which counts attempts and never steps back."""
    return config.get("graph") == SamplingContext.graph


def _attempts(trajectory: Trajectory) -> int:
    return sum(map(begins, trajectory.events))


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, such as `1 round` or `2 rounds`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def legend(trajectory: Trajectory) -> Iterator[RenderableType]:
    """Yield what the words of the bundled critic mean, if it spoke in the debate."""
    critiques = (event.verdict.critique for event in trajectory.events if isinstance(event, Judged))
    if any(lookahead.read(critique) for critique in critiques):
        yield Text(lookahead.LEGEND, style="dim")


def ended(reason: StopReason | None) -> str:
    """Return how a debate ended, in words."""
    return "unfinished" if reason is None else ENDED.get(reason, reason.value)


def usage_text(usage: Usage) -> str:
    """Return the tokens of an agent, in words."""
    about = estimate_mark(usage.estimated)
    note = ", estimated" if usage.estimated else ""
    return f"{about}{usage.completion:,} tokens written, {about}{usage.prompt:,} read ({usage.cached:,} cached){note}"


def estimate_mark(estimated: bool) -> str:
    """Return the mark of a number that may be estimated."""
    return "~" if estimated else ""


def debate_panels(trajectory: Trajectory) -> Iterator[RenderableType]:
    """Yield a whole debate: its problem, tree, transcript, legend and bill."""
    yield Panel(Text(trajectory.problem.statement, style="bold"), title=escape(trajectory.id), border_style="dim")
    yield Text("Tree", style="bold underline")
    yield tree(trajectory)
    yield Text()
    yield Text("Transcript", style="bold underline")
    for before, event in pairwise((None, *trajectory.events)):
        assert event is not None
        yield from live_lines(event, before)
    yield from legend(trajectory)
    yield bill(trajectory)


def tree(trajectory: Trajectory) -> RichTree:
    """Draw the reasoning tree; abandoned nodes are dim and say why they were left."""
    nodes = trajectory.tree.nodes
    root = RichTree(Text("problem", style="bold"), guide_style="dim")
    drawn = {0: root}
    final = trajectory.tree.finished.node if trajectory.tree.finished else None
    scored = any(isinstance(event, Moved) and event.cause is Cause.SELECTED for event in trajectory.events)
    for node in nodes[1:]:
        if node.parent is not None:
            drawn[node.id] = drawn[node.parent].add(_label(node, final, scored=scored))
    return root


def _label(node: Node, final: int | None, *, scored: bool) -> Text:
    style = STANDING_STYLE[node.standing]
    label = Text(f"{node.id} ", style="dim", no_wrap=True, overflow="ellipsis")
    text = " ".join(node.text.split())
    if node.kind is NodeKind.REFLECTION:
        text = f"reflection: {text}"
    label.append(text, style="bold cyan" if node.id == final else f"not dim {style}" if style != "dim" else style)
    if node.id == final and node.answer:
        label.append(f"  ■ {node.answer}", style="not dim bold cyan")
    elif node.answer is not None and node.standing is Standing.OPEN:
        label.append(f"  {node.answer}", style="not dim bold")
    if node.standing is Standing.ABANDONED:
        pruned = node.left_for is Cause.PRUNED
        reason = "pruned" if pruned else REJECTED_BY.get(node.rejected_by or Author.CRITIC, "left")
        label.append(f"  ✗ {reason}", style="dim red")
    elif node.id != final and node.verdicts and (score := node.verdicts[-1].score) is not None and scored:
        label.append(f"  {score:.2f}", style="not bold dim")
    if node.sources:
        label.append(f"  also from {', '.join(map(str, node.sources))}", style="dim")
    return label


def run_table(run: Run, limit: int) -> RenderableType:
    """Draw a table of the debates of a run, with at most `limit` rows."""
    table, sampled = Table(box=None, header_style="dim", pad_edge=False), is_sampling(run.config)
    for name in ("debate", "", "ended"):
        table.add_column(name, no_wrap=True)
    for name in (*(("attempts",) if sampled else ("rounds", "back")), "tokens"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("answer")
    solved = graded = ended_count = 0
    for index, trajectory in enumerate(run.trajectories()):
        solved += trajectory.solved is True
        graded += trajectory.solved is not None
        ended_count += trajectory.finished
        if index < limit:
            length = [_attempts(trajectory)] if sampled else [trajectory.rounds, trajectory.backtracks]
            table.add_row(
                Text(trajectory.id), _mark(trajectory.solved), ended(trajectory.stop_reason),
                *(f"{count:,}" for count in (*length, trajectory.usage.total.total)),
                Text(trajectory.answer or "", no_wrap=True, overflow="ellipsis"),
            )  # fmt: skip
    total = len(run)
    lines: list[RenderableType] = [table]
    if total > limit:
        lines.append(Text(f"… and {total - limit} more (--limit)", style="dim"))
    share = f", {solved} of {graded} solved ({solved / graded:.1%})" if graded else ""
    lines.append(Text(f"\n{total} debates, {ended_count} ended{share}", style="bold"))
    return Group(*lines)


def _mark(solved: bool | None) -> Text:
    if solved is None:
        return Text("–", style="dim")
    return Text("✔", style="green") if solved else Text("✘", style="red")
