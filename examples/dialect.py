"""A dialect of your own: prompts from a file, and a model that ends with "Answer: …" instead of a box.

`python examples/dialect.py` needs no server: its models repeat what they were given.
"""

import re
from pathlib import Path

from langchain_core.language_models import BaseChatModel, FakeListChatModel

import longthought as lt
from longthought.agents.dialects.dialect import Step, Unreadable
from longthought.agents.dialects.prose import Prose
from longthought.agents.view import View

PROMPTS = Path(__file__).with_name("prompts.toml")


class Answers(Prose):
    """Prose in which the last line may read `Answer: 42`."""

    def read_step(self, reply: str, view: View) -> Step | Unreadable:
        """Put the answer into a box, and read the step as prose."""
        return super().read_step(re.sub(r"^Answer: *(.+)$", r"\\boxed{\1}", reply, flags=re.MULTILINE), view)


def main(policy: BaseChatModel, critic: BaseChatModel) -> lt.Trajectory:
    """Let a policy that speaks the dialect debate with a critic whose prompts stand in a file."""
    return lt.solve(
        "What is 6 * 7?",
        policy=lt.Policy("mine", policy, Answers()),
        critic=lt.critic(critic, prompts=str(PROMPTS)),
        tools=[],
    )


if __name__ == "__main__":
    verdict = '{"action": "terminate", "score": 0.9}'
    debate = main(FakeListChatModel(responses=["6 * 7 = 42.\nAnswer: 42"]), FakeListChatModel(responses=[verdict]))
    print(debate.answer)
