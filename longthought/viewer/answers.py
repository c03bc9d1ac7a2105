"""What the server answers, as types: the contract with the page, whose TypeScript types are generated from it.

This module holds no behaviour. Times are in seconds, shares and scores in [0, 1], tokens include cached prompt tokens.
"""

from enum import StrEnum
from typing import Any, Literal

from pydantic import ConfigDict

from longthought.labels.label import Label
from longthought.problems.problem import Problem
from longthought.record import Record
from longthought.thoughts.moves import Factor
from longthought.thoughts.walks import Walk
from longthought.trajectories.events import Action, AnyEvent, StopReason


class Answer(Record):
    """The base of what the server answers; every field is always there."""

    model_config = ConfigDict(
        use_attribute_docstrings=True, json_schema_serialization_defaults_required=True, frozen=True, extra="forbid"
    )


class Objection(Answer):
    """Why a request was refused, at every status from 400."""

    error: str
    """One sentence that can be shown."""
    hint: str = ""
    """What to do about it, if anything."""


class RunState(StrEnum):
    """Whether a run can be read."""

    READY = "ready"
    """Everything that the job has written so far is in the index."""
    INDEXING = "indexing"
    """The index is being built; its debates appear as they are read."""
    UNREADABLE = "unreadable"
    """It can't be read; `error` says why."""


class RunView(Answer):
    """One run folder on view."""

    name: str
    """How requests name it: the folder, or set/strategy/seed; unique among the runs on view."""
    path: str
    """Where it is, as the user wrote it."""
    group: str | None
    """The name of the set that it belongs to; None for a run given by itself."""
    strategy: str | None
    """In a set: the strategy or the round."""
    seed: str | None
    """In a set of an evaluation: the folder of the seed."""
    state: RunState
    error: str = ""
    """Why it can't be read, or what is missing from its log; empty if all is well."""
    indexed: float
    """The share of its bytes that are in the index."""
    debates: int
    finished: int
    solved: int
    graded: int
    failed: int
    """Debates that a failure ended."""
    tokens: int
    labels: bool
    """Whether the run has labels of steps."""
    doubtful: int
    """Number of steps whose labels a person should look at."""
    live: bool
    """Whether a job is writing it now."""
    created: str
    """When the run was started, in ISO 8601 and UTC; empty if unknown."""
    kind: str
    """The kind of the job: generate, …; empty if unknown."""
    graph: str
    policy: str
    critic: str
    config: dict[str, Any]
    """Every setting that the run was started with."""


class SetView(Answer):
    """A folder that holds several runs."""

    name: str
    kind: Literal["evaluate", "improve"]
    path: str
    runs: tuple[str, ...]
    """The names of its runs."""


class Runs(Answer):
    """`GET /api/runs`: everything on view."""

    version: int
    """Grows whenever anything in the index changes; load again what depends on it."""
    review: bool
    """Whether labels can be written."""
    runs: tuple[RunView, ...]
    sets: tuple[SetView, ...]


class Outcome(StrEnum):
    """How a debate came out."""

    SOLVED = "solved"
    """Its answer was graded right."""
    WRONG = "wrong"
    """It ended without a failure, and was graded: no answer, or a wrong one."""
    FAILED = "failed"
    """A failure of a model or a tool ended it."""
    UNGRADED = "ungraded"
    """It ended, and nobody has graded it, or the grader can't tell."""
    UNFINISHED = "unfinished"
    """It has not ended."""


class Row(Answer):
    """One debate in a table."""

    run: str
    """The run's name."""
    id: str
    problem: str
    """The id of the problem."""
    sample: int
    statement: str
    """The first 200 characters of the problem."""
    domain: str
    outcome: Outcome
    answer: str | None
    """The first 200 characters of the answer."""
    solved: bool | None
    finished: bool
    stop_reason: StopReason | None
    rounds: int
    backtracks: int
    reflections: int
    refutations: int
    """Number of claims that tools refuted."""
    tokens: int
    policy_tokens: int
    critic_tokens: int
    score: float | None
    """The critic's last score."""
    nodes: int
    """Number of nodes of the tree, the problem included."""
    events: int
    seconds: float
    """Time in models and tools."""
    started: float
    """Unix time of its first event."""
    labelled: int
    """Number of nodes with a label."""
    doubtful: int
    """Number of nodes whose label a person should look at."""
    wrong_rejections: int
    """Nodes that the critic or a tool rejected, and a label calls live."""
    wrong_approvals: int
    """Nodes that were accepted, and a label calls dead."""
    broken: bool
    """Whether its log has a hole; it is read up to the hole."""


