"""Make thoughts that end in programs out of programs that work: examples for thinkers where only programs are known.

A program is taken only if it answers its problem when it runs, and a thought only if the program read from its end is
the same one and answers too. The thought is told by rule, or written by a chat model and then checked; one that fails
the check is told by rule. Only the thought is learned, and references never stand in it.

Programs as thoughts: Gao et al., "PAL: Program-aided Language Models", 2023.
"""

import ast
import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from longthought.agents.catalogue import chat_model
from longthought.agents.dialects.thinkers import VOICES
from longthought.domains.catalogue import domain_of
from longthought.domains.grade import grade
from longthought.domains.loader import data_set
from longthought.errors import ConfigError, ProblemError, RefusedError
from longthought.jobs.thread import awaited
from longthought.problems.problem import Problem, Task
from longthought.problems.sources import source_of
from longthought.tools.python import blocks
from longthought.tools.sandbox.pool import shared
from longthought.tools.sandbox.result import RunStatus
from longthought.training.data.card import front_matter, table
from longthought.training.data.folder import DATA_SCHEMA, Split
from longthought.training.data.request import CodeThoughtRequest
from longthought.training.data.rows import RULE, messages, reply
from longthought.training.data.writer import new_folder, write_description, write_split
from longthought.training.destination import expect_new
from longthought.training.narration import narrate

FORMAT: Final = "code-thoughts"
TEMPERATURE: Final = 0.7
"""Sampling temperature of the chat model that tells thoughts."""
AT_ONCE: Final = 32
"""Maximum number of programs that are run, or told by a model, at a time."""
WRITER: Final = """You are shown a problem and a program that solves it. Write the thoughts of somebody who finds this \
program: what is asked, what ideas come up, what could go wrong, why each part of the program is as it is, step by \
step, in the first person, as if the program were not yet known. Do not write the program itself; it will be put after \
your words."""


_HEAD: Final = b'{"model": '
"""The beginning of a line of kept replies."""


@dataclass(frozen=True, slots=True)
class CodeThought:
    """A thought that ends in a program which solves its problem."""

    problem: Problem
    text: str
    answer: str
    """The program, or what it prints where the problem asks for a value."""
    by: str
    """`rule`, or the name of the model that wrote it."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """A program that no thought was made of."""

    problem: Problem
    reason: str


class Replies:
    """The replies of chat models in a file, so that a stop loses no more than the requests in flight."""

    def __init__(self, path: Path) -> None:
        """Read the replies kept so far; a line that a kill has torn is cut off.

        Raises:
            ConfigError: if the file holds something else.

        """
        self._path, self._replies = path, dict[tuple[str, str], str]()
        if not path.exists():
            return
        *whole, torn = path.read_bytes().split(b"\n")
        try:
            for line in whole:
                row = json.loads(line)
                self._replies[row["model"], row["asked"]] = row["said"]
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(f"{path}: holds no replies of chat models ({error!r}); move it away") from error
        if torn[: len(_HEAD)] != _HEAD[: len(torn)]:
            raise ConfigError(f"{path}: holds no replies of chat models ({torn[:40]!r}); move it away")
        os.truncate(path, path.stat().st_size - len(torn))

    def find(self, model: str, request: str) -> str | None:
        """Return the reply of a model to a request; None if none is kept."""
        return self._replies.get((model, request))

    def keep(self, model: str, request: str, reply: str) -> None:
        """Add a reply to the file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"model": model, "asked": request, "said": reply}, ensure_ascii=False) + "\n")

    def remove(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)


async def code_thought(
    task: Task, program: str, writer: BaseChatModel | None = None, *, replies: Replies | None = None
) -> CodeThought | Unfit:
    """Make a thought that ends in a program; the program is run before and after.

    Args:
        task: The problem, and the reference that the program must meet.
        program: Python source; for a problem that asks for a value, it prints the value.
        writer: The chat model that writes the thought; without one, or if it refuses, the thought is told by rule.
        replies: The writer's earlier replies, and the place to keep new ones.

    Raises:
        EndpointError: if the writer can't be reached.

    """
    try:
        narration = narrate(program)
    except (SyntaxError, ValueError, RecursionError) as error:
        return Unfit(task.problem, f"it is no Python: {error}")
    answer, fault = await _answer(task, program)
    if answer is None:
        return Unfit(task.problem, fault)
    if writer is not None:
        prompt = f"Problem:\n{task.problem.statement}\n\nProgram:\n```python\n{program.strip()}\n```"
        name = str(getattr(writer, "model", "a chat model"))
        words = await _written(writer, name, prompt, replies)
        if words and not blocks(words):
            text = _thought(words, program, task.problem, answer)
            if not await _objection(task, text, program):
                return CodeThought(task.problem, text, answer, name)
    text = _thought(f"Let me put a program together, piece by piece.\n\n{narration}", program, task.problem, answer)
    if objection := await _objection(task, text, program):
        return Unfit(task.problem, objection)
    return CodeThought(task.problem, text, answer, RULE)


async def _written(writer: BaseChatModel, name: str, prompt: str, replies: Replies | None) -> str:
    """Return the writer's reply, kept or new; the empty string if the writer refuses."""
    words = replies.find(name, prompt) if replies else None
    if words is None:
        try:
            words = (await writer.ainvoke([SystemMessage(WRITER), HumanMessage(prompt)])).text.strip()
        except RefusedError:
            return ""
        if replies:
            replies.keep(name, prompt, words)
    return words


async def _answer(task: Task, program: str) -> tuple[str | None, str]:
    """Return the answer that a program gives and no fault, or None and why the program gives no right answer."""
    if task.reference is None:
        return None, "the problem has no reference to check it by"
    answer = program.strip()
    if not domain_of(task.problem).answer_is_program:
        result = await shared().run(program)
        if result.run is not RunStatus.OK or not result.stdout.strip():
            return None, f"run: {result.run}, and it printed {result.stdout.strip()[:40]!r}"
        answer = result.stdout.strip().splitlines()[-1].strip()
    right, detail = await grade(task.problem, task.reference, answer)
    return (answer, "") if right else (None, detail or "what it answers is wrong")


def _thought(words: str, program: str, problem: Problem, answer: str) -> str:
    domain = domain_of(problem)
    if domain.answer_is_program:
        return f"{words}\n\nSo the whole program is:\n\n{domain.written_answer(program.strip())}"
    block = f"```python\n{program.strip()}\n```"
    return f"{words}\n\nSo the whole program is:\n\n{block}\n\nIt prints {answer}. {domain.written_answer(answer)}"


async def _objection(task: Task, text: str, program: str) -> str:
    """Read a thought as a grader would, run its program, and say what is wrong; the empty string if nothing is."""
    code = blocks(text)
    if not code or ast.dump(ast.parse(code[-1][0])) != ast.dump(ast.parse(program)):
        return "the program that stands in the thought is another one"
    read = VOICES["prose"].read_answer(text, task.problem)
    answer, fault = await _answer(task, code[-1][0])
    if fault or read is None or answer is None or read.strip() != answer:
        return fault or f"the thought is read to end in {read!r}"
    return ""


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
    replies = Replies(out.with_name(f"{out.name}.replies.jsonl"))
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
        command=command or "(made from Python, with `longthought.training.code_thoughts`)",
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
