"""Prompts for reinforcement: problems for thinkers and whole debates, and the states of logged debates.

A debate is folded event by event, so every state is one that an agent was in. What labels and the outcome say of it is
kept beside it for the rewards. Each prompt occurs once, and problems of test sets are left out.
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final

from longthought.agents.view import View, view
from longthought.domains.grade import reference_of
from longthought.domains.loader import load
from longthought.errors import ConfigError, ProblemError
from longthought.labels.exact import solvable_puzzle, states
from longthought.labels.label import Method
from longthought.problems.countdown import game
from longthought.problems.problem import Task
from longthought.training.data.annotated import AnnotatedDebate, RunAnnotations, replay
from longthought.training.data.contamination import TestSets, problem_key
from longthought.training.data.critic_rows import deepest_live, judged_steps
from longthought.training.data.folder import DataFolder, Meta, Split
from longthought.training.data.rows import RowOrigin, messages
from longthought.training.reinforcement.rewards.state import State, values_from
from longthought.training.request import ReinforcementRequest, Role
from longthought.trajectories.events import Author, Proposed
from longthought.trajectories.run import Run

FORMAT: Final = "grpo"
WHOLE: Final = "grpo-debates"
"""The format of problems on which policies and critics play whole debates."""


@dataclass(frozen=True)
class Prompts(DataFolder):
    """Prompts that are not kept in a folder; `path` is the file or the run that they were made from."""

    prompts: tuple[Mapping[str, Any], ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    """Reasons why states were left out, each with its count."""

    @property
    def files(self) -> Mapping[Split, Path]:  # type: ignore[override]
        """The source, as if it were the file of the only split."""
        return {"train": self.path}

    @property
    def fingerprint(self) -> str:  # type: ignore[override]
        """A digest of every prompt and of what is known of it."""
        return hashlib.sha256(json.dumps(self.prompts).encode()).hexdigest()[:16]

    def rows(self, split: Split) -> Any:
        """Return the prompts as a `datasets.Dataset`."""
        import datasets  # pyright: ignore[reportMissingTypeStubs]

        library: Any = datasets
        return library.Dataset.from_list(list(self.prompts))


def prompts_of(sources: Path | Sequence[Path], request: ReinforcementRequest, dialect: str) -> Prompts:
    """Make the prompts of a training: of the debates of runs, or of a file of problems.

    The prompt of a whole debate is the first that its policy gets, whichever agent learns.

    Raises:
        UserError: if the source can't be read, or there is nothing in it to train the role on.

    """
    tests, left_out = TestSets(request.against), Counter[str]()
    source, *more = [sources] if isinstance(sources, Path) else sources
    run = source.is_dir()
    if more and not all(one.is_dir() for one in (source, *more)):
        raise ConfigError("`source`: several must all be run folders; name one file of problems")
    role = request.role or ("policy" if run else "thinker")
    if run and request.role is None:
        raise ConfigError(f"`role` is missing: say which agent learns from the run {source}, policy, critic or thinker")
    whole = not run and role != "thinker"
    usual = ReinforcementRequest()  # the command line gives every setting
    whole_only = ("computed", "label", "partner", "rounds")
    changed = [name for name in whole_only if getattr(request, name) != getattr(usual, name)]
    if not whole and changed:
        raise ConfigError(
            f"`{changed[0]}` is a setting of whole debates, which policies and critics play on a file of problems; "
            "leave it out"
        )
    if request.unknown and (not run or role == "thinker"):
        raise ConfigError("`unknown` is for the states of a policy or a critic in the debates of a run; leave it out")
    found = chain.from_iterable(
        _of_run(one, role, request, dialect, tests, left_out) for one in (source, *more)
    ) if run else _of_tasks(load(source), "policy" if whole else "thinker", dialect, tests, left_out)  # fmt: skip
    rows = _distinct(found, left_out)
    if role == "critic" and run:
        rows = _balanced(rows, source, request.seed)
    if not rows:
        reasons = "; ".join(f"{count:,} {reason}" for reason, count in left_out.most_common(4)) or "it is empty"
        raise ProblemError(f"{source}: there is nothing to train a {role} on ({reasons})")
    columns = tuple(_row(state, logged) for state, logged in rows)
    made = WHOLE if whole else FORMAT
    return Prompts(source, Meta(format=made, dialect=dialect, role=role), columns, tuple(left_out.most_common()))


def _row(state: State, logged: str) -> Mapping[str, Any]:
    return {
        "prompt": messages(state.ask()),
        "problem": problem_key(state.task.problem),
        "statement": state.task.problem.statement,
        "state": state.model_dump_json(),
        "logged": logged,
    }


def _of_tasks(
    tasks: Iterable[Task], role: Role, dialect: str, tests: TestSets, left_out: Counter[str]
) -> Iterator[tuple[State, str]]:
    """Yield an agent's first state for each problem."""
    for task in tasks:
        state = State(role=role, dialect=dialect, task=task, view=View(task.problem, (), (), ()))
        if objection := tests.objection(task.problem):
            left_out[objection] += 1
        elif state.speaks.unsuitable(state.view) is not None:
            left_out[f"that can't be said in {dialect}"] += 1
        elif task.reference is None:
            left_out["without a reference to grade by"] += 1
        else:
            yield state, ""


