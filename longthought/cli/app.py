"""The commands of `longthought`, in one application."""

import shutil
from typing import Any, Final

import typer
from typer.core import TyperGroup

from longthought.cli.check import check
from longthought.cli.code_thoughts import code_thoughts
from longthought.cli.doctor import doctor
from longthought.cli.evaluate import evaluate
from longthought.cli.export import export
from longthought.cli.generate import generate
from longthought.cli.import_thread import import_thread
from longthought.cli.improve import improve
from longthought.cli.label import label
from longthought.cli.problems import problems
from longthought.cli.rewrite import rewrite
from longthought.cli.show import show
from longthought.cli.solve import solve
from longthought.cli.steps import steps
from longthought.cli.stopping import stoppable
from longthought.cli.tell import tell
from longthought.cli.train import train
from longthought.cli.view import view

RESUMABLE: Final = ("generate", "evaluate", "label", "rewrite", "code-thoughts", "train")
"""Commands that keep what they have done, and resume when they are run again."""
WIDE: Final = 100
"""Number of columns from which on the help is a table; a narrower one cuts off names and defaults."""


class _Interruptible(TyperGroup):
    """A group whose commands end with one line on Ctrl-C, where typer writes nothing."""

    def invoke(self, ctx: Any) -> Any:
        def message() -> str:
            return f"stopped{'; run the same command again to go on' if ctx.invoked_subcommand in RESUMABLE else ''}"

        with stoppable(message, on_terminate=False):
            return super().invoke(ctx)


app = typer.Typer(
    name="longthought",
    cls=_Interruptible,
    help="Two agents argue until the answer checks out, and every argument becomes training data.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown" if shutil.get_terminal_size().columns >= WIDE else None,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.command()(solve)
app.command()(generate)
app.command()(evaluate)
app.command()(show)
app.command()(view)
app.command()(tell)
app.add_typer(problems, name="problems")
check.command()(steps)
app.add_typer(check, name="check")
app.command()(label)
app.command()(rewrite)
app.command()(export)
app.add_typer(train, name="train")
app.command()(improve)
app.command()(code_thoughts)
app.command()(import_thread)
app.command()(doctor)


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    """Two agents argue until the answer checks out, and every argument becomes training data."""
    if version:
        from longthought import __version__

        typer.echo(f"longthought {__version__}")
        raise typer.Exit()
