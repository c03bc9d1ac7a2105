"""A tool of your own: it knows how long months are, and a step that it refutes is rejected without asking the critic.

`python examples/verifier.py` needs no server: its models repeat what they were given.
"""

import re
from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel, FakeListChatModel

import longthought as lt
from longthought.tools.verifier import Claim
from longthought.trajectories.events import Evidence, EvidenceStatus

DAYS = {"February": (28, 29), "April": (30,), "June": (30,), "September": (30,), "November": (30,)}


class Months:
    """Checks sentences such as "June has 30 days"."""

    name = "months"

    def claims(self, problem: lt.Problem, path: Sequence[str], step: str) -> list[Claim]:
        """Find what a step says of months."""
        found = re.finditer(rf"({'|'.join(DAYS)}) has (\d+) days", step)
        return [Claim(text=f[0], span=f.span(), problem=problem, path=tuple(path)) for f in found]

    async def check(self, claim: Claim) -> Evidence:
        """Look the month up."""
        month, _, days, _ = claim.text.split()
        right = int(days) in DAYS[month]
        status = EvidenceStatus.CONFIRMED if right else EvidenceStatus.REFUTED
        detail = "" if right else f"{month} has {DAYS[month][0]}"
        return Evidence(tool=self.name, claim=claim.text, span=claim.span, status=status, detail=detail)


def main(policy: BaseChatModel, critic: BaseChatModel) -> lt.Trajectory:
    """Let two chat models debate, with the tool beside one that ships with longthought."""
    statement = "How many days do April and June have together?"
    return lt.solve(statement, policy=policy, critic=critic, tools=["algebra", Months()])


if __name__ == "__main__":
    steps = ["June has 31 days.", "June has 30 days.", r"So does April: 30 + 30 = 60, so \boxed{60}."]
    verdicts = ['{"action": "continue", "score": 0.9}', '{"action": "terminate", "score": 0.9}']
    debate = main(FakeListChatModel(responses=steps), FakeListChatModel(responses=verdicts))
    print(debate.answer)
    print([node.reason for node in debate.tree.nodes if node.reason])
