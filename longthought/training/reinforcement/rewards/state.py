"""The state in which an agent is asked, with what is known of it: the column `state` of every prompt.

A state holds all that a reward may need: the view as the agent's dialect renders it, the problem with its reference,
and what labels say. It travels as JSON, so that rows can be stored, and rewards stay functions of plain columns.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from langchain_core.messages import BaseMessage

from longthought.agents.catalogue import DIALECTS, THINKERS
from longthought.agents.dialects.dialect import Dialect, Step, Unreadable, WholeDialect
from longthought.agents.dialects.thinkers import VOICES
from longthought.agents.view import View
from longthought.problems.problem import Task
from longthought.record import Record
from longthought.training.request import Role
from longthought.trajectories.events import Verdict
from longthought.trajectories.tree import NodeKind, Tree


class Played(Record):
    """What is known of a turn when the whole debate that it belongs to has been played."""

    solved: bool | None
    """Whether the debate's answer is right; None if the grader can't tell."""
    answers: tuple[str, ...] = ()
    """Every final answer that was proposed in the debate, in order."""
    refuted: tuple[str, ...] = ()
    """For a policy: the steps proposed from here that a tool refuted, single-spaced."""
    following: tuple[str, ...] | None = None
    """For a critic: the path to the step that the policy proposed after the verdict, that step included."""


class State(Record):
    """One question to an agent, and what is known of the answers to it."""

    role: Role
    dialect: str
    """`prose` or `compact`."""
    task: Task
    view: View
    """What the agent sees; for a thinker, the problem alone."""
    live: bool | None = None
    """For a critic: whether the candidate can lead to a right answer; None if that is unknown."""
    back_to: int | None = None
    """For a critic: the deepest node from which a right answer can be reached; None if that is unknown."""
    known: Mapping[str, float] = {}
    """For a policy: the value of steps from here, single-spaced, as labels and the outcome tell it."""
    solver: bool = False
    """Whether the solver may judge steps that are new; only if its labels are in the run."""
    played: Played | None = None
    """The rest of the debate, if a whole debate was played for the training."""

    @property
    def speaks(self) -> Dialect:
        """The dialect in which the agent is asked."""
        return (THINKERS if self.role == "thinker" else DIALECTS)[self.dialect]()

    def ask(self) -> Sequence[BaseMessage]:
        """Return the messages of the question."""
        match self.role:
            case "policy":
                return self.speaks.ask_policy(self.view)
            case "critic":
                return self.speaks.ask_critic(self.view)
            case "thinker":
                return VOICES[self.dialect].ask(self.task.problem)

    def read(self, reply: str) -> Step | Verdict | Unreadable:
        """Read a reply as a debate would."""
        dialect = self.speaks
        match self.role:
            case "policy":
                return dialect.read_step(reply, self.view)
            case "critic":
                return dialect.read_verdict(reply, self.view)
            case "thinker":
                assert isinstance(dialect, WholeDialect)
                return dialect.read_solution(reply, self.view)


def single_spaced(text: str) -> str:
    """Return the words of a step as `State.known` and `Played.refuted` have them."""
    return " ".join(text.split())


def values_from(tree: Tree, node: int, value: Callable[[int], float | None]) -> dict[str, float]:
    """Return the values of the steps that were proposed from a node, where they are known, by their words."""
    steps = [tree.nodes[child] for child in tree.node(node).children]
    return {
        single_spaced(step.text): float(known)
        for step in steps
        if step.kind is NodeKind.STEP and (known := value(step.id)) is not None
    }


@lru_cache(maxsize=4096)
def _parsed(state: str) -> State:
    return State.model_validate_json(state)


def states(column: Iterable[str]) -> list[State]:
    """Read the column `state`."""
    return [_parsed(state) for state in column]


def reply_text(completion: Any) -> str:
    """Return the words of a completion, which is a text or a list of messages."""
    if isinstance(completion, str):
        return completion
    return "\n".join(str(message.get("content") or "") for message in completion)


def readings(completions: Sequence[Any], column: Iterable[str]) -> list[tuple[State, str, Step | Verdict | Unreadable]]:
    """Return each completion's state, its words, and what is read from them."""
    words = [reply_text(completion) for completion in completions]
    return [(state, text, state.read(text)) for state, text in zip(states(column), words, strict=True)]
