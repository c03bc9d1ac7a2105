"""The examiner's side of an examination: runs the hidden tests, in a process that the candidate can't see into.

The tests see stand-ins for what the candidate defined; each call goes over a pipe as plain data, and values are rebuilt
and compared here. So there is no frame, module, builtin or file descriptor through which a candidate could read the
tests or write the mark: it can only give answers. Where the two processes can't do what one would, the tests are
unsupported, and a candidate isn't marked as failed.
"""

import builtins
import inspect
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, MethodType, ModuleType
from typing import Any, Final, cast

from longthought.tools.sandbox import plain, reading, wire
from longthought.tools.sandbox.link import PipeEnd
from longthought.tools.sandbox.raising import CandidateError, raised, rebuilt
from longthought.tools.sandbox.standin import REMOTE, Standin, awaitable, exception_class, iterator, standin

_MAX_ANSWER: Final = 16 << 20
"""Maximum number of bytes of one answer."""
_UNREADABLE: Final = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
_SILENT: Final = (StopIteration, StopAsyncIteration, GeneratorExit)
"""Exceptions that would silently end a loop of the tests if they were raised here."""
_FUNCTIONS: Final = (FunctionType, MethodType, BuiltinFunctionType, MethodDescriptorType)
_TESTS: Final = "<tests>"
_HERE: Final = str(Path(__file__).parent)


class Unsupported(BaseException):
    """The tests need something that can't be done across the pipe, whatever the candidate is."""


