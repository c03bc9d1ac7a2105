"""What a critic is worth on Countdown: the same policy with it, without it, and with better and worse ones.

Arms at equal tokens get, on each problem, as many tokens as the real critic's most expensive debates took, prompts
included, and as many rounds as those allow.
"""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from longthought.agents import catalogue, notation
from longthought.agents.agent import Judge, Proposer
from longthought.api import generate
from longthought.evaluation.ablations import CredulousCritic, LeafCritic, OracleCritic, RandomCritic
from longthought.evaluation.statistics import Share, auroc, mcnemar, share
from longthought.problems import countdown
from longthought.problems.problem import Record, Task
from longthought.problems.puzzle import Puzzle
from longthought.trajectories.events import Author, Cause, Failed, Failure, Judged, Moved
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory

Arm = Literal["greedy", "debate", "oracle", "random", "leaf-only"]
ARMS: Final[tuple[Arm, ...]] = ("greedy", "debate", "oracle", "random", "leaf-only")
_NO_LIMIT: Final = 100_000


class ArmResult(Record):
    """How one arm did."""

    arm: str
    solved: int
    problems: int
    rate: float
    low: float
    high: float
    """95 % Wilson interval."""
    unseen_targets: str
    """The same on targets that never occur in training."""
    tokens: float
    """Tokens per problem, prompts included."""
    computed: float
    """The same without cached prompt tokens."""
    rounds: float
    p_value: float | None = None
    """McNemar against the debate, problem by problem."""


class CriticResult(Record):
    """How the critic's own judgements compare with the solver."""

    auroc: float
    """Of the score, on whether the state after a step is still solvable."""
    judged: int
    false_dead: str
    """Solvable states it gave up."""
    false_live: str
    """Lost states it went on from."""
    right_target: str
    """Of its steps back, those to the deepest solvable state."""
    miscalculated: str
    """Of all proposals, those the tools refuted."""
    repeated: str
    """Of all proposals, those already rejected at the same node."""
    asked_again: str
    """Of the policy's replies, those that were sent back as unreadable or rejected before."""


class Worth(Record):
    """The whole comparison."""

    arms: tuple[ArmResult, ...]
    critic: CriticResult


@dataclass(frozen=True, slots=True)
class Bench:
    """Problems, and the folder whose runs make the comparison resumable."""

    tasks: Sequence[Task]
    out: Path
    rounds: int = 32
    concurrency: int = 64

    def play(self, arm: Arm, policy: str | Proposer, critic: str | Judge, **settings: Any) -> list[Trajectory]:
        """Run one arm, or what is left of it, and return its debates in the order of the problems."""
        given: dict[str, Any] = {"rounds": self.rounds, "concurrency": self.concurrency, **settings}
        for _ in generate(self.tasks, out=self.out / arm, policy=policy, critic=critic, **given):
            pass
        return self.debates(arm)

    def debates(self, arm: Arm) -> list[Trajectory]:
        """Return the debates of an arm that was played, in the order of the problems."""
        run = Run(self.out / arm)
        return [run.trajectory(f"{task.problem.id}#0") for task in self.tasks]


@dataclass(frozen=True, slots=True)
class Pair:
    """The agents under test, by the names used on the command line."""

    policy: str
    critic: str
    temperature: float | None = None
    """Of the policy; by default its own."""


def measure(bench: Bench, pair: Pair, arms: Sequence[Arm] = ARMS, *, processes: int = 2) -> Worth:
    """Play the arms, some at a time, and compare them with the debate, which is always played."""
    first: list[Arm] = ["debate", *(arm for arm in ("greedy", "oracle") if arm in arms)]
    second: list[Arm] = [arm for arm in ("random", "leaf-only") if arm in arms]
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        free = [pool.submit(_play, bench, pair, arm) for arm in first]
        free[0].result()
        for played in [*free, *(pool.submit(_play, bench, pair, arm) for arm in second)]:
            played.result()
    debates = bench.debates("debate")
    results = [arm_result(arm, bench.debates(arm), None if arm == "debate" else debates) for arm in (*first, *second)]
    return Worth(arms=tuple(results), critic=critic_result(debates))


