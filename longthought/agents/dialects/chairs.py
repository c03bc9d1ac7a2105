"""The texts of the prose dialect that can be chosen: for two agents, for one in both roles, or from a file.

The texts themselves stand in `prompts`; this file says which belong together.
"""

import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from string import Formatter
from typing import Any, Final, Self

from longthought.agents.dialects import prompts
from longthought.errors import ConfigError
from longthought.request import suggestion
from longthought.trajectories.events import Author


@dataclass(frozen=True, slots=True)
class ChairTexts:
    """What an agent is told and asked; some texts depend on whether policy and critic are one agent or two."""

    system: str
    """The system message of every request, so that both roles share it and the path."""
    attempt: str
    """A step that the critic or the policy rejected."""
    doubt: str
    reflection: str
    remark: str
    """A remark of the strategy, such as why it refused a verdict."""
    write_reflection: str
    write_step: str = prompts.WRITE_STEP
    write_steps: str = prompts.WRITE_STEPS
    """Asks for a few steps."""
    write_rest: str = prompts.WRITE_REST
    """Asks for the rest of the solution."""
    compute: str = prompts.COMPUTE
    """What is added to these three where code is run."""
    in_words: str = prompts.IN_WORDS
    """What is added to them, and to the request for a solution, where it would be for nothing."""
    no_repeat: str = prompts.NO_REPEAT
    """What is added to them where steps were rejected."""
    write_verdict: str = prompts.WRITE_VERDICT
    again: str = prompts.AGAIN
    """Asks again after a reply that could not be used."""
    solve: str = prompts.SOLVE
    """The system message of requests for whole solutions."""
    write_solution: str = prompts.WRITE_SOLUTION

    def replaced(self, file: str | Path) -> Self:
        """Return the texts with those that a TOML file gives in place of others, by name.

        Raises:
            ConfigError: if the file can't be read, has a text of another name, or one with an unknown placeholder.

        """
        path = Path(file).expanduser()
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(f"`prompts` {path}: can't be read as TOML ({error})") from error
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, text in given.items():
            if name not in own:
                raise ConfigError(f"`prompts` {path}: there is no text {name}: {suggestion(name, own)}")
            _expect_placeholders(path, name, text, own[name])
        return replace(self, **given)

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


def _expect_placeholders(path: Path, name: str, text: Any, usual: str) -> None:
    """Raise unless a text is one, with no placeholders but those of the usual text."""
    try:
        own, known = ({field for _, field, _, _ in Formatter().parse(t) if field is not None} for t in (text, usual))
    except (ValueError, TypeError) as error:
        raise ConfigError(f"`prompts` {path}: {name} is no text with placeholders ({error})") from error
    if strange := own - known:
        there = ", ".join(f"{{{field}}}" for field in sorted(known)) or "none"
        raise ConfigError(
            f"`prompts` {path}: {name} has the placeholder {{{sorted(strange)[0]}}}, and there is {there}; "
            "write {{ and }} for braces"
        )
