"""The candidate's side of an examination: runs untrusted code, then answers calls to what it defined.

Everything here runs in the same process as the untrusted code and may be turned against us; nothing depends on its
honesty but the candidate's own mark.
"""

import inspect
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import CodeType, ModuleType
from typing import Any, Final, cast

from longthought.tools.sandbox import actions, plain, script
from longthought.tools.sandbox.link import PipeEnd
from longthought.tools.sandbox.raising import raised, rebuilt

MODULE: Final = "candidate"
"""The `__name__` of the candidate, by which its classes are known."""
EXTENDED: Final = ("int", "float", "complex", "str", "bytes", "list", "tuple", "set", "frozenset", "dict")
"""Types that a class of the candidate may extend, with values that compare as theirs."""


def serve(code: str, setup: str, classes: Mapping[str, str], requests: int, replies: int) -> None:
    """Run the code, report the names it defined, and answer calls over two pipes until the process is killed.

    Args:
        code: the program.
        setup: code that the data set puts before any program.
        classes: the classes of the tests, by name, whose instances may be arguments.
        requests: the descriptor to read requests from.
        replies: the descriptor to write replies to.

    """
    link = _CandidateLink(requests, replies)
    actions.set_recursion_limit(sys.getrecursionlimit())
    scope: dict[str, Any] = {"__name__": MODULE, "__builtins__": __builtins__}
    with suppress(BaseException):  # whatever is wrong with it, the program may stand without it
        exec(compile(setup, "<setup>", "exec", dont_inherit=True), scope)
    for name, text in classes.items():
        with suppress(BaseException):
            exec(compile(text, "<setup>", "exec", dont_inherit=True), scope)
            link.classes[name] = scope[name]
    given = dict(scope)
    try:
        compiled = compile(code, script.NAME, "exec", dont_inherit=True)
        exec(compiled, scope)
    except BaseException as error:
        link.send(raised(error, link))
        return
    link.scope = scope
    names = [name for name, value in scope.items() if name[:2] != "__" and given.get(name, link) is not value]
    state = [name for name in _globals_of(compiled) if name in scope and not callable(scope[name])]
    link.send({"defined": names, "state": state})
    while True:
        link.send(link.answer(link.receive()))


