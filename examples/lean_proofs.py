r"""Proofs in Lean 4: the statement is a theorem, a step is a block of tactics, and Lean says what is left to prove.

`python examples/lean_proofs.py` needs no server: its models repeat what they were given. Where Lean is not installed,
its findings read `unavailable`, the critic decides alone, and the proof is not graded.
"""

from langchain_core.language_models import BaseChatModel, FakeListChatModel

import longthought as lt

THEOREM = "theorem both (p q : Prop) (hp : p) (hq : q) : q ∧ p"


def main(policy: BaseChatModel, critic: BaseChatModel) -> lt.Trajectory:
    """Let two chat models prove a theorem; what Lean refutes is left without asking the critic."""
    return lt.solve(THEOREM, domain="lean", answer=THEOREM, policy=policy, critic=critic, tools=["lean"])


if __name__ == "__main__":
    steps = ["Split it:\n```lean\nconstructor\n```", "Both are given:\n```lean\nexact hq\nexact hp\ndone\n```"]
    verdicts = ['{"action": "continue", "score": 0.9}', '{"action": "terminate", "score": 0.9}']
    debate = main(FakeListChatModel(responses=steps), FakeListChatModel(responses=verdicts))
    print(debate.answer)
    print("solved:", debate.solved)
