"""The facts of a debate: an append-only list of frozen events, and nothing that can be derived from them.

An event says who did what (`by`), in which order (`seq`), in which debate (`trajectory`). The tree, the transcripts,
the token bill and every training row are computed from the list. Events know nothing of models, tools or graphs.
"""

from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter

from longthought.problems.problem import Problem
from longthought.record import Record

SCHEMA_VERSION: Final = 1


class Action(StrEnum):
    """What a verdict asks for."""

    CONTINUE = "continue"
    """Accept the step; the policy goes on from it."""
    BACKTRACK = "backtrack"
    """Abandon the step and everything below the target; the policy goes on from the target."""
    REFLECT = "reflect"
    """Keep the step in doubt; the policy must re-examine it in words."""
    TERMINATE = "terminate"
    """Accept the step as the last."""


class Author(StrEnum):
    """Who an event is by."""

    POLICY = "policy"
    """The agent that proposes steps."""
    CRITIC = "critic"
    """The agent that judges them."""
    TOOL = "tool"
    """A verifier, or the veto that rests on it."""
    STRATEGY = "strategy"
    """The state machine itself: its rules and budgets."""
    HUMAN = "human"
    """A person who stepped in."""
    GRADER = "grader"
    """The reference checker, after the end."""


class EvidenceStatus(StrEnum):
    """What a tool can say about a claim."""

    CONFIRMED = "confirmed"
    """This claim holds; it does not mean that the step is right."""
    REFUTED = "refuted"
    """This claim is false."""
    ABSTAINED = "abstained"
    """The tool looked and can't tell."""
    UNAVAILABLE = "unavailable"
    """The tool could not run here; never a failed check."""


class StopReason(StrEnum):
    """Why a debate ended."""

    ANSWERED = "answered"
    """The critic accepted a final answer."""
    GAVE_UP = "gave_up"
    """Nothing was left to try."""
    STUCK = "stuck"
    """The policy only repeated itself, even from the problem."""
    ROUNDS = "rounds"
    """The round budget was spent."""
    BACKTRACKS = "backtracks"
    """The backtrack budget was spent."""
    TOKENS = "tokens"
    """The token budget was spent."""
    SECONDS = "seconds"
    """The time budget was spent."""
    FAILED = "failed"
    """A model or a tool failed for good; the last `Failed` event says why."""


class Failure(StrEnum):
    """What went wrong in a `Failed` event."""

    UNREADABLE_STEP = "unreadable_step"
    """The policy's reply held no step, also after a repair request."""
    UNREADABLE_VERDICT = "unreadable_verdict"
    """The critic's reply held no verdict, also after a repair request."""
    ILLEGAL_VERDICT = "illegal_verdict"
    """The verdict is not allowed here, such as going on from a final answer."""
    REPEATED_STEP = "repeated_step"
    """The policy proposed again what was rejected from the same node."""
    MODEL = "model"
    """A model could not be reached or refused the request."""
    INTERNAL = "internal"
    """A defect; the debate ends, the job goes on."""


class Cause(StrEnum):
    """Why the cursor moved, or a node changed its standing."""

    ACCEPTED = "accepted"
    """The step was accepted."""
    REJECTED = "rejected"
    """The critic went back."""
    VETOED = "vetoed"
    """A tool refuted the step."""
    DOUBTED = "doubted"
    """The critic asked for a reflection."""
    EXHAUSTED = "exhausted"
    """Nothing new came from the node, so the strategy left it."""
    SELECTED = "selected"
    """A search goes on from the node."""
    ROLLOUT = "rollout"
    """A search plays on from the node, to see what it is worth."""
    PRUNED = "pruned"
    """A search keeps others instead."""
    EDITED = "edited"
    """A person moved it."""


class Usage(Record):
    """Tokens of one model call, or of many."""

    prompt: int = 0
    """Prompt tokens, cached ones included."""
    cached: int = 0
    """Prompt tokens served from a prefix cache."""
    completion: int = 0
    """Generated tokens."""

    def __add__(self, other: "Usage") -> "Usage":
        """Add up."""
        return Usage(
            prompt=self.prompt + other.prompt,
            cached=self.cached + other.cached,
            completion=self.completion + other.completion,
        )

    @property
    def total(self) -> int:
        """Prompt and completion together, cached prefill counted."""
        return self.prompt + self.completion

    @property
    def computed(self) -> int:
        """What a server with a prefix cache really computes."""
        return self.prompt - self.cached + self.completion


class Call(Record):
    """One model call: what came back and what it cost."""

    model: str
    """As written on the command line, such as `openai:Qwen/Qwen3-8B`."""
    text: str
    """The reply as it came."""
    usage: Usage = Usage()
    latency: float = 0.0
    """Seconds from request to reply."""
    token_ids: tuple[int, ...] | None = None
    """Completion tokens, where the server gives them."""
    logprobs: tuple[float, ...] | None = None
    """One per completion token, where the server gives them."""


