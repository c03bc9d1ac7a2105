"""The rounds of an improvement loop: its ledger, read as data."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from longthought.statistics import share
from longthought.viewer.comparison_answers import Decision, Rounds
from longthought.viewer.folders import LEDGER, Set


def rounds(set: Set, runs: Collection[str]) -> Rounds:
    """Return the decisions of a loop.

    Args:
        set: The loop's folder.
        runs: The names of the runs on view.

    """
    lines = list(_decisions(set.path / LEDGER))
    if not lines:
        error = f"{set.name} has decided nothing yet: the first candidate is still to be validated."
        return Rounds(set=set.name, error=error, decisions=())
    try:
        found = tuple(_decision(line, set.name, runs) for line in lines)
    except (KeyError, TypeError, ValueError):
        return Rounds(set=set.name, error=f"{LEDGER} of {set.name} is from another version.", decisions=())
    return Rounds(set=set.name, decisions=found)


def _decisions(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the decisions of a ledger; a line that is half written is left out."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except OSError:
        return
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and found.get("kind") == "decision":  # pyright: ignore[reportUnknownMemberType]
            yield found


def _decision(line: dict[str, Any], set: str, runs: Collection[str]) -> Decision:
    (after, before), of = line["solved"], line["of"]
    solved = share(after, of)
    run, rival = f"{set}/round-{line['round']}/{line['lesson']}/validation", f"{set}/{line.get('rival')}"
    return Decision(
        round=line["round"], lesson=line["lesson"], role=line["role"], level=line["level"], solved=solved.value,
        low=solved.low, high=solved.high, before=before / of if of else 0.0, problems=of, gain=line["gain"],
        gain_low=line["low"], gain_high=line["high"], promoted=line["promoted"], why=line["why"],
        tokens=line["tokens"], run=run if run in runs else None, rival=rival if rival in runs else None,
    )  # fmt: skip
