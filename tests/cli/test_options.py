"""Options made of a request's fields: what the help says, what is built, and how a message names them."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer
from pydantic import Field
from typer.testing import CliRunner

from longthought.cli.flags import with_flags
from longthought.cli.options import Spelling, options
from longthought.errors import ConfigError
from longthought.request import Request


class Baking(Request):
    """What is baked."""

    dish: str
    """What comes
    out of the oven."""
    loaves: int = Field(default=2, ge=1)
    """Number of loaves."""
    minutes: Annotated[float, Field(gt=0)] | None = None
    """Minutes in the oven (default: until it is brown)."""
    crust: Literal["thin", "thick"] = "thin"
    """Thin or thick."""
    steam: bool = False
    """Bake with steam."""
    seeds: tuple[str, ...] = ()
    """Seeds on top."""
    sizes: tuple[int, ...] = (1,)
    """Sizes in grams."""
    tin: Path | None = None
    """Not for the command line."""


def sizes(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def ask(*words: str, **more: Any) -> tuple[int, str, list[Any]]:
    """Run a command made of the request, and return its exit code, what it printed and what it was handed."""
    built: list[Any] = []
    app = typer.Typer(add_completion=False)

    @app.command()
    @options(
        Baking, leave=("tin",), dish=Spelling(argument=True), seeds=Spelling("--seed -s", metavar="NAME"),
        steam=Spelling("--steam"), sizes=Spelling(read=sizes, default="1", metavar="GRAMS,…"), **more,
    )  # fmt: skip
    def bake(  # pyright: ignore[reportUnusedFunction]
        oven: Annotated[str, typer.Option(help="Which oven.")], request: Baking, quiet: bool = False
    ) -> None:
        """Bake."""
        built.extend((oven, request, quiet))

    done = CliRunner().invoke(app, words, env={"COLUMNS": "120"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output, built


def test_a_request_is_built_of_what_was_given_and_its_defaults() -> None:
    assert ask("bread", "--oven", "big")[2] == ["big", Baking(dish="bread"), False]
    words = ["bread", "--oven", "b", "--loaves", "3", "--minutes", "40", "--crust", "thick", "--steam", "--quiet"]
    built = Baking(dish="bread", loaves=3, minutes=40, crust="thick", steam=True, seeds=("poppy", "rye"), sizes=(2, 3))
    assert ask(*words, "-s", "poppy", "--seed", "rye", "--sizes", "2,3")[2] == ["b", built, True]


def test_the_help_is_what_stands_under_the_field() -> None:
    code, said, _ = ask("--help")
    assert code == 0
    for words in ("dish", "What comes out of the oven.", "--loaves", "[default: 2]", "--seed", "NAME", "GRAMS,…"):
        assert words in said
    assert "--tin" not in said
    assert "--no-steam" not in said


def test_a_value_that_makes_no_sense_is_refused_by_the_request() -> None:
    with pytest.raises(ConfigError, match="`loaves` must be at least 1, got 0"):
        ask("bread", "--oven", "big", "--loaves", "0")
    with pytest.raises(ConfigError, match="`crust` must be one of thin, thick, got 'soft'"):
        ask("bread", "--oven", "big", "--crust", "soft")
    assert ask("--oven", "big")[0] == 2


def test_a_field_that_the_request_has_not_is_a_mistake_in_the_program() -> None:
    with pytest.raises(TypeError, match="Baking has no field colour"):
        ask("bread", colour=Spelling("--colour"))


@pytest.mark.parametrize(
    ("words", "message", "said"),
    [
        (["generate"], "`samples` must be at least 1, got 0", "--samples must be at least 1, got 0"),
        (["generate"], "`patience` must be at least 1", "--set patience must be at least 1"),
        (["generate"], "take `graph=sampling` with `patience=2`", "take --graph sampling with --set patience=2"),
        (["generate"], "`veto=False` and `problems`", "--no-veto and PROBLEMS"),
        (["generate"], "`weather` is bad", "`weather` is bad"),
        (["generate"], "run `longthought label RUN --method exact`", "run `longthought label RUN --method exact`"),
        (["problems", "countdown", "--seed"], "`max_number` is 0", "--max-number is 0"),
        (["show"], "`patience` must be at least 1", "`patience` must be at least 1"),
        (["frobnicate"], "`samples` is 0", "`samples` is 0"),
        ([], "`samples` is 0", "`samples` is 0"),
    ],
)
def test_messages_name_flags_on_the_command_line(words: list[str], message: str, said: str) -> None:
    assert with_flags(message, words) == said
