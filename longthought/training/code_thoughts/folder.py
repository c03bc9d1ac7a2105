"""A data folder of thoughts that end in programs, made of a file of programs."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from langchain_core.language_models import BaseChatModel

from longthought.agents.catalogue import chat_model
from longthought.agents.dialects.thinkers import VOICES
from longthought.domains.loader import data_set
from longthought.errors import ProblemError
from longthought.jobs.thread import awaited
from longthought.problems.problem import Task
from longthought.problems.sources import source_of
from longthought.training.code_thoughts.replies import Replies
from longthought.training.code_thoughts.thought import CodeThought, Unfit, code_thought
from longthought.training.data.card import front_matter, table
from longthought.training.data.folder import DATA_SCHEMA, Split
from longthought.training.data.request import CodeThoughtRequest
from longthought.training.data.rows import messages, reply
from longthought.training.data.writer import new_folder, write_description, write_split
from longthought.training.destination import expect_new

FORMAT: Final = "code-thoughts"
TEMPERATURE: Final = 0.7
"""Sampling temperature of the chat model that tells thoughts."""
AT_ONCE: Final = 32
"""Maximum number of programs that are run, or told by a model, at a time."""


def programs(path: str | Path) -> Iterator[tuple[Task, str]]:
    """Read problems with their programs: `program`, or the solutions of HumanEval and MBPP.

    Raises:
        ProblemError: at a row that is no problem, or has no program.

    """
    source = source_of(path)
    tasks = replace(data_set(path), besides=frozenset({"program"}))
    for (number, row), task in zip(source.rows(), tasks, strict=True):
        match row:
            case {"program": str(program)} | {"code": str(program)}:
                yield task, program
            case {"prompt": str(prompt), "canonical_solution": str(rest)}:
                yield task, prompt + rest
            case _:
                raise ProblemError(
                    f'{source.place(number)}: "program": expected the program that solves it, found none'
                )


async def thoughts(
    path: str | Path,
    writer: BaseChatModel | None = None,
    *,
    replies: Replies | None = None,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> list[CodeThought | Unfit]:
    """Make a thought of every program in a file, `AT_ONCE` at a time; `watch` is called with the done and the total."""
    given, gate, done = list(programs(path)), asyncio.Semaphore(AT_ONCE), 0

    async def make(task: Task, program: str) -> CodeThought | Unfit:
        nonlocal done
        async with gate:
            thought = await code_thought(task, program, writer, replies=replies)
        done += 1
        watch(done, len(given))
        return thought

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(make(task, program)) for task, program in given]
    return [task.result() for task in tasks]


def write_thoughts(
    path: str | Path,
    out: Path,
    request: CodeThoughtRequest | None = None,
    *,
    writer: BaseChatModel | None = None,
    command: str = "",
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> Mapping[str, Any]:
    """Write the thoughts of a file of programs as a data folder for `longthought train sft`; return its `meta.json`.

    Until the folder is written, replies of the writer are kept in `OUT.replies.jsonl`; the same call resumes from them.

    Args:
        path: The file of programs.
        out: The folder of the data set; it must be new or empty.
        request: How the thoughts are made.
        writer: The chat model itself; without one it is made of the request's `writer` and `base_url`.
        command: The command line, for the card.
        watch: Called with the number of programs that are done, and of all.

    Raises:
        ConfigError: if the folder holds something already, or can't be written.
        ProblemError: if the file can't be read, or no program in it works.
        EndpointError: if the writer can't be reached.

    """
    request = request or CodeThoughtRequest()
    expect_new(out)
    if writer is None and request.writer is not None:
        writer = chat_model(request.writer, "policy", base_url=request.base_url, temperature=TEMPERATURE)
    replies = None if writer is None else Replies(out.with_name(f"{out.name}.replies.jsonl"))
    rows: list[dict[str, Any]] = []
    unfit: list[str] = []
    try:
        results = awaited(thoughts(path, writer, replies=replies, watch=watch))
    except ExceptionGroup as group:  # the first of several at once
        raise group.exceptions[0] from group
    for result in results:
        if isinstance(result, Unfit):
            unfit.append(f"{result.problem.id}: {result.reason}")
            continue
        prompt = messages(VOICES["prose"].ask(result.problem))
        rows.append({"prompt": prompt, "completion": reply(result.text), "problem": result.problem.id, "by": result.by})
    if not rows:
        raise ProblemError(
            f"{path}: none of its {len(unfit)} programs answers its problem ({unfit[0]}); mend them first"
        )
    aside = min(round(len(rows) * request.validation), len(rows) - 1)
    learned = {_prompt(row) for row in rows[aside:]}
    splits: dict[Split, list[dict[str, Any]]] = {
        "train": rows[aside:],
        "validation": [row for row in rows[:aside] if _prompt(row) not in learned],
    }
    meta = {
        "schema_version": DATA_SCHEMA,
        "format": FORMAT,
        "dialect": "prose",
        "role": "thinker",
        "counts": {split: len(chosen) for split, chosen in splits.items()},
        "left_out": unfit,
        "source": str(path),
    }
    with new_folder(out) as folder:
        for split, chosen in splits.items():
            if chosen:
                write_split(folder, split, chosen)
        write_description(folder, meta, _card(meta, command))
    if replies is not None:
        replies.remove()
    return meta


def _prompt(row: Mapping[str, Any]) -> str:
    return row["prompt"][-1]["content"]


def _card(meta: Mapping[str, Any], command: str) -> str:
    """Return the card of the data as Markdown."""
    sides = {side: count for side, count in meta["counts"].items() if count}
    return _CARD.format(
        front=front_matter(sides, "jsonl"),
        source=meta["source"],
        rows=table(("split", "rows"), sides.items()),
        left_out="\n".join(f"- {line}" for line in meta["left_out"]) or "None.",
        command=command or "(made from Python, with `longthought.training.code_thoughts.folder`)",
    )


_CARD: Final = """\
{front}

# Thoughts that end in programs

Made of the programs in `{source}`, for the role `thinker`, in the dialect `prose`. Each program answered its problem
when it was run, before and after. `prompt` and `completion` are lists of messages. Learn the completion alone.
`problem` says which problem it is, and `by` who told the thought: `rule`, or a model.

{rows}

Train and validation share no problem.

## Programs left out

{left_out}

## Again

```
{command}
```
"""
