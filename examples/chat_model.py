"""A chat model of LangChain as policy and as critic: any `BaseChatModel` is taken as it is.

`python examples/chat_model.py` needs no server: its models repeat what they were given.
"""

from langchain_core.language_models import BaseChatModel, FakeListChatModel

import longthought as lt


def main(policy: BaseChatModel, critic: BaseChatModel) -> lt.Trajectory:
    """Let two chat models debate."""
    return lt.solve(
        "A shirt costs 20 and is 15 % off. What does it cost?", policy=policy, critic=critic, tools=["algebra"]
    )


if __name__ == "__main__":
    steps = ["15 % of 20 is 3, and 20 - 3 = 16.", "15 % of 20 is 3, and 20 - 3 = 17.", r"It costs \boxed{17}."]
    verdicts = ['{"action": "continue", "score": 0.9}', '{"action": "terminate", "score": 0.9}']
    debate = main(FakeListChatModel(responses=steps), FakeListChatModel(responses=verdicts))
    print(debate.answer)
    print(debate.long_thought("chronological"))
