"""The facts of a debate: an append-only list of frozen events, and nothing that can be derived from them.

An event says who did what (`by`), in which order (`seq`), in which debate (`trajectory`). The tree, the transcripts,
the token bill and every training row are computed from the list. Events know nothing of models, tools or graphs.
"""

import operator
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter

from longthought.problems.problem import Problem
from longthought.record import Record

SCHEMA_VERSION: Final = 1


class Action(StrEnum):
    """What the critic wants done with a step."""

    CONTINUE = "continue"
    """Accept the step; the policy goes on from it."""
    BACKTRACK = "backtrack"
    """Abandon the step and everything below the target; the policy goes on from the target."""
    REFLECT = "reflect"
    """Doubt the step; the policy must re-examine it in words."""
    TERMINATE = "terminate"
    """Accept the step as the last one."""

    @property
    def accepts(self) -> bool:
        """Whether the step is accepted, as the last one or not."""
        return self in (Action.CONTINUE, Action.TERMINATE)


class Author(StrEnum):
    """Who caused an event."""

    POLICY = "policy"
    """The agent that proposes steps."""
    CRITIC = "critic"
    """The agent that judges them."""
    TOOL = "tool"
    """A verifier, or a veto based on its evidence."""
    STRATEGY = "strategy"
    """The state machine itself: its rules and budgets."""
    HUMAN = "human"
    """A person who stepped in."""
    GRADER = "grader"
    """The reference checker, after the end."""


class EvidenceStatus(StrEnum):
    """The outcome of checking a claim."""

    CONFIRMED = "confirmed"
    """This claim holds; it does not mean that the step is right."""
    REFUTED = "refuted"
    """This claim is false."""
    ABSTAINED = "abstained"
    """The tool ran and can't tell."""
    DISPUTED = "disputed"
    """An independent result differs, and one of the two is wrong."""
    UNAVAILABLE = "unavailable"
    """The tool could not run here; never a failed check."""


class StopReason(StrEnum):
    """Why a debate ended."""

    ANSWERED = "answered"
    """The critic accepted a final answer."""
    GAVE_UP = "gave_up"
    """Nothing was left to try."""
    STUCK = "stuck"
    """The policy only repeated rejected steps, even from the problem."""
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
    """The kind of a failure."""

    UNREADABLE_STEP = "unreadable_step"
    """The policy's reply held no step, also after a repair request."""
    UNREADABLE_VERDICT = "unreadable_verdict"
    """The critic's reply held no verdict, also after a repair request."""
    WITHHELD_STEP = "withheld_step"
    """The server withheld the policy's reply, as a content filter does."""
    WITHHELD_VERDICT = "withheld_verdict"
    """The server withheld the critic's reply."""
    ILLEGAL_VERDICT = "illegal_verdict"
    """The rules of the debate forbid the verdict, such as continuing from a final answer."""
    REPEATED_STEP = "repeated_step"
    """The policy proposed a step again that was rejected from the same node."""
    MODEL = "model"
    """A model could not be reached or refused the request."""
    INTERNAL = "internal"
    """A defect; the debate ends, the job goes on."""


class Cause(StrEnum):
    """Why the cursor moved or a node changed its standing."""

    ACCEPTED = "accepted"
    """The step was accepted."""
    REJECTED = "rejected"
    """The critic asked to backtrack."""
    VETOED = "vetoed"
    """A tool refuted the step."""
    DOUBTED = "doubted"
    """The critic asked for a reflection."""
    EXHAUSTED = "exhausted"
    """The policy proposed nothing new from the node, so the strategy left it."""
    SELECTED = "selected"
    """A search selected the node to continue from."""
    ROLLOUT = "rollout"
    """A search plays on from the node to estimate its value."""
    PRUNED = "pruned"
    """A search dropped the node in favour of others."""
    EDITED = "edited"
    """A person moved the cursor."""


class Usage(Record):
    """Token counts of one model call, or of several together."""

    prompt: int = 0
    """Prompt tokens, cached ones included."""
    cached: int = 0
    """Prompt tokens served from a prefix cache."""
    completion: int = 0
    """Generated tokens."""
    estimated: bool = Field(default=False, exclude_if=operator.not_)
    """Whether a count in it is estimated from the text because the server gave none, or one that can't be."""

    def __add__(self, other: "Usage") -> "Usage":
        """Add two counts."""
        return Usage(
            prompt=self.prompt + other.prompt,
            cached=self.cached + other.cached,
            completion=self.completion + other.completion,
            estimated=self.estimated or other.estimated,
        )

    @property
    def total(self) -> int:
        """Prompt and completion tokens, cached ones included."""
        return self.prompt + self.completion

    @property
    def computed(self) -> int:
        """Tokens that a server with a prefix cache computes: all but the cached ones."""
        return self.prompt - self.cached + self.completion


class Call(Record):
    """One model call: the reply and its cost."""

    model: str
    """The agent's name, such as `openai:Qwen/Qwen3-8B`."""
    text: str
    """The reply, unchanged; with its thinking, if the server leaves that in."""
    thinking: str | None = None
    """The thinking that the server sends beside the reply."""
    finish_reason: str | None = None
    """What ended the reply, in the server's word, such as `stop` or `length`."""
    usage: Usage = Usage()
    latency: float = 0.0
    """Seconds from request to reply."""
    token_ids: tuple[int, ...] | None = None
    """Ids of the completion tokens; None if the server returns none."""
    logprobs: tuple[float, ...] | None = None
    """One number per completion token; None if the server returns none."""


