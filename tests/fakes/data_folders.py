"""Data folders made of real debates between the bundled agents, in the columns that `longthought export` writes."""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import longthought as lt
from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.dialect import Dialect
from longthought.agents.dialects.prose import Prose
from longthought.agents.view import view
from longthought.domains.countdown import countdown_task
from longthought.problems.countdown import game, notation
from longthought.problems.countdown.puzzle import Puzzle
from longthought.trajectories.events import Judged, Proposed
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import NodeKind, Standing, Tree

Row = dict[str, Any]
DIALECTS: Mapping[str, Dialect] = {"compact": Compact(), "prose": Prose()}


def play(out: Path, count: int) -> list[Trajectory]:
    """Let the bundled agents debate problems of the training split, one at a time: the same whenever it is played."""
    tasks = [countdown_task(puzzle) for puzzle in game.generate(count=count, split="train", seed=4)]
    return sorted(lt.generate(tasks, out=out, concurrency=1), key=lambda t: t.id)


def messages(asked: Iterable[Any]) -> list[Row]:
    roles = {"human": "user", "ai": "assistant", "system": "system"}
    return [{"role": roles[m.type], "content": m.text} for m in asked]


def said(text: str) -> list[Row]:
    return [{"role": "assistant", "content": text}]


def policy_rows(debates: Iterable[Trajectory], dialect: str = "compact") -> list[Row]:
    """Every proposal that was accepted in the end, asked for as it was asked for then."""
    rows: list[Row] = []
    for debate in debates:
        tree = Tree()
        for event in debate.events:
            if isinstance(event, Proposed) and debate.tree.node(event.node).standing is Standing.ACCEPTED:
                asked = DIALECTS[dialect].ask_policy(view(tree, at=event.parent))
                rows.append({"prompt": messages(asked), "completion": said(event.text), "problem": debate.problem.id})
            tree.apply(event)
    return rows


def critic_rows(debates: Iterable[Trajectory]) -> list[Row]:
    """Every verdict of the critic, in the words it was written in."""
    rows: list[Row] = []
    for debate in debates:
        tree = Tree()
        for event in debate.events:
            if isinstance(event, Judged) and event.calls:
                asked = Compact().ask_critic(view(tree, event.node))
                rows.append(
                    {"prompt": messages(asked), "completion": said(event.calls[-1].text), "problem": debate.problem.id}
                )
            tree.apply(event)
    return rows


def thinker_rows(debates: Iterable[Trajectory], dialect: str = "compact") -> list[Row]:
    """Every solved debate as one long thought."""
    from longthought.agents.dialects.thinkers import VOICES

    voice = VOICES[dialect]
    return [
        {
            "prompt": messages(voice.ask(d.problem)),
            "completion": said(str(d.long_thought(voice=voice))),
            "problem": d.problem.id,
        }
        for d in debates
        if d.solved
    ]


def pairs(debates: Iterable[Trajectory]) -> list[Row]:
    """Siblings: a step that stood against one that was sent back."""
    rows: list[Row] = []
    for debate in debates:
        tree = debate.tree
        for node in tree.nodes:
            steps = [tree.nodes[c] for c in node.children if tree.nodes[c].kind is NodeKind.STEP]
            good = [s.text for s in steps if s.standing is Standing.ACCEPTED]
            bad = [s.text for s in steps if s.standing is not Standing.ACCEPTED and s.text not in good]
            texts = [n.text for n in tree.path(node.id) if n.kind is NodeKind.STEP]
            puzzle = Puzzle.read(debate.problem.statement)
            assert puzzle is not None
            asked = notation.policy_prompt(notation.write_view(notation.write_problem(puzzle), texts, []))
            rows += [
                {
                    "prompt": [{"role": "user", "content": asked}],
                    "chosen": said(g),
                    "rejected": said(b),
                    "problem": debate.problem.id,
                }
                for g in good
                for b in bad
            ]
    return rows


def label_rows(puzzles: Sequence[Puzzle], paths: int = 8) -> list[Row]:
    """Random paths from each puzzle to its leaves, every step labelled by the exact solver."""
    rng, rows = random.Random(0), list[Row]()
    for puzzle in puzzles:
        for _ in range(paths):
            state, steps, labels = tuple(puzzle.numbers), list[str](), list[bool]()
            while len(state) > 1:
                live = [m for m in game.moves(state) if _lives(state, m, puzzle.target)]
                move = rng.choice(live if live and rng.random() < 0.5 else list(game.moves(state)))
                after = game.after(state, move)
                assert after is not None
                if move.result > notation.MAX_VALUE:
                    break
                state = after
                steps.append(notation.write_step(move.left, move.operator, move.right, move.result, state))
                labels.append(game.solvable(state, puzzle.target))
            if steps:
                prompt = notation.write_problem(puzzle)
                rows.append({"prompt": prompt, "completions": steps, "labels": labels, "problem": puzzle.id})
    return rows


def _lives(state: Sequence[int], move: game.CountdownMove, target: int) -> bool:
    after = game.after(state, move)
    return after is not None and move.result <= notation.MAX_VALUE and game.solvable(after, target)


def write(
    out: Path, train: Sequence[Row], validation: Sequence[Row] = (), *, format: str, role: str, dialect: str = "compact"
) -> Path:
    """Write a data folder."""
    out.mkdir(parents=True)
    for split, rows in (("train", train), ("validation", validation)):
        if rows:
            (out / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    counts = {"train": len(train), "validation": len(validation)}
    meta = {"schema_version": 1, "format": format, "dialect": dialect, "role": role, "counts": counts}
    (out / "meta.json").write_text(json.dumps(meta))
    return out


def split(rows: Sequence[Row], share: float = 0.2) -> tuple[list[Row], list[Row]]:
    """Part rows by problem."""
    problems = sorted({row["problem"] for row in rows})
    aside = set(problems[: max(1, round(len(problems) * share))])
    return [r for r in rows if r["problem"] not in aside], [r for r in rows if r["problem"] in aside]
