"""Training examples for the bundled agents: an endless random stream, made with the exact solver.

The solver teaches only here: what it knows reaches the agents through these examples alone. Every puzzle is of the
training split, without held-out targets.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longthought.problems.countdown import game, lookahead, notation
from longthought.problems.countdown.game import CountdownMove
from longthought.problems.countdown.puzzle import Puzzle
from longthought.training.bundled.recipe import Mix

WIDE_TARGET = 300
STAYS = 2
"""How many second moves may be rejected before a critic leaves a first move that it can't judge."""


@dataclass(frozen=True, slots=True)
class Example:
    """A token string in pieces, each with whether it is learned."""

    pieces: tuple[tuple[str, bool], ...]


def puzzles(rng: random.Random, mix: Mix) -> Iterator[Puzzle]:
    """Yield solvable training puzzles without end."""
    while True:
        deal = rng.choices(mix.deals, weights=[deal.share for deal in mix.deals])[0]
        dealt = tuple(rng.randint(1, deal.max_number) for _ in range(deal.numbers))
        if game.split_of(dealt) != "train":
            continue
        highest = WIDE_TARGET if mix.wide_targets and rng.random() < mix.wide_targets else deal.max_target
        targets = [t for t in game.reachable(dealt) if 10 <= t <= highest and not game.held_out_target(t)]
        rng.shuffle(targets)
        for target in targets[:4]:
            yield Puzzle(dealt, target)


@dataclass(frozen=True, slots=True)
class Position:
    """A position in a made-up debate: the numbers on the table, and its legal moves, live and dead."""

    state: tuple[int, ...]
    live: tuple[tuple[CountdownMove, tuple[int, ...]], ...]
    dead: tuple[tuple[CountdownMove, tuple[int, ...]], ...]

    @property
    def solvable(self) -> bool:
        """Whether the target can still be made from here."""
        return bool(self.live)


def position(state: Sequence[int], target: int) -> Position:
    """Return the position of a state: its legal moves, sorted by whether they keep it solvable."""
    live: list[tuple[CountdownMove, tuple[int, ...]]] = []
    dead: list[tuple[CountdownMove, tuple[int, ...]]] = []
    for move in game.moves(state):
        if move.result <= notation.MAX_VALUE:
            following = game.after(state, move)
            assert following is not None
            (live if game.solvable(following, target) else dead).append((move, following))
    return Position(tuple(state), tuple(live), tuple(dead))


def write(move: CountdownMove, following: tuple[int, ...]) -> str:
    """Write a move in the compact language."""
    return notation.write_step(move.left, move.operator, move.right, move.result, following)


def _tried(rng: random.Random, mix: Mix, here: Position, *, lost: bool) -> list[tuple[CountdownMove, tuple[int, ...]]]:
    """Draw the steps already rejected here: mostly dead ones, and more of them at a lost position."""
    pool = list(here.dead)
    if rng.random() < 0.1:
        pool += here.live
    rng.shuffle(pool)
    if mix.exhaustive and rng.random() < mix.exhaustive:
        return pool[: rng.randint(0, len(pool))]
    count = rng.randint(0, 9) if lost else 0
    while not lost and count < 14 and rng.random() < mix.tried:
        count += 1
    return pool[:count]


def _rejected(rng: random.Random, tried: Sequence[tuple[CountdownMove, tuple[int, ...]]]) -> list[str]:
    return [notation.write_rejected(write(*step), "illegal" if rng.random() < 0.03 else "dead") for step in tried]


