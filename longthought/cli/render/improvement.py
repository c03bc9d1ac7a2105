"""How an improvement loop is shown in the terminal."""

from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from longthought.training.improve.ledger import Ledger
from longthought.training.improve.recipe import CHAIRS


def table(ledger: Ledger, out: Path) -> RenderableType:
    """Draw the decisions of a loop, and who sits in the chairs now."""
    rows = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("round", "lesson", "before", "after", "gain", ""):
        rows.add_column(name, justify="right" if name in ("round", "before", "after") else "left")
    for made in ledger.decisions:
        after, before = (f"{solved / made.of:.1%}" for solved in made.solved)
        interval = f"{made.gain:+.1%} [{made.low:+.1%}, {made.high:+.1%}]"
        verdict = Text("promoted", style="green") if made.promoted else Text("rolled back", style="dim")
        rows.add_row(str(made.round), made.lesson, before if made.before else "–", after, interval, verdict)
    chairs = [(role, ledger.champion(role, "")) for role in CHAIRS]
    now = "\n".join(f"--{'policy' if role == 'thinker' else role} {name}" for role, name in chairs if name)
    spent = f"{ledger.tokens:,} tokens; {out / 'ledger.jsonl'} tells all rounds"
    return Group(rows, "", Text(now or "nothing was promoted"), Text(spent, style="dim"))
