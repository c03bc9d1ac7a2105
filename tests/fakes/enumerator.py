"""Fake agents for Countdown that need no model and send a bill: moves in their order, and the solver's word on them."""

from collections.abc import Sequence

from longthought.agents.agent import Reply
from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.dialect import Step
from longthought.agents.view import View
from longthought.evaluation.ablations import OracleCritic
from longthought.problems.countdown import game, notation
from longthought.trajectories.events import Call, Usage, Verdict


def bill(name: str, text: str, view: View) -> Call:
    """Charge for what is read and written; every second look at a path is half cached."""
    words = 10 + 6 * len(view.path) + 4 * len(view.attempts)
    usage = Usage(prompt=words, cached=words // 2 if view.attempts else 0, completion=len(text.split()))
    return Call(model=name, text=text, usage=usage, latency=0.25)


class Enumerator:
    """Proposes the first legal move that was not tried from here yet."""

    name = "fake:enumerator"

    def __init__(self) -> None:
        self.asked = 0

    def unsuitable(self, view: View) -> str | None:
        return None

    async def propose(self, view: View) -> Reply[Step]:
        self.asked += 1
        puzzle = notation.read_statement(view.problem.statement)
        assert puzzle
        table = tuple(sorted(puzzle.numbers, reverse=True))
        if view.path:
            step = notation.read_step(view.path[-1])
            assert step
            table = step.remaining
        tried = {attempt.text for attempt in view.attempts}
        texts: list[str] = []
        for move in (m for m in game.moves(table) if m.result <= notation.MAX_VALUE):
            following = game.after(table, move)
            assert following is not None
            texts.append(notation.write_step(move.left, move.operator, move.right, move.result, following))
        text = next((t for t in texts if t not in tried), texts[0])
        read = Compact().read_step(text, view)
        assert isinstance(read, Step)
        return Reply(read, (bill(self.name, text, view),))

    async def propose_many(self, view: View, count: int) -> Sequence[Reply[Step]]:
        return [await self.propose(view)]

    async def reflect(self, view: View) -> Reply[str]:
        raise AssertionError("nobody asks for a reflection here")

    async def aclose(self) -> None:
        pass


class Solver(OracleCritic):
    """The exact critic, as one that costs tokens."""

    name = "fake:solver"

    async def judge(self, view: View) -> Reply[Verdict]:
        verdict = self.verdict(view)
        return Reply(verdict, (bill(self.name, f"so I say {verdict.action}", view),))