def policy_examples(rng: random.Random, mix: Mix) -> Iterator[Example]:
    """Yield debates as the policy sees them: an accepted path, the steps rejected at its end, a good next step."""
    for puzzle in puzzles(rng, mix):
        state = tuple(sorted(puzzle.numbers, reverse=True))
        depth = rng.choices(range(len(state) - 1), weights=(5, 4, 2, 1)[: len(state) - 1])[0]
        pieces: list[tuple[str, bool]] = [(notation.write_problem(puzzle), False)]
        here = position(state, puzzle.target)
        for _ in range(depth):
            astray = bool(here.dead) and (not here.live or rng.random() < mix.wrong_path / 2)
            step = rng.choice(here.dead if astray else here.live)
            pieces += [("step", False), (write(*step), not astray)]
            here = position(step[1], puzzle.target)
        tried = _tried(rng, mix, here, lost=not here.solvable)
        options = [s for s in here.live if s not in tried] or [s for s in here.dead if s not in tried]
        if not options:
            continue
        pieces += [(text, False) for text in _rejected(rng, tried)]
        pieces += [("step", False), (f"{write(*rng.choice(options))} {notation.END}", True)]
        yield Example(tuple(pieces))


def critic_examples(rng: random.Random, mix: Mix) -> Iterator[Example]:
    """Yield debates as the critic sees them, with the look-ahead and the verdict it should write.

    With more numbers left than a look-ahead holds, it accepts; what follows shows whether that was right.
    """
    for puzzle in puzzles(rng, mix):
        target = puzzle.target
        state = tuple(sorted(puzzle.numbers, reverse=True))
        depths = (2, 6, 3, 1) if len(state) > 4 else (6, 3, 1)[: len(state) - 1]
        depth = rng.choices(range(len(state) - 1), weights=depths)[0]
        path: list[str] = []
        here = position(state, target)
        last_live = 0
        for _ in range(depth):
            astray = bool(here.dead) and (not here.live or rng.random() < mix.wrong_path)
            step = rng.choice(here.dead if astray else here.live)
            path.append(write(*step))
            here = position(step[1], target)
            if here.solvable or len(here.state) > lookahead.LONGEST:
                last_live = len(path)
        lost = not here.solvable
        tried = _tried(rng, mix, here, lost=lost)
        wanted = here.live if here.live and rng.random() < 0.5 else here.dead
        options = [s for s in wanted if s not in tried]
        if not options:
            continue
        move, following = rng.choice(options)
        if last_live and len(here.state) > lookahead.LONGEST and len(tried) >= STAYS:
            last_live = 0
        evidence = "holds" if rng.random() < 0.7 else "unchecked"
        if rng.random() < mix.corrupted:
            move, following, evidence, reply = _corrupt(rng, move, following, last_live)
        else:
            ahead = len(following) <= lookahead.LONGEST
            written = lookahead.verdict(following, target, last_live) if ahead else "continue"
            if written is None:
                continue
            reply = written
        view = notation.write_view(notation.write_problem(puzzle), path, _rejected(rng, tried))
        prompt = notation.critic_prompt(view, write(move, following), evidence)
        yield Example(((prompt, False), (f"{reply} {notation.END}", True)))


def solo_examples(rng: random.Random, mix: Mix) -> Iterator[Example]:
    """Yield examples of both agents, for one agent in both roles."""
    proposals, verdicts = policy_examples(rng, mix), critic_examples(rng, mix)
    while True:
        yield next(proposals if rng.random() < mix.proposals else verdicts)


def _corrupt(
    rng: random.Random, move: CountdownMove, following: tuple[int, ...], back_to: int
) -> tuple[CountdownMove, tuple[int, ...], str, str]:
    """Make a step miscalculate; the critic should say so, whether or not a tool did."""
    wrong = move.result
    while wrong == move.result:
        wrong = max(1, min(notation.MAX_VALUE, move.result + rng.choice((-10, -9, -2, -1, 1, 2, 9, 10))))
    left = list(following)
    left[left.index(move.result)] = wrong
    evidence = "refuted" if rng.random() < 0.5 else "unchecked"
    changed = CountdownMove(move.left, move.operator, move.right, wrong)
    return changed, tuple(sorted(left, reverse=True)), evidence, f"wrong backtrack {back_to}"