def _globals_of(code: CodeType) -> set[str]:
    """Return the names that functions of the code take from outside themselves."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return {name for part in inner for name in (*part.co_names, *_globals_of(part))}


class _CandidateLink(PipeEnd):
    """The end of the pipe on the candidate's side."""

    def __init__(self, requests: int, replies: int) -> None:
        super().__init__(replies, requests, first=1)
        self.scope: dict[str, Any] = {}
        self._shown: dict[int, Any] = {}
        self._number_of: dict[int, int] = {}
        self._told: set[int] = set()
        self._late: dict[int, BaseException] = {}

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        heard, kept = io.StringIO(), (sys.stdout, sys.stdin)
        if request.get("listen"):
            sys.stdout = heard
        if (typed := request.get("stdin")) is not None:
            sys.stdin = io.StringIO(typed)
        typing = sys.stdin
        try:
            arguments = self.decode(request["arguments"])
            keywords = self.decode(request["keywords"])
            value = self._action(request["do"])(*arguments, **keywords)
            reply = {"value": self.encode_whole(value) if request.get("whole") else self.encode(value)}
        except BaseException as error:  # also SystemExit: a candidate that leaves hasn't answered
            reply = self._raised(error)
        finally:
            sys.stdout, sys.stdin = kept
        read = typing.tell() if typed is not None and isinstance(typing, io.StringIO) else 0
        return {**reply, "printed": heard.getvalue(), "read": read}

    def _action(self, name: str) -> Callable[..., Any]:
        match name:
            case "read":
                return self.scope.__getitem__
            case "take":
                return self._take
            case _:
                return actions.ACTIONS[name]

    def _raised(self, error: BaseException) -> dict[str, Any]:
        reply = raised(error, self)
        if (thrown := getattr(error, "_thrown_by_tests", None)) is not None:
            reply["thrown"] = thrown
        elif type(error).__module__ == MODULE:
            reply["error"] = self.own(error)
        return reply

    def special(self, value: Any) -> Any:
        if (number := self._number_of.get(id(value))) is not None:
            return ["yours", number]
        mine = type(value).__module__ in (MODULE, "enum") or isinstance(value, Iterator)
        return self.own(value) if mine else None

    def own(self, value: Any) -> Any:
        if isinstance(value, ModuleType):
            return ["module", value.__name__]
        entry = super().own(value)
        if entry[1] in self._told:
            return entry
        self._told.add(entry[1])
        return [*entry, self._about(value)]

    def _about(self, value: Any) -> dict[str, Any]:
        kind = cast(Any, type(value))
        if inspect.iscoroutine(value):
            return {"is": "coroutine"}
        if isinstance(value, Iterator) and kind.__module__ != MODULE:
            return {"is": "iterator"}
        if isinstance(value, type) and issubclass(value, BaseException):
            bases = [entry for base in value.__bases__ if (entry := self._base(base)) is not None]
            return {"is": "exception", "name": value.__name__, "bases": bases}
        methods = [name for name in dir(kind) if name[:2] == "__" and callable(getattr(kind, name, None))]
        return {
            "is": "class" if isinstance(value, type) else "object",
            "name": kind.__name__,
            "methods": methods,
            "compares": kind.__eq__ is not object.__eq__,
            "hashes": kind.__hash__ is not None and kind.__hash__ is not object.__hash__,
            "extends": next((name for name in EXTENDED if isinstance(value, plain.BUILTINS[name])), None),
        }

    def _base(self, base: type) -> Any:
        if id(base) in {id(kind) for kind in plain.BUILTINS.values()}:
            return ["builtin", base.__name__]
        return self.encode(base) if issubclass(base, BaseException) else None

    def theirs(self, number: int, about: Mapping[str, Any]) -> Any:
        if number not in self._shown:
            shown = self._iterate(number) if about.get("is") == "iterator" else self._function(number, about)
            self._shown[number] = shown
            self._number_of[id(shown)] = number
        return self._shown[number]

    def _ask(self, do: str, number: int, *arguments: Any, **keywords: Any) -> Any:
        message = {"arguments": self.encode(arguments), "keywords": self.encode(keywords)}
        kept = sys.stdout, sys.stdin
        reply = self.exchange({"do": do, "object": number, **message})
        sys.stdout, sys.stdin = kept
        if "raised" in reply:
            error = rebuilt(reply, self.decode)
            with suppress(Exception):
                error._thrown_by_tests = reply.get("thrown")  # pyright: ignore[reportAttributeAccessIssue]
            raise error
        return self.decode(reply["value"])

    def _function(self, number: int, about: Mapping[str, Any]) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            return self._ask("call", number, *arguments, **keywords)

        function: Any = call
        if (names := about.get("parameters")) is not None:  # with as many parameters as the original has
            listed = ", ".join(names)
            function = eval(f"lambda {listed}: call({listed})", {"call": call})
        function.__name__ = function.__qualname__ = about.get("name", "call")
        function.__doc__ = about.get("doc")
        return function

    def _iterate(self, number: int) -> Iterator[Any]:
        while (item := self._ask("next", number)) is not None:
            yield item[0]

    def _take(self, iterator: Iterator[Any], count: int) -> tuple[tuple[Any, ...], bool, Any]:
        """Return the next items, whether they are the last, and what a generator returns; an error comes after them."""
        if (late := self._late.pop(id(iterator), None)) is not None:
            raise late
        items, ended, result, error = actions.take(iterator, count)
        if error is not None and not items:
            raise error
        if error is not None:
            self._late[id(iterator)] = error
        return items, ended, result
