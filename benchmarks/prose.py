"""Play language models on a fixed set of problems, and tabulate how they debate: one row for each model and setting.

    python benchmarks/prose.py train.jsonl --base-url http://localhost:8000/v1 --model NAME --problems 24 \
        --arm step=debate --arm draft=debate:draft=none --arm vote=sampling:attempts=8,choose=majority

The model plays both roles. Each arm is a run folder, so a run that stops goes on where it was. Prompts and settings are
tuned with this table on training problems; test problems are for `longthought evaluate`. Problems are chosen by the
hash of their id, so the same number is always the same problems.
"""

import argparse
import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import longthought as lt
from longthought.agents.dialects.prose import Prose
from longthought.domains.grade import grade
from longthought.evaluation.strategies import read
from longthought.problems.problem import Task
from longthought.statistics import auroc
from longthought.trajectories.events import AnyEvent, Author, Failed, Failure, Judged, Proposed, Usage
from longthought.trajectories.trajectory import Trajectory

LOST = {
    Failure.UNREADABLE_STEP: "unreadable",
    Failure.UNREADABLE_VERDICT: "unreadable",
    Failure.WITHHELD_STEP: "unreadable",
    Failure.WITHHELD_VERDICT: "unreadable",
    Failure.ILLEGAL_VERDICT: "illegal",
}


