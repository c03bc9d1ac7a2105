"""What the page asks the server, as types: the filter of debates, and the word of a person on a step."""

from enum import StrEnum

from pydantic import ConfigDict, Field

from longthought.record import Record
from longthought.trajectories.events import StopReason
from longthought.viewer.answers import Outcome


class Sort(StrEnum):
    """The columns that a table can be sorted by; `started` is the order of the log."""

    STARTED = "started"
    ID = "id"
    OUTCOME = "outcome"
    STOP = "stop_reason"
    ROUNDS = "rounds"
    BACKTRACKS = "backtracks"
    REFLECTIONS = "reflections"
    REFUTATIONS = "refutations"
    TOKENS = "tokens"
    SCORE = "score"
    NODES = "nodes"
    SECONDS = "seconds"
    LABELLED = "labelled"
    WRONG_REJECTIONS = "wrong_rejections"
    WRONG_APPROVALS = "wrong_approvals"


class LabelFilter(StrEnum):
    """What is known of the steps of a debate."""

    ANY = "any"
    """Some step has a label."""
    NONE = "none"
    """No step has one."""
    DOUBTFUL = "doubtful"
    """A person should look at a step."""
    WRONG_VERDICT = "wrong_verdict"
    """A live step was rejected, or a dead one accepted."""


class Filter(Record):
    """Which debates, and in which order: the query of `debates`, `summary` and `neighbours`."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="ignore")  # a query has other fields too

    run: tuple[str, ...] = ()
    """Names of runs or of sets; all by default."""
    q: str = Field(default="", max_length=200)
    """A text in the id, the statement, the answer or the words of any step, critique or thinking; case is ignored."""
    outcome: tuple[Outcome, ...] = ()
    stop: tuple[StopReason, ...] = ()
    domain: tuple[str, ...] = ()
    label: LabelFilter | None = None
    rounds_min: int | None = None
    rounds_max: int | None = None
    backtracks_min: int | None = None
    backtracks_max: int | None = None
    reflections_min: int | None = None
    reflections_max: int | None = None
    refutations_min: int | None = None
    refutations_max: int | None = None
    tokens_min: int | None = None
    tokens_max: int | None = None
    nodes_min: int | None = None
    nodes_max: int | None = None
    score_min: float | None = None
    score_max: float | None = None
    wrong_rejections_min: int | None = None
    wrong_approvals_min: int | None = None
    sort: Sort = Sort.STARTED
    descending: bool = False


class Word(Record):
    """`POST /api/labels`: the word of a person on a step."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    run: str
    id: str
    node: int = Field(ge=1)
    live: bool | None
    """Whether a right answer can still be reached; for a node with an answer, whether it is right. None: can't tell."""
    reason: str = Field(default="", max_length=10_000)
    withdrawn: bool = False
    """Whether this takes back the last word of a person on the step; `live` is then ignored."""
