"""What the text of tests tells before they run: names of the program, classes, and what belongs to one process."""

import ast
import builtins
import math
import symtable
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any, Final

COMPARISONS: Final[dict[str, Any]] = {"isclose": math.isclose}
"""Functions that tests use without importing them, and that a program must not bring along."""
_OWN_WORLD: Final = {
    "builtins": "the builtins",
    "__builtins__": "the builtins",
    "globals": "its own global names",
    "locals": "its own global names",
    "vars": "its own global names",
    "eval": "code in strings",
    "exec": "code in strings",
    "mock": "mocks",
    "patch": "mocks",
    "MagicMock": "mocks",
    "monkeypatch": "mocks",
    "inspect": "how the program is written",
    "getsource": "how the program is written",
    "signature": "how the program is written",
    "gc": "the memory of the process",
    "weakref": "the memory of the process",
    "tracemalloc": "the memory of the process",
    "getrefcount": "the memory of the process",
    "warnings": "warnings",
    "logging": "log records",
    "seed": "the state of random numbers",
    "setstate": "the state of random numbers",
    "environ": "the environment",
    "argv": "the command line",
    "modules": "the loaded modules",
    "getcontext": "the context of decimals",
    "setcontext": "the context of decimals",
    "localcontext": "the context of decimals",
    "open": "files",
    "tempfile": "files",
    "pathlib": "files",
    "Path": "files",
    "threading": "threads",
    "Thread": "threads",
    "concurrent": "threads",
    "multiprocessing": "other processes",
    "subprocess": "other processes",
    "type": "the exact types of its objects",
    "__class__": "the exact types of its objects",
    "pickle": "pickled objects",
}
"""What is of one process, and so isn't the program's where the tests name it."""


def table(text: str) -> symtable.SymbolTable:
    """Return the table of the names in a program.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: if it is no program.

    """
    return symtable.symtable(text, "<tests>", "exec")


def bound(names: symtable.SymbolTable) -> set[str]:
    """Return the global names that a program binds itself."""
    return {
        symbol.get_name()
        for symbol in names.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    } | {
        symbol.get_name()
        for inner in _all_tables(names)
        for symbol in inner.get_symbols()
        if symbol.is_declared_global() and symbol.is_assigned()
    }


def free(names: symtable.SymbolTable) -> set[str]:
    """Return the global names that a program uses and doesn't bind."""
    used = {symbol.get_name() for symbol in names.get_symbols() if symbol.is_referenced()}
    for inner in _all_tables(names):
        used |= {symbol.get_name() for symbol in inner.get_symbols() if symbol.is_global() and symbol.is_referenced()}
    return used - bound(names)


def _all_tables(names: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in names.get_children():
        yield child
        yield from _all_tables(child)


def of_the_program(unbound: set[str]) -> set[str]:
    """Return the names that tests mean as the program's: builtins only where there is nothing else it could be.

    Without this, a program could pass by bringing its own `all` or `set`.
    """
    own = {name for name in unbound if not hasattr(builtins, name) and name not in COMPARISONS}
    return own or unbound


def modules(text: str, unbound: set[str]) -> dict[str, ModuleType]:
    """Return the modules that tests use without importing them, by name.

    They are of the standard library, or numpy as `np`, and have all the attributes that the tests take from that name.
    """
    names = {"np": "numpy"} | {name: name for name in sys.stdlib_module_names}
    nodes = list(ast.walk(ast.parse(text)))
    bases = {id(node.value): node.attr for node in nodes if isinstance(node, ast.Attribute)}
    uses: dict[str, set[str | None]] = {}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in unbound and node.id in names:
            uses.setdefault(node.id, set()).add(bases.get(id(node)))
    found: dict[str, ModuleType] = {}
    for name, attributes in uses.items():
        with suppress(ImportError):
            module = import_module(names[name])
            if all(attribute is not None and hasattr(module, attribute) for attribute in attributes):
                found[name] = module
    return found


def own_world(text: str) -> str:
    """Return what the tests use that is of one process alone; nothing is the empty string."""
    for node in ast.walk(ast.parse(text)):
        names = [getattr(node, "id", ""), getattr(node, "attr", ""), *_imported(node)]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type":
            names += ["type"]
        for name in names:
            if name in _OWN_WORLD:
                return _OWN_WORLD[name]
    return ""


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [name.name.partition(".")[0] for name in names]
        case ast.ImportFrom(module=module, names=names):
            return [str(module).partition(".")[0], *(name.name for name in names)]
        case _:
            return []


def classes(text: str) -> dict[str, str]:
    """Return the text of each top-level class of the tests, behind the imports and functions that it needs.

    A program gets instances of these classes as arguments, and so their text, but nothing else of the tests.
    """
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    imports = [node for node in body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return {
        node.name: "\n".join(ast.unparse(part) for part in (*imports, node))
        for node in body
        if isinstance(node, ast.ClassDef)
    }
