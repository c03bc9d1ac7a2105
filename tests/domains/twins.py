"""Right programs of every kind that tests can ask for, each with a twin that is wrong, and the tests they are "
"put to."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Twins:
    """A right and a wrong program, and one row's tests."""

    right: str
    wrong: str
    tests: str
    setup: str = ""
    names: tuple[str, ...] = field(default=())
    known: bool = True
    """The right program's grade is right; else it may be unknown."""


TWINS: dict[str, Twins] = {
    "a helper of the prompt that the program calls": Twins(
        "def total(xs): return sum(twice(x) for x in xs)",
        "def total(xs): return sum(xs)",
        "def check(candidate):\n    assert candidate([1, 2]) == 6\ncheck(total)",
        setup="def twice(x):\n    return 2 * x",
        names=("total",),
    ),
    "a helper of the prompt that the tests call": Twins(
        "def undo(s): return s[::-1]",
        "def undo(s): return s\ndef flip(s): return s",
        "def check(candidate):\n    for s in ('abc', 'xy'):\n        assert candidate(flip(s)) == s\ncheck(undo)",
        setup="def flip(s):\n    return s[::-1]",
        names=("undo",),
    ),
    "an annotation that the prompt imports": Twins(
        "def first(xs: List[int]) -> Optional[int]: return xs[0] if xs else None",
        "def first(xs: List[int]) -> Optional[int]: return xs[-1] if xs else None",
        "assert first([4, 5]) == 4\nassert first([]) is None",
        setup="from typing import List, Optional",
    ),
    "tests that import nothing": Twins(
        "import math\ndef area(r): return math.pi * r * r",
        "import math\nclass math:\n    isclose = lambda *a, **k: True\ndef area(r): return 3",
        "assert math.isclose(area(2), 12.566370614359172, rel_tol=1e-9)",
    ),
    "a function named like a builtin": Twins(
        "def sum(a, b): return a + b", "def sum(a, b): return a - b", "assert sum(10, 15) == 25\nassert sum(-1, 1) == 0"
    ),
    "a function with an underscore": Twins(
        "def _norm(x): return abs(x)", "def _norm(x): return x", "assert _norm(-3) == 3\nassert _norm(3) == 3"
    ),
    "builtins that the tests use are theirs": Twins(
        "def odd(xs): return [x for x in xs if x % 2]",
        "def odd(xs): return xs\ndef set(*a): return 0\ndef all(*a): return True",
        "assert set(odd([1, 2, 3])) == set([3, 1])\nassert all(x % 2 for x in odd(range(9)))",
    ),
    "a list sorted in place": Twins(
        "def order(a): a.sort()",
        "def order(a): sorted(a)",
        "a = [3, 1, 2]\nassert order(a) is None\nassert a == [1, 2, 3]",
    ),
    "rows of a matrix changed in place": Twins(
        "def zero(m):\n    for row in m:\n        row[0] = 0",
        "def zero(m):\n    for n, row in enumerate(m):\n        m[n] = [0, *row[1:]]",
        "m = [[1, 2], [3, 4]]\nfirst = m[0]\nzero(m)\nassert m == [[0, 2], [0, 4]] and first == [0, 2]",
    ),
    "an argument returned": Twins(
        "def add(xs, x):\n    xs.append(x)\n    return xs",
        "def add(xs, x): return xs + [x]",
        "xs = [1]\nassert add(xs, 2) is xs and xs == [1, 2]",
    ),
    "an argument left alone": Twins(
        "def added(xs, x): return [*xs, x]",
        "def added(xs, x):\n    xs.append(x)\n    return xs",
        "xs = [1]\nassert added(xs, 2) == [1, 2]\nassert xs == [1]",
    ),
    "dicts and sets changed in place": Twins(
        "def tidy(d, s):\n    d.pop('x')\n    s |= {9}",
        "def tidy(d, s):\n    d = {}\n    s = s | {9}",
        "d, s = {'x': 1, 'y': [2]}, {1}\ntidy(d, s)\nassert d == {'y': [2]} and s == {1, 9}",
    ),
    "two names for one list": Twins(
        "def both(a, b):\n    a.append(1)\n    return a is b",
        "def both(a, b):\n    a.append(1)\n    return a == b and len(a) > 5",
        "x = []\nassert both(x, x)\nassert not both([], [1, 1])\nassert x == [1]",
    ),
    "a list that an object keeps": Twins(
        "class Bag:\n    def __init__(self, items): self.items = items\n    def put(self, x): self.items.append(x)",
        "class Bag:\n    def __init__(self, items): self.items = list(items)\n"
        "    def put(self, x): self.items.append(x)",
        "mine = []\nb = Bag(mine)\nb.put(4)\nassert mine == [4]\nmine.append(5)\nassert b.items == [4, 5]",
    ),
    "a list of an object that the tests change": Twins(
        "class Box:\n    def __init__(self): self.items = []\n    def size(self): return len(self.items)",
        "class Box:\n    items = property(lambda self: [])\n    def size(self): return 0",
        "b = Box()\nb.items.append(3)\nassert b.size() == 1",
    ),
    "a class of the setup": Twins(
        "def total(n): return 0 if n is None else n.value + total(n.next)",
        "def total(n): return n.value",
        "class Node:\n    def __init__(self, value, next=None):\n        self.value, self.next = value, next\n"
        "assert total(Node(1, Node(2, Node(3)))) == 6",
    ),
    "an object of the setup changed in place": Twins(
        "def flip(t):\n    if t:\n        t.left, t.right = t.right, t.left\n"
        "        flip(t.left), flip(t.right)\n    return t",
        "def flip(t): return t",
        "class Tree:\n    def __init__(self, v, left=None, right=None): self.v, self.left, self.right = v, "
        "left, right\n"
        "t = Tree(1, Tree(2), Tree(3, Tree(4)))\nassert flip(t) is t\n"
        "assert (t.left.v, t.right.v, t.left.right.v) == (3, 2, 4)",
    ),
    "an object of the setup made by the program": Twins(
        "def build(xs):\n    head = None\n    for x in reversed(xs): head = Link(x, head)\n    return head",
        "def build(xs):\n    head = None\n    for x in xs: head = Link(x, head)\n    return head",
        "class Link:\n    def __init__(self, v, next): self.v, self.next = v, next\n"
        "    def all(self): return [self.v, *(self.next.all() if self.next else [])]\n"
        "assert build([1, 2, 3]).all() == [1, 2, 3]",
    ),
    "a class of the program whose attributes the setup sets": Twins(
        "class Node:\n    def __init__(self, v): self.v, self.left, self.right = v, None, None\n"
        "def height(n): return 0 if n is None else 1 + max(height(n.left), height(n.right))",
        "class Node:\n    def __init__(self, v): self.v, self.left, self.right = v, None, None\n"
        "def height(n): return 1",
        "root = Node(1)\nroot.left = Node(2)\nroot.left.right = Node(3)\nassert height(root) == 3",
    ),
    "objects of the program in a list": Twins(
        "class Pair:\n    def __init__(self, a, b): self.a, self.b = a, b\n"
        "def widest(ps): return max(p.b - p.a for p in ps)",
        "class Pair:\n    def __init__(self, a, b): self.a, self.b = a, b\ndef widest(ps): return ps[0].b - ps[0].a",
        "assert widest([Pair(1, 2), Pair(5, 24)]) == 19",
    ),
    "an instance returned": Twins(
        "class Point:\n    def __init__(self, x, y): self.x, self.y = x, y\ndef middle(a, b):\n"
        "    return Point((a.x + b.x) / 2, (a.y + b.y) / 2)",
        "class Point:\n    def __init__(self, x, y): self.x, self.y = x, y\ndef middle(a, b): return a",
        "m = middle(Point(0, 0), Point(2, 4))\nassert (m.x, m.y) == (1, 2)\nassert isinstance(m, Point)",
    ),
    "a data class": Twins(
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 0\n"
        "def move(p, d): return P(p.x + d, p.y)",
        "class P:\n    def __init__(self, x, y=0): self.x, self.y = x, y\n    def __eq__(self, other): return True\n"
        "def move(p, d): return p",
        "assert move(P(1), 2) == P(3, 0)\nassert P(1, 2) != P(2, 1)\nassert repr(P(1, 2)) == 'P(x=1, y=2)'",
    ),
    "an equality of its own": Twins(
        "class Word:\n    def __init__(self, s): self.s = s\n"
        "    def __eq__(self, o): return self.s.lower() == o.s.lower()",
        "class Word:\n    def __init__(self, s): self.s = s\n    def __eq__(self, o): return True",
        "assert Word('a') == Word('A')",
        known=False,
    ),
    "operators": Twins(
        "class V:\n    def __init__(self, *xs): self.xs = xs\n"
        "    def __add__(self, o): return V(*map(sum, zip(self.xs, o.xs)))\n"
        "    def __mul__(self, k): return V(*(k * x for x in self.xs))\n    __rmul__ = __mul__\n"
        "    def __len__(self): return len(self.xs)\n    def __getitem__(self, i): return self.xs[i]\n"
        "    def __contains__(self, x): return x in self.xs\n    def __lt__(self, o): return self.xs < o.xs\n"
        "    def __neg__(self): return V(*(-x for x in self.xs))\n    def __str__(self): return f'V{self.xs}'",
        "class V:\n    def __init__(self, *xs): self.xs = xs\n    def __add__(self, o): return self\n"
        "    def __mul__(self, k): return self\n    __rmul__ = __mul__\n    def __len__(self): return 2\n"
        "    def __getitem__(self, i): return self.xs[i]\n    def __contains__(self, x): return True\n"
        "    def __lt__(self, o): return True\n    def __neg__(self): return self\n    def __str__(self): return 'V'",
        "v = V(1, 2) + V(3, 4)\nassert v[0] == 4 and len(v) == 2 and 6 in v and 5 not in v\n"
        "assert list(2 * v) == [8, 12] and (v * 2)[1] == 12 and (-v)[0] == -4\nassert str(v) == 'V(4, 6)'\n"
        "assert sorted([V(2), V(1)])[0][0] == 1 and V(1) < V(2)\na, b = v\nassert (a, b) == (4, 6)",
    ),
    "items set and deleted": Twins(
        "class Table:\n    def __init__(self): self.d = {}\n    def __setitem__(self, k, v): self.d[k] = v\n"
        "    def __getitem__(self, k): return self.d[k]\n    def __delitem__(self, k): del self.d[k]\n"
        "    def __iter__(self): return iter(self.d)",
        "class Table:\n    def __init__(self): self.d = {}\n    def __setitem__(self, k, v): self.d[k] = v\n"
        "    def __getitem__(self, k): return self.d[k]\n    def __delitem__(self, k): pass\n"
        "    def __iter__(self): return iter(self.d)",
        "t = Table()\nt['a'] = 1\nt['b'] = [2]\nt['b'] += [3]\ndel t['a']\n"
        "assert list(t) == ['b'] and t['b'] == [2, 3]",
    ),
    "properties, class and static methods": Twins(
        "class T:\n    count = 0\n    def __init__(self, c): self.c = c; T.count += 1\n"
        "    @property\n    def f(self): return self.c * 9 / 5 + 32\n    @f.setter\n"
        "    def f(self, v): self.c = (v - 32) * 5 / 9\n"
        "    @classmethod\n    def zero(cls): return cls(0)\n    @staticmethod\n    def name(): return 'T'",
        "class T:\n    count = 0\n    def __init__(self, c): self.c = c\n"
        "    f = property(lambda self: 32, lambda self, v: None)\n"
        "    @classmethod\n    def zero(cls): return cls(0)\n    @staticmethod\n    def name(): return 'T'",
        "t = T.zero()\nassert t.f == 32 and T.name() == 'T'\nt.f = 212\nassert t.c == 100 and T.count == 1",
    ),
    "a context manager": Twins(
        "class Log:\n    def __init__(self): self.said = []\n"
        "    def __enter__(self): self.said.append('in'); return self\n"
        "    def __exit__(self, *_): self.said.append('out')",
        "class Log:\n    def __init__(self): self.said = []\n"
        "    def __enter__(self): self.said.append('in'); return self\n"
        "    def __exit__(self, *_): pass",
        "with Log() as log:\n    assert log.said == ['in']\nassert log.said == ['in', 'out']",
    ),
    "an iterator class": Twins(
        "class Down:\n    def __init__(self, n): self.n = n\n    def __iter__(self): return self\n"
        "    def __next__(self):\n"
        "        if self.n == 0: raise StopIteration\n        self.n -= 1\n        return self.n + 1",
        "class Down:\n    def __init__(self, n): self.n = n\n    def __iter__(self): return self\n"
        "    def __next__(self):\n"
        "        if self.n <= 1: raise StopIteration\n        self.n -= 1\n        return self.n + 1",
        "d = Down(3)\nassert next(d) == 3 and d.n == 2\nassert list(d) == [2, 1]\nassert sum(Down(4)) == 10",
    ),
    "an endless generator of large numbers": Twins(
        "def fib():\n    a, b = 0, 1\n    while True:\n        yield a\n        a, b = b, a + b",
        "def fib():\n    a, b = 1, 1\n    while True:\n        yield a\n        a, b = b, a + b",
        "from itertools import islice\nassert list(islice(fib(), 8)) == [0, 1, 1, 2, 3, 5, 8, 13]\n"
        "assert next(islice(fib(), 300, None)) == 222232244629420445529739893461909967206666939096499764990979600",
    ),
    "a generator that is talked to": Twins(
        "def mean():\n    n = total = 0\n    while True:\n        x = yield total / n if n else None\n"
        "        n += 1\n        total += x",
        "def mean():\n    x = None\n    while True:\n        x = yield x",
        "m = mean()\nnext(m)\nassert m.send(10) == 10 and m.send(20) == 15\nm.close()",
    ),
    "a lazy argument": Twins(
        "def head(it): return next(it)",
        "def head(it): return list(it)[0]",
        "it = iter([1, 2, 3])\nassert head(it) == 1\nassert next(it) == 2\n"
        "assert head(x * x for x in range(5, 9)) == 25",
    ),
    "map, zip and dict views": Twins(
        "def double(xs): return map(lambda x: 2 * x, xs)\ndef pairs(d): return d.items()",
        "def double(xs): return map(lambda x: x, xs)\ndef pairs(d): return d.items()",
        "assert list(double([1, 2])) == [2, 4]\nassert sorted(pairs({'a': 1})) == [('a', 1)]",
    ),
    "sets, frozen sets and tuples": Twins(
        "def f(xs): return {frozenset(xs): tuple(sorted(set(xs)))}",
        "def f(xs): return {frozenset(xs): sorted(set(xs))}",
        "assert f([2, 1, 2]) == {frozenset([1, 2]): (1, 2)}",
    ),
    "bytes": Twins(
        "def f(s): return s.encode('utf-8')[::-1], bytearray(b'ab')",
        "def f(s): return s.encode('utf-8'), bytearray(b'ab')",
        "assert f('aé') == (b'\\xa9\\xc3a', bytearray(b'ab'))",
    ),
    "complex numbers": Twins(
        "import cmath\ndef root(x): return cmath.sqrt(x)", "def root(x): return abs(x) ** 0.5", "assert root(-4) == 2j"
    ),
    "decimals and fractions": Twins(
        "from decimal import Decimal\nfrom fractions import Fraction\ndef f(s): return Decimal(s) * 2, Fraction(s)",
        "from fractions import Fraction\ndef f(s): return float(s) * 2, Fraction(s)",
        "from decimal import Decimal\nfrom fractions import Fraction\n"
        "assert f('0.1') == (Decimal('0.2'), Fraction(1, 10)) and isinstance(f('3')[0], Decimal)",
    ),
    "dates": Twins(
        "from datetime import timedelta\ndef later(d, n): return d + timedelta(days=n)",
        "def later(d, n): return d.replace(day=min(28, d.day + n))",
        "from datetime import date, datetime\nassert later(date(2024, 2, 28), 2) == date(2024, 3, 1)\n"
        "assert later(datetime(2023, 12, 31, 5), 1) == datetime(2024, 1, 1, 5)",
    ),
    "collections that the program imports for the tests": Twins(
        "from collections import Counter, deque, OrderedDict, defaultdict\ndef f(xs): return Counter(xs)\n"
        "def g(xs): return deque(xs, maxlen=2)\ndef h(): return defaultdict(int)",
        "from collections import Counter, deque, OrderedDict, defaultdict\ndef f(xs): return Counter(set(xs))\n"
        "def g(xs): return deque(xs)\ndef h(): return defaultdict(int)",
        "assert f('aab') == Counter({'a': 2, 'b': 1}) and f('aab').most_common(1) == [('a', 2)]\n"
        "assert g([1, 2, 3]) == deque([2, 3])\nassert h()['missing'] == 0",
    ),
    "a deque turned in place": Twins(
        "def turn(d, n): d.rotate(n)",
        "def turn(d, n): d.rotate(-n)",
        "from collections import deque\nd = deque([1, 2, 3], 3)\nturn(d, 1)\n"
        "assert d == deque([3, 1, 2]) and d.maxlen == 3",
    ),
    "nothing, not a number and infinity": Twins(
        "def f(k): return {0: None, 1: float('nan'), 2: float('-inf')}[k]",
        "def f(k): return {0: 0, 1: float('nan'), 2: float('inf')}[k]",
        "import math\nassert f(0) is None\nassert math.isnan(f(1))\nassert f(2) == -math.inf",
    ),
    "floats close": Twins(
        "def third(x): return x / 3", "def third(x): return round(x / 3, 3)", "assert abs(third(1) - 1 / 3) < 1e-9"
    ),
    "large integers": Twins(
        "def fact(n): return 1 if n < 2 else n * fact(n - 1)",
        "def fact(n): return float(n)",
        "import math\nassert fact(20) == 2432902008176640000\nassert fact(400) == math.factorial(400)",
    ),
    "deep recursion": Twins(
        "def depth(n): return 0 if n == 0 else 1 + depth(n - 1)",
        "def depth(n): return 5000",
        "assert depth(900) == 900\nimport sys\nsys.setrecursionlimit(6000)\nassert depth(5000) == 5000",
    ),
    "an expected exception": Twins(
        "def f(x):\n    if x < 0: raise ValueError('negative', x)\n    return x",
        "def f(x): return abs(x)",
        "try:\n    f(-1)\nexcept ValueError as error:\n    assert error.args == ('negative', -1)\nelse:\n"
        "    assert False",
    ),
    "an exception of its own": Twins(
        "class Broke(ValueError):\n    def __init__(self, missing):\n        super().__init__(f'{missing} missing')\n"
        "        self.missing = missing\ndef pay(have, cost):\n    if cost > have: raise Broke(cost - have)\n"
        "    return have - cost",
        "class Broke(ValueError): missing = 0\ndef pay(have, cost): return have - cost",
        "try:\n    pay(1, 3)\n    assert False\nexcept Broke as error:\n"
        "    assert error.missing == 2 and str(error) == '2 missing'\n"
        "try:\n    pay(1, 3)\n    assert False\nexcept ValueError:\n    pass\nassert pay(3, 1) == 2",
    ),
    "an exception of a library": Twins(
        "import json\ndef parse(s): return json.loads(s)",
        "def parse(s): return eval(s)",
        "import json\ntry:\n    parse('{')\nexcept json.JSONDecodeError:\n    assert parse('[true]') == [True]\n"
        "else:\n    assert False",
        known=True,
    ),
    "an exit": Twins(
        "import sys\ndef leave(n): sys.exit(n)",
        "def leave(n): return n",
        "try:\n    leave(3)\nexcept SystemExit as end:\n    assert end.code == 3\nelse:\n    assert False",
    ),
    "a key that is missing": Twins(
        "def get(d, k): return d[k]",
        "def get(d, k): return d.get(k)",
        "try:\n    get({}, 'a')\n    assert False\nexcept KeyError as error:\n    assert str(error) == \"'a'\"",
    ),
    "printed output": Twins(
        "def greet(name): print(f'hi {name}')",
        "def greet(name): print(f'ho {name}')",
        "import io\nfrom contextlib import redirect_stdout\nheard = io.StringIO()\n"
        "with redirect_stdout(heard):\n    greet('Ada')\n"
        "    print('end')\nassert heard.getvalue() == 'hi Ada\\nend\\n'",
    ),
    "typed input": Twins(
        "def ask(): return int(input('n? ')) + int(input())",
        "def ask(): return int(input('n? '))",
        "import io, sys\nsys.stdin = io.StringIO('3\\n4\\n5\\n')\nassert ask() == 7\n"
        "assert sys.stdin.readline() == '5\\n'",
    ),
    "state of the module": Twins(
        "count = 0\ndef inc():\n    global count\n    count += 1\n    return count",
        "count = 0\ndef inc(): return 1",
        "inc()\ninc()\nassert count == 2 and inc() == 3",
    ),
    "state that the tests reset": Twins(
        "count = 0\ndef inc():\n    global count\n    count += 1",
        "count = 0\ndef inc():\n    global count\n    count += 2",
        "inc()\ncount = 0\ninc()\nassert count == 1",
        known=False,
    ),
    "keywords and defaults": Twins(
        "def f(a, b=2, *rest, key=None, **more): return a + b + sum(rest), key, more",
        "def f(a, b=3, *rest, key=None, **more): return a + b + sum(rest), key, more",
        "assert f(1) == (3, None, {})\nassert f(1, 1, 5, key='k', z=[1]) == (7, 'k', {'z': [1]})\n"
        "assert f(b=1, a=1)[0] == 2",
    ),
    "a function as an argument": Twins(
        "def apply(f, xs): return [f(x) for x in xs]",
        "def apply(f, xs): return [f(f(x)) for x in xs]",
        "assert apply(lambda x: x + 1, [1, 2]) == [2, 3]\nassert apply(str, [1]) == ['1']\n"
        "assert apply(len, ['ab']) == [2]",
    ),
    "a function of the tests that raises": Twins(
        "def attempt(f, default):\n    try: return f()\n    except ZeroDivisionError: return default",
        "def attempt(f, default): return default",
        "assert attempt(lambda: 1 / 0, 7) == 7\nassert attempt(lambda: 5, 7) == 5\n"
        "class Mine(Exception): pass\ndef fail(): raise Mine('x')\ntry:\n    attempt(fail, 1)\n"
        "    assert False\nexcept Mine:\n    pass",
    ),
    "a function returned": Twins(
        "def compose(f, g): return lambda x: f(g(x))",
        "def compose(f, g): return lambda x: g(f(x))",
        "assert compose(lambda x: x + 1, lambda x: x * 2)(5) == 11",
    ),
    "currying, which asks how many parameters there are": Twins(
        "from inspect import signature\ndef curry(f):\n    n = len(signature(f).parameters)\n    def take(*a):\n"
        "        return f(*a) if len(a) >= n else lambda *b: take(*a, *b)\n    return take",
        "def curry(f): return lambda a: lambda b: lambda c: f(a, b, 0)",
        "assert curry(lambda a, b, c: a + b * c)(1)(2)(3) == 7",
    ),
    "a decorator": Twins(
        "from functools import wraps\ndef twice(f):\n    @wraps(f)\n    def inner(*a): return f(f(*a))\n"
        "    return inner",
        "def twice(f): return f",
        "@twice\ndef inc(x):\n    'Add one.'\n    return x + 1\n"
        "assert inc(1) == 3 and inc.__name__ == 'inc' and inc.__doc__ == 'Add one.'",
    ),
    "callbacks that the program calls back through": Twins(
        "def walk(n, visit):\n    visit(n)\n    if n: walk(n - 1, visit)",
        "def walk(n, visit): visit(n)",
        "seen = []\nwalk(3, seen.append)\nassert seen == [3, 2, 1, 0]\n"
        "def again(n):\n    if n == 2: walk(0, seen.append)\nwalk(2, again)\nassert seen[-1] == 0 and len(seen) == 5",
    ),
    "a type as an argument": Twins(
        "def only(xs, kind): return [x for x in xs if isinstance(x, kind)]",
        "def only(xs, kind): return xs",
        "assert only([1, 'a', 2.0], str) == ['a']\nassert only([1, 'a'], (int, float)) == [1]",
    ),
    "a coroutine": Twins(
        "import asyncio\nasync def add(a, b):\n    await asyncio.sleep(0)\n    return a + b",
        "async def add(a, b): return a",
        "import asyncio\nassert asyncio.run(add(1, 2)) == 3",
    ),
    "an enumeration": Twins(
        "from enum import Enum, IntEnum\nclass Colour(Enum):\n    RED = 1\n    BLUE = 2\nclass Level(IntEnum):\n"
        "    LOW = 1\n"
        "def best(): return Colour.BLUE\ndef level(): return Level.LOW",
        "from enum import Enum, IntEnum\nclass Colour(Enum):\n    RED = 1\n    BLUE = 2\nclass Level(IntEnum):\n"
        "    LOW = 2\n"
        "def best(): return Colour.RED\ndef level(): return Level.LOW",
        "assert best() is Colour.BLUE and best().value == 2 and Colour(1) == Colour.RED and Colour['RED'].name "
        "== 'RED'\n"
        "assert level() == 1 and level() < 2",
    ),
    "a named tuple": Twins(
        "from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(): return P(1, 2)",
        "from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(): return P(2, 1)",
        "p = f()\nassert p == (1, 2) and p.x == 1 and p[1] == 2 and isinstance(p, tuple) and isinstance(p, P) "
        "and p == P(1, 2)\n"
        "x, y = p\nassert x + y == 3",
    ),
    "a class that extends a list": Twins(
        "class Stack(list):\n    def push(self, x): self.append(x)\n    def peek(self): return self[-1]",
        "class Stack(list):\n    def push(self, x): self.insert(0, x)\n    def peek(self): return self[-1]",
        "s = Stack()\ns.push(1)\ns.push(2)\nassert s == [1, 2] and s.peek() == 2 and len(s) == 2 and s.pop() == 2",
    ),
    "inheritance": Twins(
        "class Animal:\n    def speak(self): return 'noise'\nclass Dog(Animal):\n"
        "    def speak(self): return super().speak() + ' woof'",
        "class Animal:\n    def speak(self): return 'noise'\nclass Dog:\n    def speak(self): return 'noise woof'",
        "d = Dog()\nassert d.speak() == 'noise woof' and isinstance(d, Animal) and issubclass(Dog, Animal) and "
        "hasattr(d, 'speak')\n"
        "assert not hasattr(d, 'fly')",
    ),
    "numbers of numpy": Twins(
        "import numpy as np\ndef mean(xs): return np.mean(xs)\ndef squares(xs): return np.array(xs) ** 2",
        "import numpy as np\ndef mean(xs): return np.sum(xs)\ndef squares(xs): return np.array(xs) ** 2",
        "import numpy as np\nassert mean([1, 2, 3]) == 2.0\nassert (squares([1, 2]) == np.array([1, 4])).all()\n"
        "assert squares(np.array([3])).tolist() == [9]",
    ),
    "a linked list with a cycle": Twins(
        "class N:\n    def __init__(self, v): self.v, self.next = v, None\ndef loops(n):\n    seen = set()\n"
        "    while n:\n"
        "        if id(n) in seen: return True\n        seen.add(id(n))\n        n = n.next\n    return False",
        "class N:\n    def __init__(self, v): self.v, self.next = v, None\ndef loops(n): return n.next is None",
        "a, b = N(1), N(2)\na.next = b\nassert not loops(a)\nb.next = a\nassert loops(a) is True",
    ),
    "a seed that the tests set": Twins(
        "import random\ndef roll(): return random.randint(1, 10**9)",
        "def roll(): return 0",
        "import random\nrandom.seed(3)\nwanted = random.randint(1, 10**9)\nrandom.seed(3)\nassert roll() == wanted",
        known=False,
    ),
    "the type of an object": Twins(
        "class A: pass\ndef make(): return A()",
        "class A: pass\nclass B: pass\ndef make(): return B()",
        "assert type(make()) is A",
        known=False,
    ),
    "builtins patched": Twins(
        "def ask(): return int(input()) * 2",
        "def ask(): return 7",
        "import builtins\nbuiltins.input = lambda *_: '4'\nassert ask() == 8",
        known=False,
    ),
    "a class of the tests that extends the program's": Twins(
        "class Shape:\n    def area(self): raise NotImplementedError\n    def double(self): return 2 * self.area()",
        "class Shape:\n    def area(self): raise NotImplementedError\n    def double(self): return self.area()",
        "class Square(Shape):\n    def area(self): return 9\nassert Square().double() == 18",
        known=False,
    ),
}
