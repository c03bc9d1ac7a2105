"""`longthought doctor`: what works on this machine, and how to install the rest."""

from typing import Annotated

import typer

from longthought.cli.options import Json


def doctor(
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Also check the model server at this URL.")
    ] = None,
    json: Json = False,
) -> None:
    """Report what works here, and how to install the rest.

    Example: `longthought doctor --base-url http://localhost:8000/v1`
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from longthought.cli.diagnosis import diagnose

    findings = diagnose(base_url)
    if json:
        import json as encoder

        typer.echo(encoder.dumps([finding._asdict() for finding in findings]))
    else:
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for finding in findings:
            sign = {True: Text("✔", "green"), False: Text("✘", "red"), None: Text("–", "dim")}[finding.works]
            found = Text(finding.found)
            table.add_row(sign, finding.part, found.append(f"\n→ {finding.fix}", style="dim") if finding.fix else found)
        Console(highlight=False).print(table)
    if any(finding.works is False for finding in findings):
        raise typer.Exit(1)
