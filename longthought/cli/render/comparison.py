"""How an evaluation looks in a terminal. This module only renders; it computes no figure."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from longthought.cli.render.debate import estimate_mark
from longthought.evaluation.comparison import BASELINES, Comparison, ComparisonRow
from longthought.evaluation.critic_report import Criticism
from longthought.statistics import FirstErrors

_GAP: Final = 2
_SPARE: Final = ("all", "requests", "seconds", "unseen", "if all count")
"""Columns that are left out, in this order, if the terminal is too narrow."""


def table(comparison: Comparison, budget: int, width: int) -> RenderableType:
    """Draw the table of one budget, the best strategy first, at most `width` characters wide if possible."""
    rows = sorted(
        (row for row in comparison.rows if row.budget == budget and row.count == "computed"),
        key=lambda r: -r.solved.rate,
    )
    columns = _columns(comparison, rows)
    left_out: list[str] = []
    for name in _SPARE:
        if sum(_GAP + max(map(len, (title, *cells))) for title, cells in columns.items()) - _GAP <= width:
            break
        if columns.pop(name, None):
            left_out.append(name)
    drawn = Table(box=None, header_style="dim", pad_edge=False, padding=(0, _GAP, 0, 0))
    for name in columns:
        justify = "left" if name == "strategy" else "right"
        drawn.add_column(name, no_wrap=True, style="bold" if name == "solved" else "", justify=justify)
    for cells in zip(*columns.values(), strict=True):
        drawn.add_row(*map(Text, cells))
    note = f"; no room for {', '.join(left_out)}" if left_out else ""
    return Group(Text.assemble((f"\n{budget:,} tokens per problem", "bold"), (note, "dim")), drawn)


def _columns(comparison: Comparison, rows: Sequence[ComparisonRow]) -> dict[str, list[str]]:
    checked = {entrant.name for entrant in comparison.strategies if entrant.checker}
    all_count = [comparison.row(row.strategy, row.budget, "all").solved.rate for row in rows]
    columns = {
        "strategy": [row.strategy + ("*" if row.strategy in checked else "") for row in rows],
        "solved": [f"{row.solved.rate:.1%}" for row in rows],
        "95 %": [f"{row.solved.low:.1%}–{row.solved.high:.1%}" for row in rows],
        "if all count": [f"{rate:.1%}" for rate in all_count],
        "unseen": [f"{row.unseen.rate:.1%}" for row in rows if row.unseen],
        "tokens": [f"{estimate_mark(row.estimated)}{row.computed:,.0f}" if row.requests else "–" for row in rows],
        "all": [f"{estimate_mark(row.estimated)}{row.all:,.0f}" if row.requests else "–" for row in rows],
        "requests": [f"{row.requests:,.1f}" if row.requests else "–" for row in rows],
        "seconds": [f"{row.seconds:,.1f}" if row.requests else "–" for row in rows],
        **{f"p {name}": [_p(row.p.get(name)) for row in rows] for name in BASELINES if any(name in r.p for r in rows)},
    }
    return {name: cells for name, cells in columns.items() if cells}


def footnotes(comparison: Comparison, out: Path) -> RenderableType:
    """Explain the columns, name the tools of each strategy, and say where the files are."""
    lines = [Text(line, style="dim") for line in _notes(comparison)]
    return Group(Text(), *lines, Text(f"everything is in {out}; show a run with longthought show {out}/…/seed-…"))


def _notes(comparison: Comparison) -> Iterator[str]:
    yield f"{comparison.problems:,} problems, seed {', '.join(map(str, comparison.seeds))}."
    yield "Budgets count the tokens of both agents, without cached prompt tokens; under “if all count”, with them."
    yield "Tokens, requests and seconds are means per problem."
    if any(row.estimated for row in comparison.rows):
        yield "~ marks tokens that are estimated from the texts, since a server gave no count or a wrong one."
    if any(row.unseen for row in comparison.rows):
        share = next(row.unseen.of for row in comparison.rows if row.unseen) // len(comparison.seeds)
        yield f"“unseen” is the share solved of {share} problem(s) whose target never occurs in training."
    if len(comparison.seeds) > 1:
        for entrant in comparison.strategies:
            rates = comparison.row(entrant.name, comparison.budgets[-1]).by_seed
            yield f"{entrant.name} by seed at {comparison.budgets[-1]:,}: {', '.join(f'{rate:.1%}' for rate in rates)}"
    if any(entrant.checker for entrant in comparison.strategies):
        yield "* the exact checker chose this strategy's answers; the other strategies never asked it."
    tools_of = {entrant.name: ", ".join(entrant.tools) for entrant in comparison.strategies}
    for tools in dict.fromkeys(tools_of.values()):
        names = ", ".join(name for name, used in tools_of.items() if used == tools)
        yield f"{names}: steps checked by {tools or 'no tool'}"
    worst = [row for row in comparison.rows if row.budget == comparison.budgets[-1] and row.count == "computed"]
    for row in worst:
        if row.failed or row.undecided:
            yield f"{row.strategy}: {row.failed} runs failed, {row.undecided} answers that the checker can't decide"


def critic_panel(name: str, report: Criticism) -> RenderableType:
    """Draw the report on the critic of one strategy."""
    drawn = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    drawn.add_column(style="dim")
    drawn.add_column(overflow="fold")
    known = ", ".join(f"{count:,} by the {who}" for who, count in report.labels.items()) or "none"
    drawn.add_row("verdicts", f"{report.judged:,}; steps known: {known}")
    for title, value in _scores(report):
        drawn.add_row(title, value)
    for title, part in (
        ("backtrack precision", report.precision),
        ("backtrack recall", report.recall),
        ("sound steps given up", report.given_up),
        ("went back to the right step", report.right_target),
        ("wrong → right", report.wrong_to_right),
        ("right → wrong", report.right_to_wrong),
        ("obeyed", report.obeyed),
        ("replies of no use", report.asked_again),
    ):
        drawn.add_row(title, str(part))
    drawn.add_row("tokens per debate", ", ".join(f"{use} {spent:,.0f}" for use, spent in report.tokens.items()))
    words = report.words
    drawn.add_row(
        "unsupported words",
        f"{words.unsupported:,} of {words.checked:,} that a tool can check: {words.false_claims:,} with a false claim, "
        f"{words.denials:,} that deny a confirmed claim; {words.verdicts - words.checked:,} with nothing to check",
    )
    return Panel(drawn, title=f"critic of {name}", border_style="dim", expand=False)


def _scores(report: Criticism) -> Iterator[tuple[str, str]]:
    yield from first_error_lines(report.first_errors)
    yield "AUROC of the score", "–" if report.auroc is None else f"{report.auroc:.4f}"
    if report.calibration:
        yield "Brier", f"{report.calibration.brier:.4f}; calibration error {report.calibration.error:.4f}"


def first_error_lines(errors: FirstErrors) -> Iterator[tuple[str, str]]:
    """Yield (title, value) of each figure on first errors."""
    f1 = errors.f1()
    yield "first-error F1", "–" if f1 is None else f"{f1[0]:.1%} [{f1[1]:.1%}, {f1[2]:.1%}]"
    yield "first error found", str(errors.on_wrong or "none is wrong")
    yield "right ones left alone", str(errors.on_right or "none is right")
    yield "alarms that are right", str(errors.precision or "none was raised")


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return "<0.001" if value < 0.001 else f"{value:.3f}"
