"""Thinkers at the table: a model that writes a whole long thought alone, as the policy of `sampling`.

A thought is one reply and one attempt, with its wrong turns in it; its answer is where it ends. Nobody can ask a
thinker for a single step.
"""

from collections.abc import Sequence
from typing import ClassVar, NoReturn

from langchain_core.messages import BaseMessage

from longthought.agents.compact import Compact
from longthought.agents.dialect import Step, Unreadable
from longthought.agents.prose import Prose
from longthought.agents.view import View
from longthought.agents.voices import VOICES, ThinkerVoice
from longthought.errors import ConfigError
from longthought.problems.worked import Worked


class Thinker:
    """What thinkers of all languages have in common; comes before the language it is mixed into."""

    thinks: ClassVar[ThinkerVoice]
    longest: int | None = None

    def ask_solution(self, view: View, examples: Sequence[Worked] = ()) -> list[BaseMessage]:
        """Ask for a long thought.

        Raises:
            ConfigError: if more than the problem is to be shown.

        """
        if examples or view.attempts:
            raise ConfigError("a thinker is shown the problem alone: leave few_shot, revise and merge out")
        return self.thinks.ask(view.problem)

    def read_solution(self, reply: str, view: View) -> Step | Unreadable:
        """Take the whole thought, and the answer it ends with if it has one."""
        text = reply.strip()
        return Step(text, self.thinks.read_answer(text, view.problem)) if text else Unreadable("the thought is empty")

    def ask_policy(self, view: View) -> NoReturn:
        """Refuse.

        Raises:
            ConfigError: always.

        """
        raise ConfigError("a thinker writes whole thoughts, not single steps: take --graph sampling")

    def ask_reflection(self, view: View) -> NoReturn:
        """Refuse.

        Raises:
            ConfigError: always.

        """
        raise ConfigError("a thinker reflects in its thoughts, not when asked: take --graph sampling")


class CompactThinker(Thinker, Compact):
    """A thinker in the notation of the bundled agents."""

    name = "compact-thought"
    thinks = VOICES["compact"]


class ProseThinker(Thinker, Prose):
    """A thinker in plain words."""

    name = "prose-thought"
    thinks = VOICES["prose"]