class Evidence(Record):
    """The result of one check of one claim."""

    tool: str
    """The verifier's name."""
    status: EvidenceStatus
    claim: str
    """The claim, quoted from the step."""
    detail: str = ""
    """The result in words."""
    span: tuple[int, int] | None = None
    """Start and end offset of the claim in the text of the step."""
    seconds: float = 0.0
    """Duration of the check."""
    found: str | None = Field(default=None, exclude_if=lambda found: found is None)
    """The result of the tool's own, where it came to one, such as the answer that a program printed."""


class Verdict(Record):
    """The critic's judgement of the newest step."""

    action: Action
    target: int | None = None
    """For `backtrack`: the node to return to; None means the parent of the step."""
    score: float | None = Field(default=None, ge=0, le=1)
    """Probability that the path so far can still succeed."""
    critique: str = ""
    """The reasons in words."""
    said: Action | None = None
    """The action that was written, where it was read as the legal one that it must have meant."""


class Event(Record):
    """The fields of every event."""

    trajectory: str
    """The debate it belongs to."""
    seq: int = Field(ge=0)
    """Position in the debate, from 0 without gaps."""
    by: Author
    at: float
    """Unix time in seconds."""
    calls: tuple[Call, ...] = ()
    """The model calls behind the event; the last reply was used, those before it could not be."""


class Parent(Record):
    """The debate that a sub-debate serves."""

    trajectory: str
    node: int


class Delegated(Record):
    """The total cost of sub-debates; their own logs hold it call by call."""

    policy: Usage = Usage()
    critic: Usage = Usage()
    requests: int = 0
    seconds: float = 0.0
    """Time spent in models and tools."""


class Started(Event):
    """A debate began: its problem, without the reference, and its whole configuration."""

    kind: Literal["started"] = "started"
    schema_version: int = SCHEMA_VERSION
    problem: Problem
    sample: int = 0
    """Which of several debates on the same problem."""
    config: dict[str, Any] = Field(default_factory=dict[str, Any])
    """The settings of the graph, fully resolved."""
    parent: Parent | None = None


class DraftStep(Record):
    """A step that stands in a reply behind the step that was proposed."""

    text: str
    answer: str | None = None


class Proposed(Event):
    """A step was proposed. An existing node proposed from another parent merges two paths into one state."""

    kind: Literal["proposed"] = "proposed"
    node: int = Field(ge=1)
    parent: int = Field(ge=0)
    text: str
    """The step."""
    answer: str | None = None
    """The final answer that the step gives, if any."""
    state: str | None = None
    """The state that the step leads to, if the dialect can tell; in a search, steps with equal states are one node."""
    sources: tuple[int, ...] = ()
    """Further nodes that the step was made from, as in an aggregation."""
    trajectories: tuple[str, ...] = ()
    """Sub-debates whose answers the step rests on."""
    delegated: Delegated | None = None
    """Cost of the sub-debates; each is counted in one event only."""
    ahead: tuple[DraftStep, ...] = Field(default=(), exclude_if=operator.not_)
    """The steps that the same reply goes on with; each is proposed in turn as long as the tools refute none."""
    drafted: bool = Field(default=False, exclude_if=operator.not_)
    """Whether the step stood ahead in an earlier reply; it costs no round."""


class Observed(Event):
    """A tool that the policy called printed output."""

    kind: Literal["observed"] = "observed"
    node: int
    tool: str
    output: str


class Checked(Event):
    """The verifiers checked a step."""

    kind: Literal["checked"] = "checked"
    node: int
    evidence: tuple[Evidence, ...] = ()


class Judged(Event):
    """The critic, or another author in its place, judged a step."""

    kind: Literal["judged"] = "judged"
    node: int
    verdict: Verdict
    trajectories: tuple[str, ...] = ()
    """Sub-debates whose outcomes the verdict rests on."""
    delegated: Delegated | None = None
    """Cost of the sub-debates; each is counted in one event only."""


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
    """The nodes passed on the way, if paths merge and several ways lead to `to`."""
    accepted: tuple[int, ...] = ()
    doubted: tuple[int, ...] = ()
    abandoned: tuple[int, ...] = ()
    reason: str = ""
    """The reason, in the words of the event's author."""


class Failed(Event):
    """Something went wrong; unless it is fatal, it costs a round and the debate continues."""

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
    """The node that holds the answer."""
    answer: str | None = None
    """The answer that was accepted; in a debate in drafts without one, the answer that most of them gave."""


class Reopened(Event):
    """The failure that ended the debate was lifted: the debate goes on from the event before that failure."""

    kind: Literal["reopened"] = "reopened"


class Graded(Event):
    """The grade by the reference checker, written after the end."""

    kind: Literal["graded"] = "graded"
    solved: bool | None
    """None if the checker can't tell."""
    detail: str = ""


AnyEvent = Annotated[
    Started | Proposed | Observed | Checked | Judged | Reflected | Moved | Failed | Finished | Reopened | Graded,
    Field(discriminator="kind"),
]
EVENT: Final[TypeAdapter[AnyEvent]] = TypeAdapter(AnyEvent)


def ends_debate(event: AnyEvent) -> bool:
    """Say whether an event belongs to the end of a debate: a fatal failure, the end, its grade, or its lifting."""
    return isinstance(event, Finished | Reopened | Graded) or (isinstance(event, Failed) and event.fatal)