class Table(Answer):
    """`GET /api/debates`: a window of the table."""

    version: int
    total: int
    """Number of debates that pass the filter."""
    offset: int
    searched: float
    """The share of the log in which `q` has been looked for; below 1, ask again for more."""
    rows: tuple[Row, ...]


class DebateName(Answer):
    """A debate of a run."""

    run: str
    id: str


class Neighbours(Answer):
    """`GET /api/neighbours`: where a debate stands in the table."""

    total: int
    position: int | None
    """From 0; None if the debate doesn't pass the filter."""
    previous: DebateName | None
    next: DebateName | None


class Bin(Answer):
    """One bar of a histogram: values from `low` up to and without `high`."""

    low: float
    high: float
    count: int
    solved: int
    """How many of them are solved."""


class CalibrationBin(Answer):
    """Graded debates by the critic's last score, which should match the share of them that is solved."""

    low: float
    high: float
    count: int
    mean_score: float
    solved: int


class Summary(Answer):
    """`GET /api/summary`: figures of all debates that pass a filter."""

    version: int
    total: int
    searched: float
    outcomes: dict[Outcome, int]
    """All outcomes, those that don't occur with 0."""
    stop_reasons: dict[StopReason, int]
    """Those that occur."""
    domains: dict[str, int]
    """Those that occur."""
    actions: dict[Action, int]
    """How often each verdict was given."""
    rounds: tuple[Bin, ...]
    """Histogram of rounds, without gaps; the last bar takes the few debates that are far longer."""
    calibration: tuple[CalibrationBin, ...]
    """At most ten bins; those without debates are left out."""
    tokens: int
    policy_tokens: int
    critic_tokens: int
    backtracks: int
    reflections: int
    refutations: int
    labelled: int
    """Debates with labels."""
    wrong_rejections: int
    """Debates in which a live step was rejected."""
    wrong_approvals: int
    """Debates in which a dead step was accepted."""


class Debate(Answer):
    """`GET /api/debate`: one debate, whole."""

    row: Row
    problem: Problem
    config: dict[str, Any]
    events: tuple[AnyEvent, ...]
    """Its events in order, without token ids and log-probabilities."""
    labels: tuple[Label, ...]
    """The label in force on each node that has one."""
    parts: tuple[str, ...]
    """The names of its sub-debates, which are asked for like any other debate."""
    grade_detail: str
    """The grader's reason; empty if it gave none."""
    error: str = ""
    """What is wrong with its log; empty if all is well."""


class SentenceView(Answer):
    """A sentence of a long thought, and where it comes from."""

    text: str
    gap: str
    """The white space before it, unless it is the first."""
    factor: Factor
    node: int
    events: tuple[int, ...]
    """The `seq` of the events it comes from."""


class Thought(Answer):
    """`GET /api/thought`: a debate told as one long thought."""

    walk: Walk
    voice: str
    answer: str | None
    wrong_turns: int
    steps: int
    sentences: tuple[SentenceView, ...]


class Doubt(Answer):
    """A step that a person should look at."""

    run: str
    id: str
    node: int
    label: Label
    """The label in force, which is in doubt or which a person gave just now."""


class ReviewQueue(Answer):
    """`GET /api/review`: doubtful steps, debate by debate, the most uncertain of each first."""

    total: int
    """Number of doubtful steps in all runs asked for."""
    doubts: tuple[Doubt, ...]
    more: str | None
    """Give it as `after` to get those that follow; None at the end."""


class Written(Answer):
    """What a label led to."""

    label: Label | None
    """The label now in force on the step; None if there is none any more."""
