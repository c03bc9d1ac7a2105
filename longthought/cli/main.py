"""`longthought`: the commands, and how errors reach a person: one clear line, no traceback for a user's mistake."""

import os
import sys

import typer

from longthought.cli.check import check
from longthought.cli.code_thoughts import code_thoughts
from longthought.cli.doctor import doctor
from longthought.cli.evaluate import evaluate
from longthought.cli.export import export
from longthought.cli.generate import generate
from longthought.cli.label import label
from longthought.cli.problems import problems
from longthought.cli.rewrite import rewrite
from longthought.cli.show import show
from longthought.cli.solve import solve
from longthought.cli.steps import steps
from longthought.cli.tell import tell
from longthought.cli.train import train
from longthought.errors import LongthoughtError

app = typer.Typer(
    name="longthought",
    help="Two agents argue until the answer checks out, and every argument becomes training data.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.command()(solve)
app.command()(generate)
app.command()(evaluate)
app.command()(show)
app.command()(tell)
app.add_typer(problems, name="problems")
check.command()(steps)
app.add_typer(check, name="check")
app.command()(label)
app.command()(rewrite)
app.command()(export)
app.add_typer(train, name="train")
app.command()(code_thoughts)
app.command()(doctor)


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    """Two agents argue until the answer checks out, and every argument becomes training data."""
    if version:
        from longthought import __version__

        typer.echo(f"longthought {__version__}")
        raise typer.Exit()


def main() -> None:
    """Run the command line."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:  # an unknown command, a missing option, a value of the wrong type
        said = error.format_message().rstrip(".")
        code = _say(f"{said}; see --help", error.exit_code) if said else error.exit_code  # else help was shown
    except LongthoughtError as error:
        code = _say(str(error), error.exit_code)
    except KeyboardInterrupt:
        code = _say("stopped", 130)
    sys.exit(code)


def _say(message: str, code: int) -> int:
    """Write a message on one line, however many it has."""
    first, *rest = (" ".join(line.split()) for line in message.splitlines() if line.strip())
    typer.echo(f"longthought: {first}{': ' if rest else ''}{'; '.join(rest)}", err=True)
    return code
