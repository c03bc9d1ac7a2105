"""Runs that show everything a viewer must cope with; every text in them is as awkward as a model's may be.

python -m tests.fakes.golden OUT

OUT/first      80 debates: a large tree, a long thought, LaTeX, scripts, right-to-left text, emoji, thinking, doubts,
               wrong verdicts, a failure, a hole, and one that has not ended; with labels
OUT/second     another run on the same problems
OUT/compared   the folder of an evaluation
OUT/improved   the folder of an improvement loop
"""

import json
import random
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from longthought.labels.label import Label, LabelWriter, Method
from longthought.problems.problem import Problem
from longthought.training.improve.ledger import Decision, Ledger, Stage
from longthought.training.request import Role
from longthought.trajectories.events import (
    Action,
    Author,
    Call,
    Cause,
    Checked,
    Evidence,
    EvidenceStatus,
    Failed,
    Failure,
    Finished,
    Graded,
    Judged,
    Moved,
    Observed,
    Proposed,
    Reflected,
    StopReason,
    Usage,
    Verdict,
)
from longthought.trajectories.folder import RunFolder
from longthought.trajectories.segment import encode
from tests.fakes.logs import CRITIC, POLICY, STRATEGY, TOOL, GrowingLog

GRADER = Author.GRADER
SCRIPT = '<script>document.title = "broken"</script>'
IMAGE = "<img src=x onerror=\"document.title = 'broken'\">"
RTL = "לכן התשובה היא 42 ולא 24"
EMOJI = "👩‍👩‍👧 and 🏳️‍🌈 walk by: 𝟜𝟚 ≠ 24 🎉"
NODES = 1_000
LONG = 200_000
"""Characters of the long thought, at least."""


class Debate(GrowingLog):
    """A debate that is written move by move."""

    def step(
        self, text: str, *, parent: int | None = None, answer: str | None = None, thinking: str | None = None
    ) -> int:
        """Propose a step, and return its node."""
        node = len(self.tree.nodes)
        self.add(
            Proposed, POLICY, node=node, parent=self.tree.cursor if parent is None else parent, text=text,
            answer=answer, calls=(said(text, thinking),),
        )  # fmt: skip
        return node

    def check(self, node: int, status: EvidenceStatus, claim: str, detail: str = "") -> None:
        at = self.tree.node(node).text.find(claim)
        span = (at, at + len(claim)) if at >= 0 else None
        evidence = Evidence(tool="algebra", status=status, claim=claim, detail=detail, span=span, seconds=0.01)
        self.add(Checked, TOOL, node=node, evidence=(evidence,))

    def verdict(self, node: int, action: Action, score: float, critique: str = "", target: int | None = None) -> None:
        verdict = Verdict(action=action, score=score, critique=critique, target=target)
        self.add(Judged, CRITIC, node=node, verdict=verdict, calls=(said(f"{action} {score} {critique}"),))

    def accept(self, node: int, score: float, critique: str = "") -> None:
        action = Action.TERMINATE if self.tree.node(node).answer else Action.CONTINUE
        self.verdict(node, action, score, critique)
        self.add(Moved, CRITIC, to=node, cause=Cause.ACCEPTED, accepted=(node,), reason=critique)

    def reject(self, node: int, score: float, critique: str, to: int | None = None) -> None:
        self.verdict(node, Action.BACKTRACK, score, critique, to)
        path = [above.id for above in self.tree.path(node)]
        target = (self.tree.node(node).parent or 0) if to is None else to
        left = tuple(path[path.index(target) + 1 :] if target in path else path)
        self.add(Moved, CRITIC, to=target, cause=Cause.REJECTED, abandoned=left, reason=critique)

    def end(self, node: int | None, solved: bool | None, reason: StopReason = StopReason.ANSWERED) -> "Debate":
        answer = None if node is None else self.tree.node(node).answer
        self.add(Finished, STRATEGY, reason=reason, node=node, answer=answer)
        self.add(Graded, GRADER, solved=solved, detail="as the key says" if solved else "the key says otherwise")
        return self