def _play(bench: Bench, pair: Pair, arm: Arm) -> None:
    policy = catalogue.policy(pair.policy, temperature=0.0 if arm == "greedy" else pair.temperature)
    match arm:
        case "debate":
            bench.play(arm, policy, catalogue.critic(pair.critic))
        case "greedy":
            bench.play(arm, policy, CredulousCritic(), rounds=8, tools=[])
        case "oracle":
            bench.play(arm, policy, OracleCritic())
        case "random" | "leaf-only":
            debates = bench.debates("debate")
            spent = sorted(t.usage.total.total for t in debates)
            cap = spent[min(len(spent) - 1, len(spent) * 99 // 100)]
            blind = LeafCritic() if arm == "leaf-only" else RandomCritic.like(debates)
            bench.play(arm, policy, blind, rounds=_NO_LIMIT, tokens=cap)


def arm_result(arm: str, found: Sequence[Trajectory], debates: Sequence[Trajectory] | None = None) -> ArmResult:
    """Sum up one arm."""
    rate = share(sum(t.solved is True for t in found), len(found))
    unseen = [t for t in found if countdown.held_out_target(_puzzle(t).target)]
    total = len(found)
    return ArmResult(
        arm=arm,
        solved=rate.hits,
        problems=total,
        rate=round(rate.value, 4),
        low=round(rate.low, 4),
        high=round(rate.high, 4),
        unseen_targets=_share(sum(t.solved is True for t in unseen), len(unseen)),
        tokens=round(sum(t.usage.total.total for t in found) / total, 1),
        computed=round(sum(t.usage.total.computed for t in found) / total, 1),
        rounds=round(sum(t.rounds for t in found) / total, 2),
        p_value=mcnemar([t.solved is True for t in found], [t.solved is True for t in debates]) if debates else None,
    )


def critic_result(debates: Sequence[Trajectory]) -> CriticResult:
    """Hold every verdict against the exact solver."""
    live: list[float] = []
    dead: list[float] = []
    false_dead = false_live = back = right_back = proposals = refuted = repeated = replies = again = 0
    for debate in debates:
        target = _puzzle(debate).target
        proposals += debate.rounds
        for event in debate.events:
            if event.by is Author.POLICY and event.calls:
                replies += len(event.calls)
                again += len(event.calls) - 1
            match event:
                case Judged():
                    state = _left(debate, event.node)
                    solvable = countdown.solvable(state, target)
                    (live if solvable else dead).append(event.verdict.score or 0.0)
                    hopeful = event.verdict.action in ("continue", "terminate")
                    false_dead += solvable and not hopeful
                    false_live += hopeful and not solvable
                    if not solvable and not hopeful:
                        back += 1
                        right_back += event.verdict.target == _deepest(debate, event.node, target)
                case Moved(cause=Cause.VETOED):
                    refuted += 1
                case Failed(failure=Failure.REPEATED_STEP):
                    repeated += 1
                case _:
                    pass
    return CriticResult(
        auroc=round(auroc(live, dead), 4),
        judged=len(live) + len(dead),
        false_dead=_share(false_dead, len(live)),
        false_live=_share(false_live, len(dead)),
        right_target=_share(right_back, back),
        miscalculated=_share(refuted, proposals),
        repeated=_share(repeated, proposals),
        asked_again=_share(again, replies),
    )


def _deepest(debate: Trajectory, node: int, target: int) -> int:
    """Return the deepest node above a step from which the target can still be made."""
    above = debate.tree.path(debate.tree.node(node).parent)
    return next((n.id for n in reversed(above) if countdown.solvable(_left(debate, n.id), target)), 0)


def _left(debate: Trajectory, node: int) -> tuple[int, ...]:
    step = notation.read_step(debate.tree.node(node).text)
    assert step is not None
    return step.remaining


def _puzzle(debate: Trajectory) -> Puzzle:
    puzzle = Puzzle.read(debate.problem.statement)
    assert puzzle is not None
    return puzzle


def _share(hits: int, of: int) -> str:
    return str(share(hits, of)) if of else "none"


__all__ = ["ARMS", "Arm", "Bench", "Share", "Worth", "measure"]
