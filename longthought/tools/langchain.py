"""The verifiers as LangChain tools, for agents that call tools themselves.

A tool answers with the evidence as JSON, and says when it can't check something.
"""

import asyncio
import inspect
import json
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final

from langchain_core.tools import BaseTool, StructuredTool

from longthought.problems.problem import Problem
from longthought.tools import catalogue
from longthought.tools.verifier import Interpreter, Verifier

_DESCRIPTIONS: Final = {
    "algebra": "Check the equalities and inequalities in a step of reasoning exactly.",
    "countdown": "Check a move or a final expression against the statement of a Countdown puzzle.",
    "examples": "Run the examples in a programming problem's statement against the ```python block of a step.",
    "lean": "Check Lean 4 tactics against the theorem in the statement.",
    "python": "Run the ```python block of a step in a sandbox and return what it prints.",
}


def tools(names: list[str] | None = None) -> list[BaseTool]:
    """Return verifiers as LangChain tools that take a step and the statement of its problem.

    Args:
        names: Which ones; all of them by default.

    Raises:
        ConfigError: if there is no such verifier.

    """
    return [as_tool(verifier) for verifier in catalogue.verifiers(catalogue.TOOLS if names is None else names)]


def as_tool(verifier: Verifier) -> BaseTool:
    """Wrap one verifier."""

    async def check(step: str, statement: str = "", domain: str = "math") -> str:
        problem = Problem(id="tool-call", statement=statement or step, domain=domain)
        findings: list[dict[str, object]] = []
        for claim in verifier.claims(problem, (), step):
            if isinstance(verifier, Interpreter):
                evidence, output = await verifier.observe(claim)
                findings.append({**evidence.model_dump(mode="json"), "output": output})
            else:
                findings.append((await verifier.check(claim)).model_dump(mode="json"))
        if not findings:
            return "[]: there is nothing in it that this tool can check"
        return json.dumps(findings, ensure_ascii=False)

    def check_at_once(step: str, statement: str = "", domain: str = "math") -> str:
        with ThreadPoolExecutor(1) as thread:  # the caller's own may have a loop that runs
            return thread.submit(copy_context().run, asyncio.run, check(step, statement, domain)).result()

    description = _DESCRIPTIONS.get(verifier.name) or inspect.getdoc(verifier) or f"Check a step with {verifier.name}."
    return StructuredTool.from_function(check_at_once, check, name=verifier.name, description=description)
