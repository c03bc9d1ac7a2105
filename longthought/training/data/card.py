"""The card of a data set: its rows, its sources, what was left out, and how to make it again.

Its front matter tells `datasets` and the Hugging Face hub which file is which split.
"""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from longthought.training.data.request import Format
from longthought.training.data.staging import RowStaging

if TYPE_CHECKING:
    from longthought.training.data.report import ExportReport

_COLUMNS: Final[Mapping[str, str]] = {
    "prompt-completion": "`prompt` and `completion` are lists of messages. Learn the completion alone.",
    "preference": "`prompt`, `chosen` and `rejected` are lists of messages.",
    "stepwise supervision": "`prompt` is a text, `completions` the steps one after the other, `labels` whether a right "
    "answer can still be reached after each, `values` how likely that is, and `first_error` the first step after which "
    "it can't, counted from 0, or -1.",
}

_LESSONS: Final[Mapping[Format, str]] = {
    Format.JOURNEY: "whole long thoughts with their wrong turns and corrections",
    Format.SHORTCUT: "the same answers by the same paths, without any wrong turn",
    Format.POLICY: "steps that lead to a right answer, with the prompts they were given to",
    Format.CRITIC: "right verdicts on steps, with the prompts they were given to",
    Format.DPO_POLICY: "replies that led to a right answer against replies that did not, to the same prompt",
    Format.DPO_CRITIC: "verdicts that were borne out against verdicts that were not, on the same step",
    Format.STEP_LABELS: "paths of steps, each labelled by whether a right answer can still be reached",
    Format.STEP_VALUES: "paths of steps, each with the TD(λ) target of its value, from the next score and the outcome",
}


def card(made: "ExportReport", staging: RowStaging) -> str:
    """Return the card as Markdown."""
    request = made.request
    lessons = "\n".join(f"- `{wanted}`: {_LESSONS[wanted]}" for wanted in request.formats)
    by_kind = table(
        ("split", "format", "kind", "rows", "problems", "debates", made.unit, "shortest", "longest"),
        ((_side(v), f, k, *rest) for v, f, k, *rest in staging.counts("validation", "format", "kind")),
    )
    by_run = table(
        ("run", "debates read", "rows", "problems", "debates used", made.unit),
        (
            (run, made.debates[run], *(counts[1:5] if counts else (0, 0, 0, 0)))
            for run, counts in _runs(made.debates, staging).items()
        ),
    )
    lengths = table(
        ("split", "median", "90 %", "99 %"),
        (
            (side, *(staging.quantile(share, validation=side == "validation") for share in (0.5, 0.9, 0.99)))
            for side in made.counts
        ),
    )
    left_out = table(("left out", "debates or rows"), made.left_out.most_common())
    return _CARD.format(
        front=front_matter(made.counts, "parquet" if request.parquet else "jsonl"),
        columns=_COLUMNS[made.shape],
        lessons=lessons,
        role=made.role,
        dialect=made.dialect,
        by_kind=by_kind,
        by_run=by_run,
        by="; `by` names the model in whose words it is, or says `rule`" if request.rewritten else "",
        rewritten=_rewritten(made, staging),
        unit=made.unit,
        lengths=lengths,
        left_out=left_out if made.left_out else "Nothing.",
        filters=_filters(made),
        command=made.command or "(made from Python, with `longthought.export`)",
    )


def front_matter(sides: Iterable[str], suffix: str) -> str:
    """Return the front matter that tells `datasets` and the hub which file is which split."""
    files = "\n".join(f"  - split: {side}\n    path: {side}.{suffix}" for side in sides)
    return f"---\ntags: [longthought]\nconfigs:\n- config_name: default\n  data_files:\n{files}\n---"


def _runs(debates: Mapping[str, int], staging: RowStaging) -> dict[str, tuple[Any, ...] | None]:
    unused: dict[str, tuple[Any, ...] | None] = dict.fromkeys(debates)
    return unused | {row[0]: row for row in staging.counts("run")}


def _rewritten(made: "ExportReport", staging: RowStaging) -> str:
    """Say how many journeys a model rewrote; nothing unless the request wants rewrites."""
    if not made.request.rewritten:
        return ""
    journeys = sum(count for wanted, count, *_ in staging.counts("format") if wanted == Format.JOURNEY)
    models = ", ".join(f"{count:,} by `{model}`" for model, count in made.rewritten.most_common())
    return (
        f"\nOf {journeys:,} journeys, {made.rewritten.total():,} are rewritten by a chat model ({models or 'none'}); "
        "the others are told by rule.\n"
    )


def _filters(made: "ExportReport") -> str:
    settings = made.request.model_dump(mode="json", exclude_defaults=True, exclude={"formats"})
    sets = [f"{name} ({count:,} problems)" for name, count in made.test_sets.items()]
    against = [name for name in made.request.against if name not in made.test_sets]
    lines = [f"- test sets kept out: {', '.join([*against, *sets])}"]
    lines += [f"- {name.replace('_', ' ')}: {json.dumps(value)}" for name, value in settings.items()]
    return "\n".join(lines)


def _side(validation: int) -> str:
    return "validation" if validation else "train"


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Return a Markdown table; whole numbers are written with thousands separators."""
    titles = list(head)
    lines = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    lines += [f"| {' | '.join(f'{c:,}' if isinstance(c, int) else str(c) for c in row)} |" for row in rows]
    return "\n".join(lines)


_CARD: Final = """\
{front}

# Training data from debates

{lessons}

For the role `{role}`, in the dialect `{dialect}`. {columns} The other columns say where a row comes from: `problem`,
`run`, `debate`, `node` (0 for the whole debate) and `kind`{by}.

```python
from datasets import load_dataset

data = load_dataset("PATH/OF/THIS/FOLDER")
```

## Rows

{by_kind}
{rewritten}
Lengths of what is learned, in {unit}:

{lengths}

## Sources

{by_run}

## Choice

{filters}

{left_out}

Train and validation share no problem.

## Again

```
{command}
```
"""
