"""Questions to a person in the terminal, before a verdict is applied."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from rich.console import Console
from rich.markup import escape


def asking(console: Console) -> Callable[[dict[str, Any]], Awaitable[str]]:
    """Return a function that asks a question in the terminal and returns the reply; at the end of input it approves."""

    async def ask(question: dict[str, Any]) -> str:
        if "fault" in question:
            console.print(f"[red]{escape(question['fault'])}[/red]")
        console.print(
            "[bold]Enter approves; backtrack, continue, reflect, terminate, because or step say otherwise[/bold]"
        )
        try:
            return await asyncio.to_thread(console.input, "> ")
        except EOFError:
            return "approve"

    return ask
