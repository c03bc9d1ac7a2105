"""Tell what a program does, statement by statement, in plain English: by its syntax alone, always in the same words.

Nothing of the program is left out: a statement that has no phrase of its own is quoted. Whether the program is right is
not judged here.
"""

import ast
from collections.abc import Iterator, Sequence
from typing import Final

_INDENT: Final = "  "
_CHANGES: Final[dict[type[ast.operator], str]] = {
    ast.Add: "add {value} to {target}",
    ast.Sub: "take {value} from {target}",
    ast.Mult: "multiply {target} by {value}",
    ast.Div: "divide {target} by {value}",
    ast.FloorDiv: "divide {target} by {value} and drop the rest",
    ast.Mod: "keep of {target} what is left over by {value}",
}


def narrate(program: str) -> str:
    """Tell a program as a list, one statement a line, with the body of a statement indented below it.

    Raises:
        SyntaxError: if it is no Python.

    """
    return "\n".join(_block(ast.parse(program).body, 0))


def _block(body: Sequence[ast.stmt], depth: int) -> Iterator[str]:
    for statement in body:
        yield from _told(statement, depth)


def _told(node: ast.stmt, depth: int) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            kind = "an asynchronous function" if isinstance(node, ast.AsyncFunctionDef) else "a function"
            gives = f" and gives {_code(node.returns)}" if node.returns else ""
            said = f"I write {kind} {_code(node.name)} {_taking(node.args)}{gives}{_decorated(node)}:"
            yield _line(depth, said)
            yield from _block(node.body, depth + 1)
        case ast.ClassDef():
            bases = [_code(part) for part in (*node.bases, *node.keywords)]
            made_of = f" made of {' and '.join(bases)}" if bases else ""
            yield _line(depth, f"I write a class {_code(node.name)}{made_of}{_decorated(node)}:")
            yield from _block(node.body, depth + 1)
        case ast.For() | ast.AsyncFor():
            waits = ", which I wait for" if isinstance(node, ast.AsyncFor) else ""
            yield _line(depth, f"for each {_code(node.target)} in {_code(node.iter)}{waits}:")
            yield from _block(node.body, depth + 1)
            yield from _otherwise(node.orelse, depth, "when all of them are done:")
        case ast.While():
            yield _line(depth, f"as long as {_code(node.test)}:")
            yield from _block(node.body, depth + 1)
            yield from _otherwise(node.orelse, depth, "when that no longer holds:")
        case ast.If():
            yield _line(depth, f"if {_code(node.test)}:")
            yield from _block(node.body, depth + 1)
            yield from _otherwise(node.orelse, depth, "otherwise:")
        case _:
            yield from (_line(depth, text) for text in _simple(node).split("\n"))


def _otherwise(body: Sequence[ast.stmt], depth: int, words: str) -> Iterator[str]:
    if body:
        yield _line(depth, words)
        yield from _block(body, depth + 1)


def _simple(node: ast.stmt) -> str:
    match node:
        case ast.Assign(targets=[target], value=value):
            return f"let {_code(target)} be {_code(value)}"
        case ast.AnnAssign(value=ast.expr() as value):
            return f"let {_code(node.target)} be {_code(value)}, of type {_code(node.annotation)}"
        case ast.AugAssign() if type(node.op) in _CHANGES:
            return _CHANGES[type(node.op)].format(target=_code(node.target), value=_code(node.value))
        case ast.Return(value=None):
            return "stop here"
        case ast.Return(value=ast.expr() as value):
            return f"the result is {_code(value)}"
        case ast.Import() | ast.ImportFrom():
            return f"this needs {_code(node)}"
        case ast.Expr(value=ast.Constant(value=str(text))):
            return f"(what it is for: {' '.join(text.split())})"
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=args, keywords=[])) if args:
            return f"print {' and '.join(map(_code, args))}"
        case ast.Expr(value=value):
            return f"do {_code(value)}"
        case ast.Break():
            return "leave the loop"
        case ast.Continue():
            return "go on with the next one"
        case ast.Pass():
            return "there is nothing to do"
        case ast.Assert(test=test, msg=None):
            return f"here {_code(test)} must hold"
        case ast.Raise(exc=ast.expr() as error, cause=None):
            return f"refuse with {_code(error)}"
        case _:
            return f"next:\n{ast.unparse(node)}"


def _decorated(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    return "".join(f", decorated with {_code(decorator)}" for decorator in node.decorator_list)


def _taking(arguments: ast.arguments) -> str:
    names = ast.unparse(arguments)
    return f"that takes {_quoted(names)}" if names else "that takes nothing"


def _code(node: ast.AST | str) -> str:
    return _quoted(node if isinstance(node, str) else ast.unparse(node))


def _quoted(text: str) -> str:
    return f"``{text}``" if "`" in text else f"`{text}`"


def _line(depth: int, text: str) -> str:
    return f"{_INDENT * depth}- {text}"