def said(text: str, thinking: str | None = None) -> Call:
    usage = Usage(prompt=120 + len(text) // 4, cached=60, completion=max(1, len(text) // 4))
    return Call(model="fake:model", text=text, thinking=thinking, finish_reason="stop", usage=usage, latency=0.25)


def large_tree() -> Debate:
    """Return a search with a thousand nodes, most of them abandoned."""
    debate, chance = Debate(Problem(id="large-tree", statement="Find the path of nine right turns.")), random.Random(1)
    while len(debate.tree.nodes) < NODES - 1:
        deep = len(debate.tree.path())
        node = debate.step(f"Turn {chance.choice(('left', 'right'))} at crossing {deep + 1}.")
        if deep < 8 and chance.random() < 0.55:
            debate.accept(node, 0.5 + deep / 20, "plausible so far")
        else:
            path = [0, *(above.id for above in debate.tree.path(debate.tree.cursor))]
            debate.reject(node, 0.1, "this road ends at a wall", chance.choice(path[-3:]))
    last = debate.step("Turn right once more; the path is RRLRLLRLR.", answer="RRLRLLRLR")
    debate.accept(last, 0.97, "nine turns, as asked")
    return debate.end(last, True)


def long_thought() -> Debate:
    """Return a debate whose steps fill a thought of 200 KB."""
    debate, number = Debate(Problem(id="long-thought", statement="Add the numbers from 1 to 400, aloud.")), 0
    size = 0
    while size < LONG:
        number += 1
        total = number * (number + 1) // 2
        text = f"Now I add {number}, and have {total}. " + f"{total - number} + {number} = {total}. " * 20
        size += len(text)
        node = debate.step(text)
        debate.accept(node, 0.8)
    end = debate.step(f"So the sum is {total}.", answer=str(total))
    debate.accept(end, 0.99)
    return debate.end(end, True)


def latex() -> Debate:
    debate = Debate(
        Problem(id="latex", statement=r"Solve $x^2 - 5x + 6 = 0$ and give the larger root of $\frac{a}{b}$-type fame.")
    )
    wrong = debate.step(r"By Vieta, $x_1 + x_2 = 6$ and $x_1 x_2 = 5$, so $$x_{1,2} = \frac{6 \pm \sqrt{16}}{2}.$$")
    debate.check(wrong, EvidenceStatus.REFUTED, "x_1 + x_2 = 6", "the sum of the roots is 5")
    debate.add(Moved, TOOL, to=0, cause=Cause.VETOED, abandoned=(wrong,), reason="algebra: the sum of the roots is 5")
    node = debate.step(
        r"Factor: \[x^2 - 5x + 6 = (x-2)(x-3)\] \begin{align} x &= 2 \\ x &= 3 \end{align} and $\broken{$"
    )
    debate.check(node, EvidenceStatus.CONFIRMED, "x^2 - 5x + 6 = (x-2)(x-3)", "both sides agree")
    debate.verdict(node, Action.REFLECT, 0.6, "Which root is larger?")
    debate.add(Moved, CRITIC, to=0, cause=Cause.DOUBTED, doubted=(node,), reason="Which root is larger?")
    debate.add(Reflected, POLICY, node=3, parent=node, text="Wait, $3 > 2$, so the larger root is $3$.")
    debate.accept(node, 0.9, "That is right.")
    end = debate.step(r"The answer is $\boxed{3}$.", answer="3")
    debate.accept(end, 0.98)
    return debate.end(end, True)


def hostile() -> Debate:
    """Return a debate in which every text tries to be a part of the page."""
    statement = f"Which tag is harmless? {SCRIPT} </textarea></style>--> {IMAGE}"
    debate = Debate(Problem(id=f"hostile {SCRIPT}", statement=statement, domain=IMAGE))
    node = debate.step(
        f"```html\n{SCRIPT}\n```\n{IMAGE} [click](javascript:alert(1)) &lt;b&gt; <b>bold</b>", thinking=SCRIPT
    )
    debate.check(node, EvidenceStatus.DISPUTED, IMAGE, SCRIPT)
    debate.add(Observed, TOOL, node=node, tool="python", output=f"{IMAGE}\n\x1b[31mred\x1b[0m\x00")
    debate.reject(node, 0.2, f"{IMAGE}{SCRIPT}")
    debate.add(Failed, CRITIC, failure=Failure.UNREADABLE_VERDICT, detail=SCRIPT, node=node, calls=(said(IMAGE),))
    end = debate.step(IMAGE, answer=SCRIPT)
    debate.accept(end, 0.9, "' onmouseover='alert(1)")
    return debate.end(end, False)


def tongues() -> Debate:
    debate = Debate(Problem(id="שלום/🎉 #1", statement=f"{RTL}? {EMOJI}"))
    node = debate.step(f"{EMOJI} — {RTL}\u202e drawkcab")
    debate.accept(node, 0.7, RTL)
    end = debate.step(f"{RTL}: 42", answer="42 🎉")
    debate.accept(end, 0.8, EMOJI)
    return debate.end(end, True)


def thinking() -> Debate:
    debate = Debate(Problem(id="thinking", statement="What is 17 * 23?"))
    thoughts = "Okay, 17 * 23. Wait, 17 * 20 = 340 and 17 * 3 = 51. Hmm, that makes 391. " * 30
    end = debate.step("17 * 23 = 391", answer="391", thinking=thoughts)
    debate.accept(end, 0.99, "right")
    return debate.end(end, True)


def failed() -> Debate:
    debate = Debate(Problem(id="failed", statement="What is 1 / 0?"))
    debate.add(Failed, POLICY, failure=Failure.MODEL, detail="the server answered 500 <b>five times</b>", fatal=True)
    debate.add(Finished, STRATEGY, reason=StopReason.FAILED)
    return debate


def unfinished() -> Debate:
    debate = Debate(Problem(id="unfinished", statement="Is every even number above 2 a sum of two primes?"))
    debate.accept(debate.step("4 = 2 + 2."), 0.5)
    debate.step("6 = 3 + 3.")
    return debate


def wrong_verdict() -> Debate:
    """Return a debate in which the critic throws the right step away, and which fails for it."""
    debate = Debate(Problem(id="wrong-verdict", statement="Use 2, 3 and 4, each once, to make 14.", domain="countdown"))
    right = debate.step("3 + 4 = 7, which leaves 2 and 7.")
    debate.reject(right, 0.08, "7 can't be doubled with what is left")
    wrong = debate.step("2 + 3 = 5, which leaves 4 and 5.")
    debate.accept(wrong, 0.9, "5 is close to 14")
    end = debate.step("So 5 + 4 = 9.", answer="(2 + 3) + 4")
    debate.accept(end, 0.7)
    return debate.end(end, False)


def ordinary(number: int, chance: random.Random) -> Debate:
    """Return a debate of a few rounds, solved or not."""
    domain = chance.choice(("math", "countdown"))
    debate = Debate(Problem(id=f"sum-{number}", statement=f"What is {number} + {number * 7}?", domain=domain))
    for turn in range(chance.randrange(1, 9)):
        node = debate.step(f"I try {number} + {turn} first.")
        if chance.random() < 0.3:
            debate.check(node, EvidenceStatus.REFUTED, f"{number} + {turn}", "it leads nowhere")
            debate.add(Moved, TOOL, to=debate.tree.cursor, cause=Cause.VETOED, abandoned=(node,), reason="algebra: no")
        elif chance.random() < 0.5:
            debate.reject(node, chance.random() / 2, "Wait, that does not help.")
        else:
            debate.accept(node, 0.4 + chance.random() / 2, "good")
    right = chance.random() < 0.7
    answer = str(number * 8 if right else number * 9)
    end = debate.step(f"So it is {answer}.", answer=answer)
    if chance.random() < 0.1:
        debate.reject(end, 0.1, "no")
        return debate.end(None, False, StopReason.ROUNDS)
    debate.accept(end, chance.random() / 2 + (0.5 if right else 0.1))
    return debate.end(end, right)


_SPECIAL: tuple[Callable[[], Debate], ...] = (
    wrong_verdict, large_tree, long_thought, latex, hostile, tongues, thinking, failed, unfinished,
)  # fmt: skip


def write(out: Path, debates: Iterable[Debate], **config: object) -> Path:
    """Write debates into a new run folder."""
    settings = {"graph": "debate", "policy": "fake:policy", "critic": "fake:critic", **config}
    with RunFolder.create_or_resume(out, settings) as folder:
        for debate in debates:
            folder.append(debate)
    return out


def label(run: Path) -> None:
    """Label some steps: two verdicts were wrong, and some steps are doubtful."""
    name = "wrong-verdict#0"
    labels = [
        Label(trajectory=name, node=1, method=Method.EXACT, live=True, reason="2 * (3 + 4) = 14"),
        Label(trajectory=name, node=2, method=Method.EXACT, live=False),
        Label(trajectory=name, node=3, method=Method.EXACT, live=False),
    ]
    for number in range(1, 9):
        value = number / 20
        labels.append(
            Label(
                trajectory=f"sum-{number}#0", node=1, method=Method.MONTE_CARLO, live=number % 2 == 0, value=value,
                low=max(0.0, value - 0.2), high=value + 0.2, trials=4, doubtful=True, by="fake:policy", at=1.0,
            )
        )  # fmt: skip
    with LabelWriter(run) as writer:
        writer.append(labels)


def build(out: Path) -> Path:
    """Write everything below a new folder, and return the first run."""
    chance = random.Random(7)
    first = write(out / "first", [*(make() for make in _SPECIAL), *(ordinary(n, chance) for n in range(1, 71))])
    with (first / "events-0000.jsonl").open("ab") as file:  # a log with a hole, and a line that a kill tore
        broken = ordinary(500, chance)
        file.write(b"".join(encode(event) for event in broken if event.seq != 3))
        file.write(encode(unfinished()[0])[:60])
    label(first)
    write(out / "second", [*(make() for make in _SPECIAL[:1]), *(ordinary(n, chance) for n in range(1, 71))], seed=1)
    for strategy in ("debate", "majority"):
        for seed in (0, 1):
            write(out / "compared" / strategy / f"seed-{seed}", [ordinary(n, chance) for n in range(1, 31)], seed=seed)
    curve = [
        {
            "strategy": strategy, "budget": budget, "computed": budget * 0.8,
            "solved": {"solved": budget // 40, "of": 60, "rate": rate, "low": rate - 0.1, "high": rate + 0.1},
        }
        for strategy, start in (("debate", 0.3), ("majority", 0.2))
        for budget, rate in ((250, start), (500, start + 0.2), (1000, start + 0.4))
    ]  # fmt: skip
    (out / "compared" / "comparison.json").write_text(json.dumps({"curve": curve}))
    improve(out / "improved", chance)
    return first


def improve(out: Path, chance: random.Random) -> None:
    """Write the folder of an improvement loop: the policy is promoted, the critic is rolled back."""
    for run in ("validation/debate-0-level-0", "round-1/policy-sft/validation", "round-1/critic-sft/validation"):
        write(out / run, [ordinary(n, chance) for n in range(1, 31)])
    ledger = Ledger(out)
    rivals = ("validation/debate-0-level-0", "round-1/policy-sft/validation")
    lessons: list[tuple[str, Role, int, int, bool]] = [
        ("policy-sft", "policy", 12, 18, True), ("critic-sft", "critic", 18, 16, False)
    ]  # fmt: skip
    for rival, (lesson, role, before, after, promoted) in zip(rivals, lessons, strict=True):
        ledger.add(Stage(round=1, lesson=lesson, stage="validate", folder=f"round-1/{lesson}/validation", seconds=1.0))
        ledger.add(
            Decision(
                round=1, lesson=lesson, role=role, level=0, candidate=lesson, before="bundled:countdown", rival=rival,
                solved=(after, before), of=30, gain=(after - before) / 30, low=0.02 if promoted else -0.1, high=0.3,
                promoted=promoted, why="the gain is above 0" if promoted else "the gain is not surely above 0", seed=0,
                settings={}, tokens=250_000 if promoted else 410_000,
            )
        )  # fmt: skip


if __name__ == "__main__":
    build(Path(sys.argv[1]))
