"""What the server answers on several runs: two runs side by side, the curves of an evaluation, the rounds of a loop."""

from enum import StrEnum

from longthought.viewer.answers import Answer, Outcome


class Side(Answer):
    """One of two debates on the same problem."""

    id: str
    outcome: Outcome
    answer: str | None
    rounds: int
    backtracks: int
    tokens: int
    score: float | None


class Pair(Answer):
    """The same problem in two runs."""

    problem: str
    statement: str
    a: Side
    b: Side


class Cell(StrEnum):
    """Who solved a problem."""

    BOTH = "both"
    ONLY_A = "only_a"
    ONLY_B = "only_b"
    NEITHER = "neither"
    UNKNOWN = "unknown"
    """One of them is unfinished or not graded."""


class Comparison(Answer):
    """`GET /api/compare`: two runs on the debates that both have; `cell` chooses the rows."""

    version: int
    a: str
    b: str
    counts: dict[Cell, int]
    unpaired_a: int
    """Debates that only A has."""
    unpaired_b: int
    tokens_a: int
    """Tokens of A on the debates that both have."""
    tokens_b: int
    p: float | None
    """Exact McNemar p-value of the flips; None without a flip."""
    total: int
    """Number of pairs in the chosen cell."""
    offset: int
    rows: tuple[Pair, ...]


class Point(Answer):
    """The share of problems solved with a number of tokens, and its 95 % interval."""

    tokens: float
    """Mean tokens spent per problem."""
    budget: int
    solved: float
    low: float
    high: float


class Curve(Answer):
    """One strategy of an evaluation at growing budgets."""

    name: str
    points: tuple[Point, ...]


class Curves(Answer):
    """`GET /api/curves`: the curves that a set's report holds."""

    set: str
    error: str = ""
    """Why there are none, in a sentence; empty if there are some."""
    curves: tuple[Curve, ...]


class Decision(Answer):
    """Whether a candidate of an improvement loop took its chair."""

    round: int
    lesson: str
    role: str
    level: int
    """The difficulty of the validation problems, from 0."""
    solved: float
    """The share of the validation problems that the candidate solved, and its 95 % interval."""
    low: float
    high: float
    before: float
    """The share that the agent in the chair solved."""
    problems: int
    gain: float
    gain_low: float
    gain_high: float
    promoted: bool
    why: str
    tokens: int
    """Tokens of the whole loop up to here."""
    run: str | None
    """The candidate's validation run, if it is on view."""
    rival: str | None
    """The run that it was compared with, if it is on view."""


class Rounds(Answer):
    """`GET /api/rounds`: the decisions of an improvement loop, in order."""

    set: str
    error: str = ""
    """Why there are none, in a sentence; empty if there are some."""
    decisions: tuple[Decision, ...]