class Evidence(Record):
    """What a tool found about one claim."""

    tool: str
    """The verifier's name."""
    status: EvidenceStatus
    claim: str
    """What was checked, in the words of the step."""
    detail: str = ""
    """The finding in words."""
    span: tuple[int, int] | None = None
    """Where the claim stands in the step's text: start and end offsets."""
    seconds: float = 0.0
    """Time the check took."""


class Verdict(Record):
    """The critic's judgement of the newest step."""

    action: Action
    target: int | None = None
    """For `backtrack`: the node to return to; None for the step's parent."""
    score: float | None = Field(default=None, ge=0, le=1)
    """Probability that the path so far can still succeed."""
    critique: str = ""
    """The reasons in words."""


class Event(Record):
    """What every event carries."""

    trajectory: str
    """The debate it belongs to."""
    seq: int = Field(ge=0)
    """Position in the debate, from 0 without gaps."""
    by: Author
    at: float
    """Unix time in seconds."""
    calls: tuple[Call, ...] = ()
    """The model calls it cost; the last one is what was read, those before it were unreadable."""


class Parent(Record):
    """The debate that a sub-debate serves."""

    trajectory: str
    node: int


class Delegated(Record):
    """What sub-debates cost, which their own logs tell call by call."""

    policy: Usage = Usage()
    critic: Usage = Usage()
    requests: int = 0
    seconds: float = 0.0
    """In models and tools."""


class Started(Event):
    """A debate began: the public problem and the whole configuration."""

    kind: Literal["started"] = "started"
    schema_version: int = SCHEMA_VERSION
    problem: Problem
    sample: int = 0
    """Which of several debates on the same problem."""
    config: dict[str, Any] = Field(default_factory=dict[str, Any])
    """The settings of the graph, fully resolved."""
    parent: Parent | None = None


class Proposed(Event):
    """A step was proposed. Naming a known node from another parent merges two paths into one state."""

    kind: Literal["proposed"] = "proposed"
    node: int = Field(ge=1)
    parent: int = Field(ge=0)
    text: str
    """The step."""
    answer: str | None = None
    """The final answer it carries, if any."""
    state: str | None = None
    """What it leads to, where the dialect can tell: steps that lead to the same are one node of a search."""
    sources: tuple[int, ...] = ()
    """Other nodes it was made from, as in an aggregation."""
    trajectories: tuple[str, ...] = ()
    """Sub-debates whose answers it rests on."""
    delegated: Delegated | None = None
    """What they cost; each is paid for once."""


class Observed(Event):
    """A tool that the policy called printed something."""

    kind: Literal["observed"] = "observed"
    node: int
    tool: str
    output: str


class Checked(Event):
    """The verifiers looked at a step."""

    kind: Literal["checked"] = "checked"
    node: int
    evidence: tuple[Evidence, ...] = ()


class Judged(Event):
    """The critic, or whoever sits in its chair, judged a step."""

    kind: Literal["judged"] = "judged"
    node: int
    verdict: Verdict
    trajectories: tuple[str, ...] = ()
    """Sub-debates whose outcome it rests on."""
    delegated: Delegated | None = None
    """What they cost; each is paid for once."""


class Reflected(Event):
    """The policy re-examined a step in words; the reflection is a node below it."""

    kind: Literal["reflected"] = "reflected"
    node: int = Field(ge=1)
    parent: int = Field(ge=1)
    text: str


class Moved(Event):
    """The cursor moved, or stayed while a node changed its standing."""

    kind: Literal["moved"] = "moved"
    to: int = Field(ge=0)
    cause: Cause
    path: tuple[int, ...] = ()
    """The nodes it went by, where paths merge and there is more than one way."""
    accepted: tuple[int, ...] = ()
    doubted: tuple[int, ...] = ()
    abandoned: tuple[int, ...] = ()
    reason: str = ""
    """Why, in the words of whoever moved it."""


class Failed(Event):
    """Something went wrong; unless it is fatal, the debate goes on and has lost a round."""

    kind: Literal["failed"] = "failed"
    failure: Failure
    detail: str
    node: int | None = None
    fatal: bool = False


class Finished(Event):
    """The debate ended."""

    kind: Literal["finished"] = "finished"
    reason: StopReason
    node: int | None = None
    """Where the answer stands."""
    answer: str | None = None


class Graded(Event):
    """The reference checker's word, written after the end."""

    kind: Literal["graded"] = "graded"
    solved: bool | None
    """None where it can't tell."""
    detail: str = ""


AnyEvent = Annotated[
    Started | Proposed | Observed | Checked | Judged | Reflected | Moved | Failed | Finished | Graded,
    Field(discriminator="kind"),
]
EVENT: Final[TypeAdapter[AnyEvent]] = TypeAdapter(AnyEvent)
