"""The whole program of a reply that holds only the body of the function that a statement begins.

HumanEval shows a function without its body, and models that complete text write no more than what is missing. A body
may be indented as in the function, not at all, or all but its first line, which is often stripped.
"""

import ast
import textwrap
from collections.abc import Iterator
from typing import Final

from longthought.tools.python import blocks

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_UNREADABLE: Final = (SyntaxError, ValueError, RecursionError, MemoryError)


def completed(statement: str, program: str) -> str:
    """Return a program; with the beginning from the statement, if it is only the body of the function begun there."""
    for beginning, _ in reversed(blocks(statement)):
        begun = _begun(beginning.rstrip())
        if begun is None:
            continue
        if _defines(program, begun.name):
            return program
        done = [node for node in begun.body if not isinstance(node, ast.Pass)]
        for whole in _joined(beginning.rstrip(), program, begun.body[0].col_offset):
            functions = [node for node in parsed(whole) if isinstance(node, _Function) and node.name == begun.name]
            if functions and len(functions[-1].body) > len(done):
                return whole
    return program


def whole_program(text: str) -> tuple[str, tuple[int, int]] | None:
    """Return the last program of a text, with its span; a block that defines nothing counts only if none does.

    Models like to show how a program is used in a block below it.
    """
    programs = blocks(text)
    defining = [one for one in programs if any(isinstance(node, _Function | ast.ClassDef) for node in parsed(one[0]))]
    return next(reversed(defining or programs), None)


def _begun(text: str) -> _Function | None:
    """Return the function that a text ends with and that does nothing yet; None without one."""
    body = parsed(text) or parsed(f"{text}\n    pass\n")
    last = body[-1] if body else None
    return last if isinstance(last, _Function) and all(map(_does_nothing, last.body)) else None


def _does_nothing(node: ast.stmt) -> bool:
    """Say whether a statement is a docstring, an ellipsis, an import or `pass`."""
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_constant or isinstance(node, ast.Import | ast.ImportFrom | ast.Pass)


def _joined(beginning: str, body: str, column: int) -> Iterator[str]:
    """Yield a function's beginning with each way to read its body's indentation."""
    indent, body = " " * column, body.strip("\n")
    yield f"{beginning}\n{body}\n"
    yield f"{beginning}\n{textwrap.indent(textwrap.dedent(body), indent)}\n"
    yield f"{beginning}\n{indent}{body.lstrip()}\n"


def _defines(program: str, name: str) -> bool:
    """Say whether a program gives a name a value at its top level."""
    for node in parsed(program):
        bound = {getattr(node, "name", "")}
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            bound |= {
                part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
        if name in bound:
            return True
    return False


def parsed(program: str) -> list[ast.stmt]:
    """Return the statements of a program; none if it can't be parsed."""
    try:
        return ast.parse(program).body
    except _UNREADABLE:
        return []