class CandidatePipe(PipeEnd):
    """The end of the pipe on the examiner's side."""

    def __init__(self, requests: int, replies: int) -> None:
        """Keep the descriptors to write requests to and to read replies from."""
        super().__init__(requests, replies, first=0, max_bytes=_MAX_ANSWER)
        self.forgets = True
        self.calls = 0
        self.reason = ""
        """Why the tests can't be run in this way; empty while they can."""
        self.doubts = ""
        """Why a pass would rest on the candidate's word; empty while it doesn't."""
        self.awaits_stop = False
        """The tests name the exceptions that end loops."""
        self.raised: list[BaseException] = []
        """What the candidate raised, and the tests were given."""
        self._shown: dict[int, Any] = {}
        self._number_of: dict[int, int] = {}
        self._thrown: list[BaseException] = []
        self._recursion = sys.getrecursionlimit()
        self._busy = False

    def defined(self) -> tuple[list[str], list[str]]:
        """Wait until the candidate's code has run; return the names it defines, and those of its state."""
        reply = self._checked(self._received())
        lists = [
            cast(list[Any], found) if isinstance(found := reply.get(k), list) else [] for k in ("defined", "state")
        ]
        names, state = ([name for name in some if isinstance(name, str)] for some in lists)
        return names, state

    def read(self, name: str) -> Any:
        """Return the value of a global name of the candidate."""
        calls = self.calls
        try:
            return self.ask("read", name)
        finally:
            self.calls = calls

    def ask(self, do: str, *arguments: Any, **keywords: Any) -> Any:
        """Have something done in the candidate's process and return the value, or raise what it raises."""
        if (limit := sys.getrecursionlimit()) != self._recursion:
            self._recursion = limit
            self.ask("recursion", limit)
        return self._value(self._reply(do, arguments, keywords), do)

    def base_of(self, standin: Any) -> Any:
        """Return the plain data that an object extends."""
        return self._value(self._reply("base", (standin,), {}, whole=True), "base")

    def close(self, target: Standin) -> None:
        """Close a generator of the candidate."""
        if not self._busy:  # in the middle of a request it is only the collection of garbage
            self.ask("close", target)

    def doubt(self, reason: str) -> None:
        """Note that a pass would rest on the candidate's word."""
        self.doubts = self.doubts or reason

    def unsupported(self, reason: str) -> Unsupported:
        """Note and return the error that the tests can't be run in this way."""
        self.reason = self.reason or reason
        return Unsupported(reason)

    def _reply(self, do: str, arguments: Any, keywords: Any, **more: Any) -> dict[str, Any]:
        self.calls += 1
        more |= self._streams()
        try:
            message = {"do": do, "arguments": self.encode(arguments), "keywords": self.encode(keywords), **more}
            wire.packed(message)
        except (ValueError, RecursionError) as error:
            raise self.unsupported(f"an argument can't be sent: {error}") from None
        was_busy, self._busy = self._busy, True
        try:
            reply = self.exchange(message)
        except OSError:
            raise self._given(CandidateError("it is gone")) from None
        except EOFError:
            raise self._given(CandidateError("it ended without an answer")) from None
        except _UNREADABLE:
            raise self._given(CandidateError("its answer can't be read")) from None
        finally:
            self._busy = was_busy
        self._hear(more, reply)
        return reply

    def _streams(self) -> dict[str, Any]:
        """Return what the candidate's standard streams are to be, where the tests have put their own in place."""
        found: dict[str, Any] = {"listen": True} if sys.stdout is not sys.__stdout__ else {}
        if sys.stdin is not sys.__stdin__:
            place = sys.stdin.tell()
            found |= {"stdin": sys.stdin.read(), "place": place}
        return found

    def _hear(self, asked: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
        if asked.get("listen") and isinstance(printed := reply.get("printed"), str):
            sys.stdout.write(printed)
        if "place" in asked and isinstance(read := reply.get("read"), int):
            sys.stdin.seek(asked["place"] + max(0, read))

    def _value(self, reply: dict[str, Any], do: str) -> Any:
        reply = self._checked(reply, next_of=do in ("operate", "send", "throw"))
        try:
            return self.decode(reply["value"])
        except _UNREADABLE:
            raise self._given(CandidateError("its answer can't be read")) from None

    def _received(self) -> dict[str, Any]:
        try:
            return self.receive()
        except EOFError:
            raise self._given(CandidateError("it ended without an answer")) from None
        except _UNREADABLE:
            raise self._given(CandidateError("its answer can't be read")) from None

    def _checked(self, reply: dict[str, Any], *, next_of: bool = False) -> dict[str, Any]:
        """Return the reply, or raise what the candidate raised."""
        if "raised" not in reply:
            return reply
        if isinstance(thrown := reply.get("thrown"), int) and 0 <= thrown < len(self._thrown):
            raise self._thrown[thrown]  # the tests' own
        error = rebuilt(reply, self.decode)
        if isinstance(error, _SILENT):
            if next_of:
                raise self._given(error)
            if self.awaits_stop:
                raise self.unsupported(f"the tests expect a {type(error).__name__} from the program")
            error = CandidateError(f"{type(error).__name__}: it would end a loop of the tests")
        if isinstance(remote := reply.get("error"), list):
            with suppress(*_UNREADABLE):
                vars(error)[REMOTE] = self.decode(remote)
        raise self._given(error)

    def _given(self, error: BaseException) -> BaseException:
        self.raised.append(error)
        return error

    def own(self, value: Any) -> Any:
        """Return the entry of a function or an iterator of the tests."""
        if isinstance(value, Iterator):
            return [*super().own(value), {"is": "iterator"}]
        if isinstance(value, _FUNCTIONS) or (callable(value) and not isinstance(value, type)):
            if inspect.iscoroutinefunction(value) or inspect.isgeneratorfunction(value):
                raise self.unsupported("the tests pass a generator or coroutine function")
            return [*super().own(value), _described(value)]
        raise self.unsupported(f"the tests pass a {type(value).__name__}, which is no plain value")

    def special(self, value: Any) -> Any:
        """Return the entry of what the candidate is to be asked about, or is to ask about."""
        if (number := self._number_of.get(id(value))) is not None:
            return ["yours", number]
        return self.own(value) if isinstance(value, Iterator) else None

    def theirs(self, number: int, about: Mapping[str, Any]) -> Any:
        """Show an object of the candidate."""
        if number not in self._shown:
            made: Any = standin(self, about)
            self._number_of[id(made)] = number
            match about.get("is"):
                case "iterator":
                    self._objects.append(made)  # its number is looked up as long as the iterator lives
                    made = iterator(self, made)
                case "coroutine":
                    self._objects.append(made)
                    made = awaitable(self, made)
                case "exception":
                    bases = [self.decode(entry) for entry in about.get("bases", [])]
                    made = exception_class(str(about.get("name")), bases)
                case _:
                    pass
            self._shown[number] = made
            self._number_of[id(made)] = number
        return self._shown[number]

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call a function that the tests passed, or take the next item of their iterator; nothing else may be asked."""
        try:
            target = self._objects[request["object"]]
            if request["do"] == "next" and isinstance(target, Iterator):
                value: Any = next(([item] for item in cast(Iterator[Any], target)), None)
            elif request["do"] == "call" and callable(target) and not isinstance(target, Standin):
                value = target(*self.decode(request["arguments"]), **self.decode(request["keywords"]))
            else:
                raise ValueError("nothing that may be asked")
            return {"value": self.encode(value)}
        except Unsupported:
            raise
        except BaseException as error:
            self._thrown.append(error)
            return {**raised(error, self), "thrown": len(self._thrown) - 1}


def _described(function: Any) -> dict[str, Any]:
    about: dict[str, Any] = {"is": "function", "name": str(getattr(function, "__name__", "call"))}
    if isinstance(doc := getattr(function, "__doc__", None), str):
        about["doc"] = doc
    with suppress(ValueError, TypeError):
        parameters = list(inspect.signature(function).parameters.values())
        if all(p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty for p in parameters):
            about["parameters"] = [p.name for p in parameters]
    return about


class Scope(dict[str, Any]):
    """The global names of the tests; those of the candidate that aren't its functions or classes are read each time."""

    def __init__(self, pipe: CandidatePipe, classes: Sequence[str]) -> None:
        """Start with nothing but the module's name; tell the pipe of classes of these names when they come to be."""
        super().__init__(__name__="tests")
        self._pipe, self._classes = pipe, frozenset(classes)
        self.changing: set[str] = set()

    def __setitem__(self, name: str, value: Any) -> None:
        """Bind a name."""
        super().__setitem__(name, value)
        if name in self._classes and isinstance(value, type):
            self._pipe.classes[name] = value

    def __missing__(self, name: str) -> Any:
        """Read a name of the candidate."""
        if name in self.changing:
            self._pipe.calls += 1
            return self._pipe.read(name)
        raise KeyError(name)


def examine(
    tests: str, setup: str, classes: Sequence[str], names: Sequence[str], requests: int, replies: int, mark_pipe: int
) -> None:
    """Run the tests against the candidate and write the mark: `{"mark", "detail"}`."""
    mark, detail = _examine(tests, setup, classes, names, CandidatePipe(requests, replies))
    wire.put(mark_pipe, json.dumps({"mark": mark, "detail": detail[:2000]}).encode())


def _examine(
    tests: str, setup: str, classes: Sequence[str], names: Sequence[str], pipe: CandidatePipe
) -> tuple[str, str]:
    try:
        compiled = compile(tests, _TESTS, "exec", dont_inherit=True)
        table = reading.table(tests)
        own_world = reading.own_world(tests)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return "unsupported", f"the tests can't be read: {type(error).__name__}"
    scope = Scope(pipe, classes)
    try:
        exec(compile(setup, "<setup>", "exec", dont_inherit=True), scope)
    except BaseException as error:
        return "unsupported", f"the setup of the tests can't be run: {type(error).__name__}"
    try:
        state = _bring_in(scope, tests, names, pipe)
        pipe.awaits_stop = bool({"StopIteration", "StopAsyncIteration", "GeneratorExit"} & reading.free(table))
    except Unsupported as error:
        return "unsupported", str(error)
    except BaseException as error:
        return "failed", _where(error)
    try:
        exec(compiled, scope)
    except BaseException as error:
        if isinstance(error, Unsupported) or pipe.reason:
            return "unsupported", pipe.reason or str(error)
        if own_world:
            return "unsupported", f"the tests failed, but use {own_world}, which the program doesn't share with them"
        if clash := sorted(reading.bound(table) & set(state)):
            return "unsupported", f"the tests failed, but set {clash[0]}, a name that the program also keeps"
        if _is_ours(error, pipe):
            return "unsupported", f"the tests do what stand-ins can't: {type(error).__name__}"
        return "failed", _where(error)
    if pipe.reason or pipe.doubts:
        return "unsupported", pipe.reason or pipe.doubts
    if not pipe.calls:
        return "unsupported", "the tests never call what the candidate defined"
    return "passed", ""


def _bring_in(scope: Scope, tests: str, names: Sequence[str], pipe: CandidatePipe) -> list[str]:
    """Put what the tests take from the candidate, and what they forgot to import, into their scope."""
    defined, state = pipe.defined()
    unbound = reading.free(reading.table(tests)) - set(scope)
    wanted = set(names) if names else reading.of_the_program(unbound)
    found = wanted & set(defined)
    if not names and len(wanted) > 1 and wanted <= set(dir(builtins)):
        raise pipe.unsupported("the tests name builtins alone, and it can't be told which of them is the program's")
    scope.update({name: value for name, value in reading.COMPARISONS.items() if name in unbound - wanted})
    modules = reading.modules(tests, unbound - set(names))
    scope.update(modules)
    for name in sorted(found - set(modules)):
        value = pipe.read(name)
        if isinstance(value, ModuleType):
            raise pipe.unsupported(f"the tests use the module {value.__name__}, but only the program imports it")
        if isinstance(value, (Standin, type)) or value in plain.BUILTINS.values():
            scope[name] = value
        else:
            scope.changing.add(name)
            scope.pop(name, None)
    return state


def _is_ours(error: BaseException, pipe: CandidatePipe) -> bool:
    """Say whether an exception arose in the examiner's own code, and isn't one that the candidate raised."""
    if any(error is given for given in pipe.raised):
        return False
    here = error.__traceback__
    while here is not None and here.tb_next is not None:
        here = here.tb_next
    return here is not None and here.tb_frame.f_code.co_filename.startswith(_HERE)


def _where(error: BaseException) -> str:
    """Name the line of the tests and the exception, but none of the tests' text."""
    line, here = None, error.__traceback__
    while here is not None:
        if here.tb_frame.f_code.co_filename == _TESTS:
            line = here.tb_lineno
        here = here.tb_next
    kind = type(error).__name__
    description = f"{kind}: {error}" if isinstance(error, CandidateError) else kind
    return f"test line {line}: {description}" if line is not None else f"the candidate's code: {description}"
