"""Thinkers: dialects in which one model writes a whole long thought alone, as the policy of `sampling`.

A thought is one reply and one attempt, wrong turns included; its answer stands at its end. Thinkers are trained on
thoughts told by a *voice* and are asked in the words of the same voice, so training and inference can't drift apart. A
thinker can't write single steps.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, Protocol

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from longthought.agents.dialects import prompts
from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.dialect import SolutionsOnly, Step, Unreadable
from longthought.agents.dialects.prose import Prose
from longthought.agents.dialects.thinking import finished
from longthought.agents.dialects.writing import statement
from longthought.agents.view import View
from longthought.domains.conventions import conventions
from longthought.errors import ConfigError
from longthought.problems.countdown import notation
from longthought.problems.problem import Problem
from longthought.problems.worked import Worked
from longthought.thoughts.compact import CompactVoice, read_thought
from longthought.thoughts.english import English
from longthought.thoughts.thought import Voice


class ThinkerVoice(Voice, Protocol):
    """A voice in which a thinker can be asked for a thought."""

    def ask(self, problem: Problem) -> list[BaseMessage]:
        """Ask for a long thought.

        Raises:
            ConfigError: if this voice can't express the problem.

        """
        ...

    def read_answer(self, text: str, problem: Problem) -> str | None:
        """Return the final answer of a thought; None if it has none."""
        ...


class ProseThoughts(English):
    """Thoughts in plain English, as instruction-tuned models write them."""

    def ask(self, problem: Problem) -> list[BaseMessage]:
        """Ask for a long thought."""
        return [SystemMessage(prompts.THINKER), HumanMessage(statement(problem).rstrip())]

    def read_answer(self, text: str, problem: Problem) -> str | None:
        """Return the final answer that the problem's domain finds in a thought; None if there is none."""
        return conventions(problem).thought_answer(text)


class CompactThoughts(CompactVoice):
    """Countdown thoughts in the terse notation of the bundled agents."""

    def ask(self, problem: Problem) -> list[BaseMessage]:
        """Ask with the problem alone; the reply begins with the first step."""
        puzzle = notation.read_statement(problem.statement)
        if puzzle is None:
            raise ConfigError(f"{problem.id}: only Countdown problems can be put in compact; ask in prose")
        return [HumanMessage(notation.write_problem(puzzle))]

    def read_answer(self, text: str, problem: Problem) -> str | None:
        """Compose the steps that stand at the end into one expression."""
        return read_thought(text).answer


VOICES: Final[dict[str, ThinkerVoice]] = {"prose": ProseThoughts(), "compact": CompactThoughts()}
"""The voices of thinkers, by the name of their dialect."""


class Thinker(SolutionsOnly):
    """A mixin for thinkers of every dialect; list it before the dialect among the bases."""

    thought_voice: ClassVar[ThinkerVoice]
    longest: int | None = None

    def ask_solution(self, view: View, examples: Sequence[Worked] = ()) -> list[BaseMessage]:
        """Ask for a long thought.

        Raises:
            ConfigError: if there are examples or earlier attempts.

        """
        if examples or view.attempts:
            raise ConfigError("a thinker is shown the problem alone: leave `few_shot`, `revise` and `merge` out")
        return self.thought_voice.ask(view.problem)

    def read_solution(self, reply: str, view: View) -> Step | Unreadable:
        """Read a whole thought as one step, with the answer it ends with if any."""
        text = finished(reply).strip()
        return (
            Step(text, self.thought_voice.read_answer(text, view.problem))
            if text
            else Unreadable("the thought is empty")
        )


class CompactThinker(Thinker, Compact):
    """A thinker in the compact notation of the bundled agents."""

    name = "compact-thought"
    thought_voice = VOICES["compact"]


class ProseThinker(Thinker, Prose):
    """A thinker in plain words."""

    name = "prose-thought"
    thought_voice = VOICES["prose"]
