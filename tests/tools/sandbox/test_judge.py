"""Hidden tests: right candidates pass, wrong ones fail, and no trick in the candidate's process changes the mark."""

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longthought.tools.sandbox import plain
from longthought.tools.sandbox.pool import Sandbox
from longthought.tools.sandbox.result import Mark
from tests.tools.sandbox.attacks import KEEP, SEARCH
from tests.tools.sandbox.seat import CONFINEMENTS, Seat

TESTS = "assert double(2) == 4\nassert double(21) == 42\nassert double([1]) == [1, 1]\n"


@pytest.fixture(scope="module", params=CONFINEMENTS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    sandbox = Sandbox(confinement=request.param, workers=1, seconds=3)
    yield sandbox
    sandbox.close()


RIGHT = {
    "a function": ("def double(x): return x + x", TESTS, ()),
    "HumanEval": (
        "def double(x):\n    return 2 * x",
        "METADATA = {}\ndef check(candidate):\n    assert candidate('a') == 'aa'\ncheck(double)",
        (),
    ),
    "a builtin's name, asked for": ("def sum(a, b): return a + b", "assert sum(10, 15) == 25", ("sum",)),
    "floats": (
        "def f(x): return x / 3",
        "import math\nassert math.isclose(f(1), 1 / 3) and f(math.inf) > 1e300",
        (),
    ),
    "values of many kinds": (
        "def f(x): return x",
        (
            "for x in (None, 1.5, 'é\\ud800', b'x', (1, [{3}]), {(1, 2): {'a': None}}, range(3), 1j, 10**5000):\n"
            "    assert f(x) == x and type(f(x)) is type(x)"
        ),
        (),
    ),
    "an iterator": ("def f(n):\n    yield from range(n)", "assert list(f(3)) == [0, 1, 2]", ()),
    "an exception": (
        "def f(x):\n    if x < 0: raise ValueError('no')\n    return x",
        "try:\n    f(-1)\nexcept ValueError as error:\n    assert 'no' in str(error)\nelse:\n    assert False",
        (),
    ),
    "a class": (
        (
            "class Stack:\n    def __init__(self): self.items = []\n    def push(self, x): self.items.append(x)\n"
            "    def pop(self): return self.items.pop()"
        ),
        "s = Stack()\ns.push(1)\ns.push([2])\nassert s.pop() == [2] and s.items == [1]",
        (),
    ),
    "an object back as an argument": (
        "class Box:\n    def __init__(self, x): self.x = x\ndef wrap(x): return Box(x)\ndef unwrap(b): return b.x",
        "assert unwrap(wrap(7)) == 7",
        (),
    ),
    "output and input are its own affair": ("def double(x):\n    print('x' * 10**6)\n    return x + x", TESTS, ()),
}


@pytest.mark.parametrize("name", RIGHT)
async def test_a_right_candidate_passes(sandbox: Sandbox, name: str) -> None:
    candidate, tests, names = RIGHT[name]
    found = await sandbox.judge(candidate, tests, names=names)
    assert found.mark is Mark.PASSED, found


CHEATS = {
    "wrong": "def double(x): return 5",
    "nothing": "",
    "a syntax error": "def double(x:",
    "leaves": "import os; os._exit(0)",
    "leaves when called": "import os\ndef double(x): os._exit(0)",
    "raises SystemExit": "raise SystemExit(0)",
    "raises SystemExit when called": "def double(x): raise SystemExit(0)",
    "the exit code of a finished run": "import os\ndef double(x): os._exit(113)",
    "prints passes": "print('passed')\ndef double(x): print('{\"mark\": \"passed\"}')",
    "equal to anything": "class Any:\n    def __eq__(self, other): return True\ndef double(x): return Any()",
    "an int equal to anything": "class Any(int):\n    def __eq__(self, other): return True\n    __hash__ = None\n"
    "def double(x): return Any(1)",
    "a list equal to anything": "class Any(list):\n def __eq__(self, other): return True\ndef double(x): return Any()",
    "patched builtins": "import builtins\nfor n in ('AssertionError', 'compile', 'exec', 'isinstance', 'bool'):\n"
    "    setattr(builtins, n, lambda *a, **k: True)\ndef double(x): return 5",
    "patched harness": "import sys\nfor m in list(sys.modules.values()):\n"
    "    for n in ('_examine', 'examine', '_exception', 'decode', 'put'):\n"
    "        if hasattr(m, n): setattr(m, n, lambda *a: ('passed', ''))\ndef double(x): return 5",
    "marks on every descriptor": "import os\ndef double(x):\n    for fd in range(256):\n"
    '        try: os.write(fd, b\'{"mark": "passed", "detail": ""}\')\n        except OSError: pass\n    return 5',
    "answers before it is asked": "import os, json\ndata = json.dumps({'mark': 'passed', 'value': True}).encode()\n"
    "os.write(4, len(data).to_bytes(8, 'big') + data)\ndef double(x): return 5",
    "an answer without end": "import os\nos.write(4, (1 << 60).to_bytes(8, 'big'))\nwhile 1: os.write(4, b'[' * 999)",
    "an answer nested without end": "import os\nd = b'[' * 10**6\nos.write(4, len(d).to_bytes(8, 'big') + d)",
    "no answer": "def double(x):\n    while True: pass",
    "StopIteration": "def double(x): raise StopIteration",
    "climbs the frames": "import sys\ndef double(x):\n    frame = sys._getframe()\n    while frame:\n"
    "        frame.f_globals['line'] = frame.f_globals['tests'] = None\n        frame = frame.f_back\n    return 5",
    "traces": "import sys\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)\ndef double(x): return 5",
    "at exit": "import atexit, os\natexit.register(lambda: os._exit(0))\ndef double(x): raise KeyboardInterrupt",
    "runs out of memory": "def double(x): return bytearray(10 << 30)",
    "overruns the stack": "import ctypes\ndef double(x): ctypes.string_at(0)",
    "shadows what the tests import": "def isclose(*a): return True\ndef double(x): return 5\ndef all(*a): return True",
    "forges a list that it wasn't given": "import json, os\ndef double(x):\n"
    "    d = json.dumps({'value': ['int', '5'], 'changed': [[n, 'list', [['int', '5']]] for n in "
    "range(40)]}).encode()\n"
    "    os.write(4, len(d).to_bytes(8, 'big') + d)\n    return 5",
    "asks for what it wasn't given": "import json, os\nfor n in range(-9, 9):\n"
    "    for do in ('call', 'next', 'get', 'read'):\n"
    "        d = {'do': do, 'object': n, 'arguments': ['tuple', []], 'keywords': ['dict', []]}\n"
    "        d = json.dumps(d).encode()\n        os.write(4, len(d).to_bytes(8, 'big') + d)\ndef double(x): return 5",
    "returns a module": "import os\ndef double(x): return os",
    "an equality that knows its values": "class Any:\n    def __eq__(self, other): return other not in ()\n"
    "def double(x): return Any()",
    "a named tuple equal to anything": "from collections import namedtuple\nclass Any(namedtuple('T', 'x')):\n"
    "    def __eq__(self, other): return True\ndef double(x): return Any(1)",
    "an iterator without end": "import itertools\ndouble = itertools.count",
    "finds the tests in files": "import os\nopen('/tmp/sitecustomize.py', 'w').write('import os; os._exit(113)')\n"
    "def double(x): return 5",
}


@pytest.mark.parametrize("name", CHEATS)
async def test_a_cheat_fails(sandbox: Sandbox, name: str) -> None:
    found = await sandbox.judge(CHEATS[name], TESTS)
    assert found.mark is Mark.FAILED, found
    assert "double(" not in found.detail, "the tests' text is not told"
    after = await sandbox.judge("def double(x): return x + x", TESTS)
    assert after.mark is Mark.PASSED, after


async def test_stop_iteration_does_not_end_the_tests_loop_in_silence(sandbox: Sandbox) -> None:
    tests = "found = list(map(f, [1, 2]))\nassert all(x == 0 for x in found)"
    assert (await sandbox.judge("def f(x): raise StopIteration", tests)).mark is Mark.FAILED


def test_the_tests_are_nowhere_in_the_candidates_memory(seat: Seat) -> None:
    candidate = f"{SEARCH}\nseen = found()\ndef look(x): return found() or seen"
    hidden = "assert 'the-secret-of-another' and look(0) is False"
    assert seat.judge(candidate, hidden)["mark"] == "passed"
    assert seat.judge(candidate, hidden)["mark"] == "passed", "nor the tests of the run before"
    assert seat.judge(f"{candidate}\n{KEEP}", hidden)["mark"] == "failed", "what is there, is found"


async def test_an_equality_that_only_the_program_can_tell_is_no_pass(sandbox: Sandbox) -> None:
    knowing = "class Any:\n    def __eq__(self, other): return type(other) is int\ndef double(x): return Any()"
    found = await sandbox.judge(knowing, "assert double(2) == 4")
    assert found.mark is Mark.UNSUPPORTED, found
    assert "equality" in found.detail


async def test_a_function_of_the_tests_shows_nothing_but_its_results(sandbox: Sandbox) -> None:
    look = (
        "import gc, inspect\ndef look(f):\n    seen = [f, f.__globals__, f.__closure__, f.__code__.co_consts, "
        "f.__defaults__]\n"
        "    return f() + ('hidden' in repr(seen)) + ('hidden' in repr(inspect.getclosurevars(f)))"
    )
    tests = "secret = 'hidden'\ndef f(): return len(secret)\nassert look(f) == 6"
    assert (await sandbox.judge(look, tests)).mark is Mark.PASSED


async def test_a_class_of_the_tests_brings_none_of_their_names(sandbox: Sandbox) -> None:
    look = (
        "def look(n): return n.v + sum(name in type(n).__init__.__globals__ for name in ('wanted', 'answer', 'look2'))"
    )
    tests = (
        "wanted = 1\ndef answer(): return 1\nclass N:\n    def __init__(self, v): self.v = v\n"
        "assert look(N(4)) == 4\nassert N(4).v == 4"
    )
    assert (await sandbox.judge(look, tests)).mark is Mark.PASSED


@pytest.mark.parametrize(
    "tests", ["assert len(f(2)) == 2\nassert set(f(3)) == {0, 1, 2}", "assert sum(max(3, 4)) == 4"]
)
async def test_a_program_does_not_choose_which_builtins_are_its_own(sandbox: Sandbox, tests: str) -> None:
    program = "def f(n): return []\ndef len(x): return 2\ndef set(x): return {0, 1, 2}\ndef sum(x): return 4\nmax = min"
    assert (await sandbox.judge(program, tests)).mark is not Mark.PASSED


async def test_values_that_change_on_both_sides_cost_no_more_than_they_must(sandbox: Sandbox) -> None:
    program = (
        "kept = []\ndef put(xs, x):\n    xs.append(x)\n    return xs\n"
        "def keep(x):\n    kept.append(x)\n    return len(kept)"
    )
    tests = (
        "big = list(range(5000))\nfor n in range(50):\n    put(big, n)\nassert len(big) == 5050 and big[-1] == 49\n"
        "for n in range(1000):\n    assert keep([n]) == n + 1\nassert kept[7] == [7]"
    )
    assert (await sandbox.judge(program, tests)).mark is Mark.PASSED


UNSUPPORTED = {
    "a lock as an argument": "import threading\nassert double(threading.Lock())",
    "a class that extends the program's": "class Mine(double): pass\nassert double(1)",
    "tests that are no program": "assert double(",
    "tests that test nothing": "assert 1 == 1",
}


@pytest.mark.parametrize("name", UNSUPPORTED)
async def test_what_no_candidate_could_pass_is_told_apart(sandbox: Sandbox, name: str) -> None:
    for candidate in ("def double(x): return x + x", "def double(x): return 5"):
        found = await sandbox.judge(candidate, UNSUPPORTED[name])
        assert found.mark is Mark.UNSUPPORTED, found
        assert found.detail


atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text()
    | st.binary()
    | st.fractions()
    | st.decimals(allow_nan=False)
    | st.builds(range, st.integers(), st.integers(), st.integers(1, 9))
)
values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.sets(atoms)
        | st.frozensets(atoms)
        | st.dictionaries(atoms, inner)
    ),
    max_leaves=20,
)


@given(values)
def test_plain_values_arrive_as_they_were(value: Any) -> None:
    arrived = plain.decode(json.loads(json.dumps(plain.encode(value, _refuse))), _refuse)
    assert arrived == value
    assert type(arrived) is type(value)


def test_subclasses_arrive_as_what_they_extend() -> None:
    class Liar(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    arrived = plain.decode(plain.encode([Liar(3), {Liar(4): Fraction(1, 2)}, Decimal("1.50")], _refuse), _refuse)
    assert arrived == [3, {4: Fraction(1, 2)}, Decimal("1.5")]
    assert type(arrived[0]) is int
    assert math.isnan(plain.decode(plain.encode(math.nan, _refuse), _refuse))


def _refuse(value: Any) -> Any:
    raise AssertionError(f"{value!r} is plain")
