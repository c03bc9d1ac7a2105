"""Thinkers: dialects in which one model writes a whole long thought alone, as the policy of `sampling`.

A thought is one reply and one attempt, with its wrong turns in it; its answer is where it ends. Thinkers learn from
thoughts that a *voice* tells and are asked in the same words, so training and inference can't drift apart. Nobody can
ask a thinker for a single step.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, NoReturn, Protocol

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from longthought.agents.dialects import prompts
from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.dialect import Step, Unreadable
from longthought.agents.dialects.prose import Prose
from longthought.agents.view import View
from longthought.errors import ConfigError
from longthought.problems import code
from longthought.problems.countdown import notation
from longthought.problems.final_answer import final_answer
from longthought.problems.problem import Problem
from longthought.problems.worked import Worked
from longthought.thoughts.compact import CompactVoice, read_thought
from longthought.thoughts.english import English
from longthought.thoughts.thought import Voice
from longthought.tools.python import blocks


class ThinkerVoice(Voice, Protocol):
    """A voice that a thinker can be asked to speak in."""

    def ask(self, problem: Problem) -> list[BaseMessage]:
        """Ask for a long thought.

        Raises:
            ConfigError: if the problem can't be put in this voice.

        """
        ...

    def read_answer(self, text: str, problem: Problem) -> str | None:
        """Find the final answer in a thought; None if it has none."""
        ...


class ProseThoughts(English):
    """Thoughts in plain English, as instruction-tuned models write them."""

    def ask(self, problem: Problem) -> list[BaseMessage]:
        """Ask for a long thought."""
        given = prompts.CONTEXT.format(context=problem.context) if problem.context else ""
        asked = prompts.PROBLEM.format(statement=problem.statement) + given
        return [SystemMessage(prompts.THINKER), HumanMessage(asked.rstrip())]

    def read_answer(self, text: str, problem: Problem) -> str | None:
        """Take what the last box holds; for a program, the last block of Python; for a proof, the last block."""
        if problem.domain == code.DOMAIN:
            found = blocks(text)
            return found[-1][0] if found else None
        if (fenced := _last_block(text, problem.domain)) is not None:
            return fenced
        return final_answer(text, last_line=False)


class CompactThoughts(CompactVoice):
    """Countdown thoughts in the terse notation of the bundled agents."""

    def ask(self, problem: Problem) -> list[BaseMessage]:
        """Ask with the problem alone: a thought begins with its first step."""
        puzzle = notation.read_statement(problem.statement)
        if puzzle is None:
            raise ConfigError(f"{problem.id}: only Countdown problems can be put in compact; ask in prose")
        return [HumanMessage(notation.write_problem(puzzle))]

    def read_answer(self, text: str, problem: Problem) -> str | None:
        """Compose the steps that stand at the end into one expression."""
        return read_thought(text).answer


VOICES: Final[dict[str, ThinkerVoice]] = {"prose": ProseThoughts(), "compact": CompactThoughts()}
"""By the name of the dialect."""


def _last_block(text: str, language: str) -> str | None:
    """Return the last block fenced as ```language that a thought ends with."""
    before, fence, after = text.rstrip().removesuffix("```").rpartition(f"```{language}\n")
    return after.rstrip("\n") if fence and before and "```" not in after else None


class Thinker:
    """What thinkers of all languages have in common; comes before the language it is mixed into."""

    thought_voice: ClassVar[ThinkerVoice]
    longest: int | None = None

    def ask_solution(self, view: View, examples: Sequence[Worked] = ()) -> list[BaseMessage]:
        """Ask for a long thought.

        Raises:
            ConfigError: if more than the problem is to be shown.

        """
        if examples or view.attempts:
            raise ConfigError("a thinker is shown the problem alone: leave few_shot, revise and merge out")
        return self.thought_voice.ask(view.problem)

    def read_solution(self, reply: str, view: View) -> Step | Unreadable:
        """Take the whole thought, and the answer it ends with if it has one."""
        text = reply.strip()
        return (
            Step(text, self.thought_voice.read_answer(text, view.problem))
            if text
            else Unreadable("the thought is empty")
        )

    def ask_policy(self, view: View) -> NoReturn:
        """Refuse.

        Raises:
            ConfigError: always.

        """
        raise ConfigError("a thinker writes whole thoughts, not single steps: take `graph=sampling`")

    def ask_reflection(self, view: View) -> NoReturn:
        """Refuse.

        Raises:
            ConfigError: always.

        """
        raise ConfigError("a thinker reflects in its thoughts, not when asked: take `graph=sampling`")


class CompactThinker(Thinker, Compact):
    """A thinker in the notation of the bundled agents."""

    name = "compact-thought"
    thought_voice = VOICES["compact"]


class ProseThinker(Thinker, Prose):
    """A thinker in plain words."""

    name = "prose-thought"
    thought_voice = VOICES["prose"]
