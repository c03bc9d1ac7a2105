"""Draw what reinforcement did, step by step: figures of trainings by `longthought train grpo`, side by side.

    python benchmarks/curves.py runs/cold-rl runs/short-rl --figure rewards/accuracy/mean length repeated

A line is the mean over the `--window` last steps, since every step has other problems. `DIR/figures.jsonl` holds the
figures and their names.
"""

import argparse
import json
from pathlib import Path

from longthought.evaluation.plots import COLOURS, axis_style, new_figure

NAMES = {
    "rewards/accuracy/mean": "right answers, %",
    "rewards/outcome/mean": "turns of solved debates, %",
    "solved": "debates solved, %",
    "format": "replies of use, %",
    "repeated": "repeated steps, %",
    "completions/clipped_ratio": "thoughts cut off, %",
    "length": "tokens of a reply",
    "computed": "computed tokens of a debate",
    "turns": "turns of a debate",
    "entropy": "entropy of a token, nats",
}
"""What the axes say, of the figures that are most often drawn; shares are drawn in percent."""


def smoothed(values: list[float], window: int) -> list[float]:
    """Return the mean of every value and those before it, `window` at most."""
    return [sum(part) / len(part) for part in (values[max(0, at + 1 - window) : at + 1] for at in range(len(values)))]


def main() -> None:
    """Draw the figures, a panel for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trainings", nargs="+", type=Path, help="Folders of trainings by GRPO.")
    parser.add_argument("--figure", nargs="+", default=["reward", "length", "repeated"], help="Figures to draw.")
    parser.add_argument("--names", nargs="+", help="Names of the trainings (default: those of their folders).")
    parser.add_argument("--window", type=int, default=20, help="Steps in a mean (default: 20).")
    parser.add_argument("--out", type=Path, default=Path("curves.png"))
    given = parser.parse_args()
    names = given.names or [folder.name for folder in given.trainings]
    if len(names) != len(given.trainings):
        parser.error(f"{len(given.trainings)} trainings, but {len(names)} names")
    with axis_style():
        drawn = new_figure(3.4 * len(given.figure), 3.2)
        panels = drawn.subplots(1, len(given.figure), squeeze=False)[0]
        for folder, name, colour in zip(given.trainings, names, COLOURS, strict=False):
            rows = [json.loads(line) for line in (folder / "figures.jsonl").read_text().splitlines()]
            for axes, figure in zip(panels, given.figure, strict=True):
                known = [(row["step"], row[figure]) for row in rows if row.get(figure) is not None]
                if not known:
                    parser.error(f"{folder} has no figure {figure}; it has {', '.join(sorted(rows[-1]))}")
                scale = 100 if NAMES.get(figure, "").endswith("%") else 1
                steps, values = zip(*known, strict=True)
                line = smoothed([scale * value for value in values], given.window)
                axes.plot(steps, line, color=colour, lw=1.8, label=name)
        for axes, figure in zip(panels, given.figure, strict=True):
            axes.set_title(NAMES.get(figure, figure), loc="left", fontsize=10.5)
            axes.set_xlabel("step")
            axes.set_ylim(bottom=0)
        panels[0].legend(frameon=False, loc="best", fontsize=9.5)
        drawn.savefig(given.out)


if __name__ == "__main__":
    main()
