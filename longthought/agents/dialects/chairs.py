"""The two sets of texts of the prose dialect: for two agents, or for one agent in both roles.

The texts themselves stand in `prompts`; this file says which belong together.
"""

from dataclasses import dataclass
from typing import Final

from longthought.agents.dialects import prompts
from longthought.trajectories.events import Author


@dataclass(frozen=True, slots=True)
class ChairTexts:
    """The texts that depend on whether policy and critic are one agent or two."""

    system: str
    """The system message of every request, so that both roles share it and the path."""
    attempt: str
    """A step that the critic or the policy rejected."""
    doubt: str
    reflection: str
    remark: str
    """A remark of the strategy, such as why it refused a verdict."""
    write_reflection: str

    def write_rejected(self, number: int, text: str, by: Author, reason: str) -> str:
        """Write an attempt and why it was rejected; if a tool or a person rejected it, the text names that author."""
        form = self.attempt if by in (Author.CRITIC, Author.POLICY) else prompts.ATTEMPT
        return form.format(number=number, text=text, by=by.value, reason=reason or prompts.NO_REASON)

    def write_remark(self, by: Author, text: str) -> str:
        """Write a remark on the candidate."""
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
    system=prompts.SYSTEM,
    attempt=prompts.ATTEMPT,
    doubt=prompts.DOUBT,
    reflection=prompts.REFLECTION,
    remark=prompts.REMARK,
    write_reflection=prompts.WRITE_REFLECTION,
)
"""The texts for two agents."""
ALONE: Final = ChairTexts(
    system=prompts.ALONE,
    attempt=prompts.ATTEMPT_ALONE,
    doubt=prompts.DOUBT_ALONE,
    reflection=prompts.REFLECTION_ALONE,
    remark=prompts.REFUSED_ALONE,
    write_reflection=prompts.WRITE_REFLECTION_ALONE,
)
"""The texts for one agent in both roles."""