def _of_run(
    source: Path, role: Role, request: ReinforcementRequest, dialect: str, tests: TestSets, left_out: Counter[str]
) -> Iterator[tuple[State, str]]:
    run = Run(source)
    tasks = {task.problem.id: task for task in load(request.problems)} if request.problems else {}
    annotations = RunAnnotations(source, rewritten=False)
    for name in run.ids():
        problem = run.problem(name)
        task = tasks.get(problem.id) or Task(problem=problem, reference=reference_of(problem, None))
        if role == "thinker":
            yield from _of_tasks([task], role, dialect, tests, left_out)
            continue
        if objection := tests.objection(problem):
            left_out[objection] += 1
            continue
        origin = RowOrigin(source.name, problem_key(problem), name, 0)
        debate = annotations.annotate(run.trajectory(name), origin)
        make = _policy_states if role == "policy" else _critic_states
        yield from make(debate, task, dialect, request.unknown, left_out)


def _policy_states(
    debate: AnnotatedDebate, task: Task, dialect: str, unknown: bool, left_out: Counter[str]
) -> Iterator[tuple[State, str]]:
    """Yield the states in which a policy was asked for a step, except those from which no answer can be reached."""
    solver = any(label.method is Method.EXACT for label in debate.labels.values())
    hopeless = _hopeless(debate) if solver else frozenset[int]()
    tree = debate.trajectory.tree
    for event, before in replay(debate.trajectory):
        if not isinstance(event, Proposed) or event.by is not Author.POLICY or event.node < len(before.nodes):
            continue
        known = values_from(tree, event.parent, partial(_value, debate))
        state = State(
            role="policy", dialect=dialect, task=task, view=_seen(view(before, at=event.parent)), known=known,
            solver=solver,
        )  # fmt: skip
        if state.speaks.unsuitable(state.view) is not None:
            left_out[f"that can't be said in {dialect}"] += 1
        elif event.parent in hopeless or debate.lives.get(event.parent) is False:
            left_out["from which no right answer can be reached"] += 1
        elif not (solver or known or unknown):
            left_out["of whose steps nothing is known"] += 1
        else:
            yield state, event.text


def _critic_states(
    debate: AnnotatedDebate, task: Task, dialect: str, unknown: bool, left_out: Counter[str]
) -> Iterator[tuple[State, str]]:
    """Yield the states in which a critic judged a step of which it is known where it leads; with `unknown`, all."""
    for event, before, shown, live in judged_steps(debate, unknown=unknown):
        state = State(
            role="critic", dialect=dialect, task=task, view=_seen(shown), live=live,
            back_to=None if live is not False else deepest_live(before, debate.lives, event.node),
        )  # fmt: skip
        if state.speaks.unsuitable(shown) is not None:
            left_out[f"that can't be said in {dialect}"] += 1
        else:
            yield state, event.calls[-1].text if event.calls else ""


def _seen(shown: View) -> View:
    return replace(shown, trajectory="")  # so that equal states of two debates are one


def _value(debate: AnnotatedDebate, node: int) -> float | None:
    value, live = debate.value(node), debate.lives.get(node)
    return value if value is not None or live is None else float(live)


def _hopeless(debate: AnnotatedDebate) -> frozenset[int]:
    """Return the nodes from which the solver reaches no right answer, the problem itself included."""
    puzzle = solvable_puzzle(debate.trajectory.problem.statement)
    if puzzle is None:
        return frozenset()
    after = states(debate.trajectory.tree, puzzle)
    dead = (n for n, s in after.items() if s.table is None or not game.solvable(s.table, puzzle.target))
    return frozenset(dead)


def _distinct(found: Iterable[tuple[State, str]], left_out: Counter[str]) -> list[tuple[State, str]]:
    """Keep each prompt once; what several debates know of its steps is put together."""
    kept: dict[str, tuple[State, str]] = {}
    for state, logged in found:
        prompt = json.dumps(messages(state.ask()))
        if prompt in kept:
            left_out["with the same prompt as another"] += 1
            earlier, first = kept[prompt]
            told = state if earlier.live is None else earlier
            put_together = {"known": {**state.known, **earlier.known}, "live": told.live, "back_to": told.back_to}
            kept[prompt] = (earlier.model_copy(update=put_together), first)
        else:
            kept[prompt] = (state, logged)
    return list(kept.values())


def _balanced(rows: list[tuple[State, str]], source: Path, seed: int) -> list[tuple[State, str]]:
    """Keep as many steps that lead to an answer as steps that don't, so that no verdict is right by habit.

    Steps of which nothing is known are kept too; no verdict on them counts as right.

    Raises:
        ProblemError: if all are of one kind.

    """
    live = [row for row in rows if row[0].live]
    dead = [row for row in rows if row[0].live is False]
    unknown = [row for row in rows if row[0].live is None]
    if (live or dead) and not (live and dead):
        kind = "lead to a right answer" if live else "lead to none"
        raise ProblemError(
            f"{source}: all {len(live) + len(dead):,} judged steps whose labels are known {kind}, so a critic would "
            "learn to say the same of every step; label the run with `longthought label`, or take more debates"
        )
    fewer = min(len(live), len(dead))
    chosen = random.Random(seed)
    return chosen.sample(live, fewer) + chosen.sample(dead, fewer) + unknown