@dataclass
class Table:
    """What is counted of one arm."""

    debates: int = 0
    solved: int = 0
    replies: int = 0
    """Replies of the policy that held a step."""
    steps: int = 0
    repeated: int = 0
    others: int = 0
    """Replies that repeated a rejected one and were followed by others at once."""
    calls: Counter[str] = field(default_factory=Counter[str])
    """Model calls by role, and those that were unreadable or illegal, each asking again counted."""
    actions: Counter[str] = field(default_factory=Counter[str])
    meant: int = 0
    judged: Counter[tuple[bool, str]] = field(default_factory=Counter[tuple[bool, str]])
    """Verdicts on final answers by whether the answer was right, and the action."""
    scores: list[tuple[float, bool]] = field(default_factory=list[tuple[float, bool]])
    flips: Counter[tuple[bool, bool]] = field(default_factory=Counter[tuple[bool, bool]])
    """Debates by whether the first and the last answer were right."""
    policy: Usage = field(default_factory=Usage)
    critic: Usage = field(default_factory=Usage)

    async def add(self, task: Task, debate: Trajectory) -> None:
        """Count one debate."""
        assert task.reference is not None
        self.debates += 1
        self.solved += debate.solved is True
        self.policy, self.critic = self.policy + debate.tree.policy_usage, self.critic + debate.tree.critic_usage
        answers: list[bool] = []
        tried: set[tuple[object, ...]] = set()
        for event in debate.standing:
            self._calls(event)
            match event:
                case Proposed():
                    self.replies += not event.drafted
                    self.steps += 1
                    said = (event.parent, event.text, *(step.text for step in event.ahead))
                    self.repeated += said in tried
                    tried.add(said)
                    if event.answer is not None:
                        answers.append((await grade(task.problem, task.reference, event.answer))[0] is True)
                case Failed(failure=Failure.REPEATED_STEP):
                    self.replies += 1
                    self.repeated += 1
                case Judged():
                    await self._verdict(task, debate, event)
                case _:
                    pass
        if answers:
            self.flips[answers[0], debate.solved is True] += 1

    def _calls(self, event: AnyEvent) -> None:
        role = "critic" if event.by is Author.CRITIC else "policy"
        self.calls[role] += len(event.calls)
        lost = LOST.get(event.failure) if isinstance(event, Failed) else None
        unread = len(event.calls) - (lost is None)
        if role == "policy" and unread >= Prose.candidates:
            self.others += 1
            unread -= Prose.candidates
        if unread > 0:
            self.calls[f"{role} {lost or 'unreadable'}"] += unread

    async def _verdict(self, task: Task, debate: Trajectory, event: Judged) -> None:
        assert task.reference is not None
        action, answer = event.verdict.action.value, debate.tree.node(event.node).answer
        self.actions[action] += 1
        self.meant += event.verdict.said is not None
        if answer is None:
            return
        right = (await grade(task.problem, task.reference, answer))[0] is True
        self.judged[right, action] += 1
        if event.verdict.score is not None:
            self.scores.append((event.verdict.score, right))

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield names and values of the row."""
        n, total = self.debates or 1, self.policy + self.critic
        bad = {name: count for name, count in self.calls.items() if " " in name}
        yield "solved", f"{self.solved}/{self.debates} ({self.solved / n:.0%})"
        yield "steps a reply", f"{self.steps / (self.replies or 1):.1f}"
        yield "calls p, c", f"{self.calls['policy']}, {self.calls['critic']}"
        yield (
            "unreadable, illegal",
            (", ".join(f"{k} {v}" for k, v in sorted(bad.items())) or "0")
            + (f" = {sum(bad.values()) / max(1, self.calls['policy'] + self.calls['critic']):.1%}"),
        )
        yield "read as meant", str(self.meant)
        yield "repeated", f"{self.repeated} of {self.replies} ({self.repeated / (self.replies or 1):.0%})"
        yield "repeated, asked for others", str(self.others)
        yield "verdicts", ", ".join(f"{k} {v}" for k, v in self.actions.most_common())
        for right in (True, False):
            of = {action: count for (truth, action), count in self.judged.items() if truth is right}
            yield f"on {'right' if right else 'wrong'} answers", ", ".join(f"{k} {v}" for k, v in of.items()) or "–"
        yield "AUROC of scores", _auroc(self.scores)
        yield (
            "right→wrong, wrong→right",
            f"{self.flips[True, False]}, {self.flips[False, True]} of {sum(self.flips.values())}",
        )
        yield (
            "prompt, cached, written",
            f"{total.prompt / n:,.0f}, {total.cached / n:,.0f}, {total.completion / n:,.0f}",
        )
        yield "policy, critic computed", f"{self.policy.computed / n:,.0f}, {self.critic.computed / n:,.0f}"


def _auroc(scores: Sequence[tuple[float, bool]]) -> str:
    right, wrong = [s for s, truth in scores if truth], [s for s, truth in scores if not truth]
    if not right or not wrong:
        return "–"
    return f"{auroc(right, wrong):.2f}"


def chosen(path: Path, count: int) -> list[Task]:
    """Return `count` problems of a file that can be graded, chosen by the hashes of their ids."""
    tasks = [task for task in lt.load(path) if task.reference is not None]
    return sorted(tasks, key=lambda task: hashlib.sha256(task.problem.id.encode()).digest())[:count]


def main() -> None:
    """Play every arm, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--problems", type=int, default=24)
    parser.add_argument("--arm", action="append", required=True, metavar="NAME=GRAPH:SETTINGS")
    parser.add_argument("--out", type=Path, default=Path("runs/prose"))
    parser.add_argument("--concurrency", type=int, default=6)
    parser.add_argument("--tools", default="algebra", help="separated by commas, or none; an arm may have its own")
    parser.add_argument("--critic", help="another critic, such as tools (default: the model)")
    parser.add_argument("--tokens", type=int, help="budget of computed tokens a debate")
    given = parser.parse_args()
    tasks = chosen(given.file, given.problems)
    model = f"openai:{given.model}"
    rows: dict[str, Table] = {}
    for strategy in map(read, given.arm):
        out = given.out / f"{given.model}-{strategy.name}".replace("/", "-")
        tools = [] if given.tools == "none" else given.tools.split(",")
        usual = {"tools": tools, "rounds": 12, "critic": given.critic or model}
        settings: dict[str, Any] = {**usual, **strategy.settings}
        if given.tokens:
            settings["computed"] = given.tokens
        played = lt.generate(
            tasks, out=out, graph=strategy.graph, policy=model, base_url=given.base_url, concurrency=given.concurrency,
            **settings,
        )  # fmt: skip
        for _ in played:
            pass
        run, table = lt.Run(out), Table()
        by_id = {task.problem.id: task for task in tasks}
        for name in run.finished_ids():
            debate = run.trajectory(name)
            asyncio.run(table.add(by_id[debate.problem.id], debate))
        rows[strategy.name] = table
        print(f"\n{given.model}, {strategy.name}: {strategy.graph} {json.dumps(strategy.settings)}")
        for name, value in table.lines():
            print(f"  {name:26}{value}", flush=True)


if __name__ == "__main__":
    main()
