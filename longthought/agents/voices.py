r"""Long thoughts in the dialects of the agents: how a thinker is asked for one, how it sounds, where its answer stands.

A *thinker* writes a whole thought alone, where policy and critic write it together. It is trained on thoughts that
these voices tell and asked with the same words, so training and inference can't drift apart.
"""

from typing import Final, Protocol

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from longthought.agents import notation, prompts
from longthought.agents.compact_thought import CompactVoice, read_thought
from longthought.errors import ConfigError
from longthought.problems import code
from longthought.problems.conventions import final_answer
from longthought.problems.problem import Problem
from longthought.tools.python import blocks
from longthought.trajectories.english import English
from longthought.trajectories.thought import Voice


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


class ProseThinker(English):
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


class CompactThinker(CompactVoice):
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


VOICES: Final[dict[str, ThinkerVoice]] = {"prose": ProseThinker(), "compact": CompactThinker()}
"""By the name of the dialect."""


def _last_block(text: str, language: str) -> str | None:
    """Return the last block fenced as ```language that a thought ends with."""
    before, fence, after = text.rstrip().removesuffix("```").rpartition(f"```{language}\n")
    return after.rstrip("\n") if fence and before and "```" not in after else None
