"""Who speaks to whom in prose: two agents in dialogue, or one agent in both chairs.

The words that differ stand in `prompts`; here it says which belong together.
"""

from dataclasses import dataclass
from typing import Final

from longthought.agents.dialects import prompts
from longthought.trajectories.events import Author


@dataclass(frozen=True, slots=True)
class ChairTexts:
    """The texts that depend on who is spoken to."""

    policy: str
    """System message of requests for steps and reflections."""
    critic: str
    """System message of requests for verdicts."""
    attempt: str
    """A step that the critic rejected; also one that others did, unless they are named."""
    doubt: str
    reflection: str
    remark: str
    """What the rules of the debate said of a verdict."""
    write_reflection: str

    def rejected(self, number: int, text: str, by: Author, reason: str) -> str:
        """Write an attempt and why it was rejected; a tool's or a person's word is never put down to the agent."""
        form = self.attempt if by in (Author.CRITIC, Author.POLICY) else prompts.ATTEMPT
        return form.format(number=number, text=text, by=by.value, reason=reason or prompts.NO_REASON)

    def said(self, by: Author, text: str) -> str:
        """Write a remark on the step in question."""
        match by:
            case Author.CRITIC:
                return self.doubt.format(text=text)
            case Author.POLICY:
                return self.reflection.format(text=text)
            case Author.STRATEGY:
                return self.remark.format(by=by.value, text=text)
            case _:
                return prompts.REMARK.format(by=by.value, text=text)


DIALOGUE: Final = ChairTexts(
    policy=prompts.POLICY,
    critic=prompts.CRITIC,
    attempt=prompts.ATTEMPT,
    doubt=prompts.DOUBT,
    reflection=prompts.REFLECTION,
    remark=prompts.REMARK,
    write_reflection=prompts.WRITE_REFLECTION,
)
"""Policy and critic are two agents, each with a system message of its own."""
ALONE: Final = ChairTexts(
    policy=prompts.ALONE,
    critic=prompts.ALONE,
    attempt=prompts.ATTEMPT_ALONE,
    doubt=prompts.DOUBT_ALONE,
    reflection=prompts.REFLECTION_ALONE,
    remark=prompts.REFUSED_ALONE,
    write_reflection=prompts.WRITE_REFLECTION_ALONE,
)
"""One agent in both chairs: one system message, so that its steps and its verdicts share one prefix."""
