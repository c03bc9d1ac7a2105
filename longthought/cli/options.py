"""The options that several commands share, declared once."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

Graph = Annotated[str, typer.Option(help="State machine, such as debate, sampling or tree_search.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Any other setting of the graph; can be repeated."),
]
Temperature = Annotated[float | None, typer.Option(help="Of the policy; by default what suits the model.")]
PolicyModel = Annotated[str, typer.Option("--policy", metavar="PROVIDER:MODEL", help="Model that proposes steps.")]
CriticModel = Annotated[str, typer.Option("--critic", metavar="PROVIDER:MODEL", help="Model that judges them.")]
BaseUrl = Annotated[str | None, typer.Option(metavar="URL", help="OpenAI-compatible server of both agents.")]
CriticBaseUrl = Annotated[str | None, typer.Option(metavar="URL", help="Server of the critic, if another.")]
DialectName = Annotated[
    str | None,
    typer.Option(
        "--dialect",
        help="prose or compact, for thinkers prose-thought or compact-thought; by default what suits the model.",
    ),
]
Tools = Annotated[
    str | None, typer.Option(help="Verifiers, separated by commas, or 'none'; by default what suits the graph.")
]
Rounds = Annotated[int | None, typer.Option(help="Proposals at most; by default what suits the graph.")]
Tokens = Annotated[int | None, typer.Option(help="Tokens of both agents at most in a debate, prompts included.")]
Seconds = Annotated[float | None, typer.Option(help="Seconds at most in a debate, in models and tools.")]
Veto = Annotated[bool, typer.Option(help="Refuted evidence rejects a step without asking the critic.")]
Seed = Annotated[int, typer.Option(help="Seed of in-process models; servers sample by themselves.")]

# Data sets.
Preset = Annotated[str | None, typer.Option(help="Fields of a well-known data set: gsm8k or math.")]
StatementField = Annotated[str | None, typer.Option(metavar="FIELD", help="Field that holds the problem in words.")]
AnswerField = Annotated[str | None, typer.Option(metavar="FIELD", help="Field of the answer, or of a solution.")]
IdField = Annotated[str | None, typer.Option(metavar="FIELD", help="Field of the id; made of file and row otherwise.")]
Where = Annotated[list[str] | None, typer.Option(metavar="FIELD=VALUE", help="Only such rows; also != < <= > >=.")]
DomainName = Annotated[
    str | None,
    typer.Option(
        "--domain",
        metavar="NAME",
        help="Domain of problems that don't name one: countdown, math, code, lean, or your own as module:NAME.",
    ),
]
Limit = Annotated[int | None, typer.Option(help="Problems at most.")]

Json = Annotated[bool, typer.Option("--json", help="Report as JSON.")]

BUNDLED = "bundled:countdown"


def split_tools(tools: str) -> list[str]:
    """Read `algebra,countdown`; `none` and the empty string are no tools."""
    return [name.strip() for name in tools.split(",") if name.strip() not in ("", "none")]


def settings(*, graph: str, more: Sequence[str] | None = None, **given: Any) -> dict[str, Any]:
    """Collect the options that go into a graph's context; those not given are left to it."""
    from longthought.graphs import catalogue

    chosen = {name: value for name, value in given.items() if value is not None}
    if "tools" in chosen:
        chosen["tools"] = split_tools(chosen["tools"])
    return {"graph": graph, **chosen, **catalogue.read(graph, more or ())}
