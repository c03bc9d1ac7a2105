"""`longthought check`: one verifier on a case given by hand, or on many from standard input."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longthought.cli.options import Json

if TYPE_CHECKING:
    from longthought.tools.cases import VerifierName

check = typer.Typer(help="Check a case with one verifier.", no_args_is_help=True)

Lines = Annotated[
    bool, typer.Option("--jsonl", help="Read cases as JSON lines from standard input; write one line for each.")
]
_REFUTED = 1


@check.command()
def python(
    code: Annotated[str | None, typer.Argument(help="The program, or - to read it from standard input.")] = None,
    expect: Annotated[str | None, typer.Option(help="Output that the program should print.")] = None,
    jsonl: Lines = False,
    json: Json = False,
) -> None:
    """Run Python in the sandbox.

    Example: `longthought check python "print(6 * 7)" --expect 42`

    With --jsonl: lines {"id", "code"}, and "expect" to compare the output with.
    """
    _serve("python", jsonl, json, code=_text(code), expect=expect)


@check.command()
def algebra(
    text: Annotated[
        str | None, typer.Argument(help="A step of reasoning, or - to read it from standard input.")
    ] = None,
    jsonl: Lines = False,
    json: Json = False,
) -> None:
    """Check the equalities and inequalities in a text exactly.

    Example: `longthought check algebra "So 12 * 13 = 146."`

    With --jsonl: lines {"id", "text"}.
    """
    _serve("algebra", jsonl, json, text=_text(text))


@check.command()
def answer(
    gold: Annotated[str | None, typer.Argument(help="The reference answer.")] = None,
    given: Annotated[str | None, typer.Argument(help="The answer to compare with it.")] = None,
    jsonl: Lines = False,
    json: Json = False,
) -> None:
    """Compare two final answers.

    Example: `longthought check answer "1/2" "0.5"`

    With --jsonl: lines {"id", "gold", "given"}.
    """
    _serve("answer", jsonl, json, gold=gold, given=given)


@check.command()
def lean(
    statement: Annotated[str | None, typer.Argument(help="The theorem, without a proof.")] = None,
    proof: Annotated[
        str | None, typer.Argument(help="The tactics of the proof, or - to read them from standard input.")
    ] = None,
    jsonl: Lines = False,
    json: Json = False,
) -> None:
    """Check a Lean 4 proof of a given statement.

    Example: `longthought check lean "theorem t (a b : Nat) : a + b = b + a" "exact Nat.add_comm a b"`

    With --jsonl: lines {"id", "statement", "proof"}.
    """
    _serve("lean", jsonl, json, statement=statement, proof=_text(proof))


def _text(given: str | None) -> str | None:
    return sys.stdin.read() if given == "-" else given


def _serve(kind: "VerifierName", jsonl: bool, as_json: bool, **case: str | None) -> None:
    """Check one case, or all on standard input; exit with 1 if the one case is refuted or can't be checked here."""
    import asyncio

    from longthought.tools import cases

    if jsonl:
        asyncio.run(cases.serve(kind, sys.stdin, typer.echo))
        return
    missing = [name for name, value in case.items() if value is None and name != "expect"]
    if missing:
        raise typer.BadParameter(f"give {' and '.join(m.upper() for m in missing)}, or --jsonl")
    result = asyncio.run(cases.check_case(kind, {name: value for name, value in case.items() if value is not None}))
    _show(result, as_json)
    if result["status"] in ("refuted", "unavailable"):
        raise typer.Exit(_REFUTED)


def _show(result: dict[str, Any], as_json: bool) -> None:
    import json as encoder

    if as_json:
        typer.echo(encoder.dumps(result))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from longthought.cli.render.debate import EVIDENCE_SIGN

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for item in result.get("claims") or [result]:
        sign, style = EVIDENCE_SIGN[item["status"]]
        claim = [Text(item["claim"])] if "claim" in item else []
        table.add_row(Text(f"{sign} {item['status']}", style), *claim, Text(item["detail"], "dim" if claim else ""))
    if result.get("claims") == []:
        typer.echo("the text holds nothing that this tool can check")
    else:
        Console(highlight=False).print(table)
