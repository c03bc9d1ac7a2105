"""A debate as HTML without scripts: for notebooks, and as a page of its own.

All text is escaped; nothing is loaded from anywhere. The tree is made of nested lists that fold without a script.
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Final

from longthought.trajectories.events import (
    AnyEvent,
    Cause,
    Checked,
    Evidence,
    Failed,
    Judged,
    Moved,
    Observed,
    Proposed,
    Reflected,
)
from longthought.trajectories.tree import BACKWARD, Node, NodeKind, Standing, Tree

if TYPE_CHECKING:
    from longthought.trajectories.run import Run
    from longthought.trajectories.trajectory import Trajectory

ROWS: Final = 50
"""Number of debates in the table of a run."""
_FOLDED_BEYOND: Final = 60
"""Number of nodes beyond which abandoned branches are folded at first."""
_DEEPEST: Final = 60
"""Depth below which the tree is not indented further, so that any browser can nest it."""
STYLE: Final = """
.lt{font:15px/1.5 system-ui,sans-serif;max-width:60rem;color:#1c2024;background:#fff;padding:.5rem 1rem}
.lt pre,.lt .t{white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext;margin:0;font:inherit}
.lt ul{list-style:none;margin:0;padding-left:1.1rem;border-left:1px solid #c8cdd3}
.lt li{margin:.15rem 0}.lt summary{cursor:pointer}
.lt .n{color:#5b6470;font-size:.85em;margin-right:.4em}
.lt .abandoned{color:#5b6470}.lt .accepted{color:#0b6b3a}.lt .doubted{color:#8a5300}
.lt .final{font-weight:600}.lt .why{color:#a3262a;font-size:.9em}
.lt u{text-decoration:underline wavy #a3262a}
.lt .turn{margin:.5rem 0;padding:.4rem .7rem;border-radius:.4rem;background:#f3f5f7;max-width:85%}
.lt .critic{background:#eef1fb;margin-left:auto}.lt .tool,.lt .strategy{background:none;padding-block:0}
.lt .who{color:#5b6470;font-size:.85em}
.lt table{border-collapse:collapse}.lt td,.lt th{padding:.15rem .6rem;text-align:left;font-weight:inherit}
.lt td.r{text-align:right}.lt tr+tr td{border-top:1px solid #dde1e6}
@media(prefers-color-scheme:dark){.lt{color:#e4e7eb;background:#16191d}.lt .turn{background:#23272d}
.lt .critic{background:#262c40}.lt .accepted{color:#66c796}.lt .doubted{color:#e0a84e}
.lt .abandoned,.lt .n,.lt .who{color:#a2abb6}.lt .why{color:#f08a8d}.lt ul,.lt tr+tr td{border-color:#3b424b}}
"""


def page(trajectory: "Trajectory") -> str:
    """Return a debate as a whole HTML page."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(trajectory.id)}</title></head><body>{debate(trajectory)}</body></html>\n"
    )


def debate(trajectory: "Trajectory") -> str:
    """Return a debate as HTML to be shown inside another page: its problem, tree, dialogue and outcome."""
    if not trajectory.events:
        return f"<p>{_text(trajectory.id)} has no events.</p>"
    tree = trajectory.tree
    dialogue = "".join(filter(None, (_turn(event, tree) for event in trajectory.events)))
    return (
        f'<style>{STYLE}</style><article class="lt"><h2>{_text(trajectory.id)}</h2>'
        f'<pre dir="auto">{_text(trajectory.problem.statement)}</pre><p>{_outcome(trajectory)}</p>'
        f"<h3>Tree</h3>{_tree(tree)}<h3>Dialogue</h3>{dialogue}</article>"
    )


def table(run: "Run") -> str:
    """Return the first debates of a run as a table."""
    rows = "".join(
        f"<tr><td>{_text(one.id)}</td><td>{_mark(one.solved)}</td><td>{one.stop_reason or 'unfinished'}</td>"
        f'<td class="r">{one.rounds:,}</td><td class="r">{one.backtracks:,}</td>'
        f'<td class="r">{one.usage.total.total:,}</td><td dir="auto">{_text(_short(one.answer or ""))}</td></tr>'
        for one in islice(run.trajectories(), ROWS)
        if one.events
    )
    more = f"<p>… and {len(run) - ROWS:,} more</p>" if len(run) > ROWS else ""
    heads = "".join(
        f'<th scope="col">{name}</th>' for name in ("debate", "", "ended", "rounds", "back", "tokens", "answer")
    )
    return (
        f'<style>{STYLE}</style><div class="lt"><p>{_text(str(run.path))}: {len(run):,} debates</p>'
        f"<table><tr>{heads}</tr>{rows}</table>{more}</div>"
    )


def _outcome(trajectory: "Trajectory") -> str:
    answer = "no answer" if trajectory.answer is None else f"answer <b>{_text(trajectory.answer)}</b>"
    grade = {None: "not graded", True: "right", False: "wrong"}[trajectory.solved]
    ended = "unfinished" if trajectory.stop_reason is None else trajectory.stop_reason.replace("_", " ")
    failure = f" ({_text(trajectory.failure)})" if trajectory.failure else ""
    return (
        f"{_mark(trajectory.solved)} {answer}, {grade}; {ended}{failure} after {_counted(trajectory.rounds, 'round')} "
        f"and {_counted(trajectory.backtracks, 'step')} back; {trajectory.usage.total.total:,} tokens"
    )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _mark(solved: bool | None) -> str:
    return {None: "–", True: '<span class="accepted">✔</span>', False: '<span class="why">✘</span>'}[solved]


def _tree(tree: Tree) -> str:
    """Return the tree as nested lists; without recursion, for a branch may be thousands of steps deep."""
    final = tree.finished.node if tree.finished else None
    folds = len(tree.nodes) > _FOLDED_BEYOND
    parts: list[str] = ['<ul role="tree">']
    waiting: list[Node | str] = [tree.nodes[number] for number in reversed(tree.nodes[0].children)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            parts.append(node)
            continue
        line = _node(node, final)
        children = [tree.nodes[number] for number in reversed(node.children)]
        if not children or node.depth >= _DEEPEST:
            parts.append(f'<li role="treeitem">{line}</li>')
            waiting.extend(children)
        else:
            opened = "" if folds and node.standing is Standing.ABANDONED else " open"
            parts.append(f'<li role="treeitem"><details{opened}><summary>{line}</summary><ul role="group">')
            waiting.append("</ul></details></li>")
            waiting.extend(children)
    return "".join((*parts, "</ul>"))


def _node(node: Node, final: int | None) -> str:
    style = f"final {node.standing}" if node.id == final else node.standing
    kind = "reflection: " if node.kind is NodeKind.REFLECTION else ""
    answer = f" ■ <b>{_text(_short(node.answer))}</b>" if node.answer is not None else ""
    why = ""
    if node.standing is Standing.ABANDONED:
        why = f' <span class="why">✗ {node.left_for or "left"}: {_text(_short(node.reason))}</span>'
    return (
        f'<span class="n">{node.id}</span><span class="{style}" dir="auto">{kind}{_text(_short(node.text))}</span>'
        f"{answer}{why}"
    )


def _turn(event: AnyEvent, tree: Tree) -> str:
    """Return one turn of the dialogue; empty for an event that is none."""
    match event:
        case Proposed():
            thinking = "".join(_folded("thinking", call.thinking) for call in event.calls if call.thinking)
            evidence = tree.nodes[event.node].evidence
            return _said(event, f"step {event.node} from {event.parent}", thinking + _underlined(event.text, evidence))
        case Reflected():
            return _said(event, f"reflection on {event.parent}", _pre(event.text))
        case Observed():
            return _said(event, f"{event.tool} printed", _pre(event.output))
        case Checked() if event.evidence:
            found = "".join(
                f'<div class="t">{_text(one.tool)} {one.status}: {_text(one.detail or one.claim)}</div>'
                for one in event.evidence
            )
            return _said(event, f"checked step {event.node}", found)
        case Judged():
            verdict = event.verdict
            to = "" if verdict.target is None else f" to {verdict.target}"
            score = "" if verdict.score is None else f", score {verdict.score:.2f}"
            return _said(event, f"on step {event.node}: {verdict.action}{to}{score}", _pre(verdict.critique))
        case Moved() if event.cause not in (Cause.ACCEPTED, Cause.DOUBTED):
            way = "back to" if event.cause in BACKWARD else "on from"
            return _said(event, f"{event.cause}: {way} {event.to}", "")
        case Failed():
            return _said(event, event.failure.replace("_", " "), _pre(event.detail))
        case _:
            return ""


def _said(event: AnyEvent, what: str, body: str) -> str:
    return f'<div class="turn {event.by}"><div class="who">{event.by} · {_text(what)}</div>{body}</div>'


def _underlined(text: str, evidence: Sequence[Evidence]) -> str:
    """Return a step with the claims that a tool refuted underlined."""
    return f'<pre dir="auto">{"".join(_pieces(text, evidence))}</pre>'


def _pieces(text: str, evidence: Sequence[Evidence]) -> Iterator[str]:
    at = 0
    spans = sorted(one.span for one in evidence if one.span is not None and one.status == "refuted")
    for start, end in spans:
        if at <= start < end <= len(text):
            yield f"{_text(text[at:start])}<u>{_text(text[start:end])}</u>"
            at = end
    yield _text(text[at:])


def _folded(title: str, text: str) -> str:
    return f'<details><summary class="who">{title}</summary>{_pre(text)}</details>'


def _pre(text: str) -> str:
    return f'<pre dir="auto">{_text(text)}</pre>' if text else ""


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 160 else f"{text[:159]}…"


def _text(text: str) -> str:
    return escape(printable(text))


def printable(text: str) -> str:
    """Return a text with a replacement character for each one that HTML can't hold."""
    clean = text.encode("utf-8", "replace").decode()
    return "".join(c if c in "\n\t" or (c >= " " and c != "\x7f") else "\ufffd" for c in clean)
