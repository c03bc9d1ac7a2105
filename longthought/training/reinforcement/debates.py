"""Whole debates between the agent that learns and one that stays as it is, with the tokens of every turn.

The debates are played by the graph that plays them everywhere else. The learning agent is asked through an engine on
the weights of this very step; every prompt of it and every reply are kept as they were asked and written, also replies
that could not be read or repeat a rejected step. Nothing else is ever learned from: what the other agent and the tools
say stands in prompts alone.
"""

# pyright: basic

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from longthought.agents import catalogue
from longthought.agents.agent import Agent, Critic, Policy
from longthought.agents.catalogue import DIALECTS, bundled_folder, dialect_of
from longthought.agents.in_process.chat_model import InProcessChatModel
from longthought.agents.in_process.engine import Generation
from longthought.agents.in_process.load import load_model
from longthought.agents.in_process.lockstep import Lockstep, LockstepEngine
from longthought.agents.model import BUNDLED_MODEL, Model
from longthought.agents.view import View
from longthought.domains.grade import reference_of
from longthought.evaluation.ablations import stand_in
from longthought.graphs import catalogue as graphs
from longthought.graphs.context import started
from longthought.graphs.play import play
from longthought.jobs.grading import graded
from longthought.jobs.thread import awaited
from longthought.labels.evidence import refuted
from longthought.labels.exact import exact_labels
from longthought.labels.label import Label
from longthought.labels.outcomes import lives
from longthought.problems.problem import Task
from longthought.training.data.critic_rows import deepest_live
from longthought.training.reinforcement.rewards.state import Played, State, values_from
from longthought.training.request import ReinforcementRequest, Role
from longthought.trajectories.events import AnyEvent, Judged, Proposed
from longthought.trajectories.trajectory import Trajectory

NAME: Final = "learner"
"""The name of the learning agent in the logs of its debates."""
_TURNS: ContextVar[list["Turn"]] = ContextVar("turns")
_ASKED: ContextVar[View] = ContextVar("asked")


@dataclass(frozen=True, slots=True)
class Turn:
    """One request to the learning agent, and its reply."""

    view: View
    prompt: tuple[int, ...]
    reply: tuple[int, ...]
    """The tokens that were sampled; the end token is among them, unless the limit ended the reply."""


@dataclass(frozen=True, slots=True)
class PlayedDebate:
    """A debate with its grade, and the turns of the learning agent in their order."""

    task: Task
    trajectory: Trajectory
    turns: tuple[Turn, ...]
    labels: Mapping[int, Label] = field(default_factory=dict[int, Label])
    """The solver's labels of its steps, where the solver may tell."""


class _Watched(Agent):
    async def _calls(self, view: View, *rest: Any) -> Any:
        _ASKED.set(view)
        return await super()._calls(view, *rest)


class _LearningPolicy(_Watched, Policy):
    """A policy whose turns are kept."""


class _LearningCritic(_Watched, Critic):
    """A critic whose turns are kept."""


class DebatePlayer:
    """Plays batches of debates on the weights that it is given."""

    def __init__(self, request: ReinforcementRequest, role: Role, dialect: str, tokenizer: Any, longest: int) -> None:
        """Load the other agent.

        Args:
            request: The settings of the training: partner, rounds, computed, temperature.
            role: The chair of the learning agent: policy or critic.
            dialect: The dialect in which it is asked.
            tokenizer: Its tokenizer.
            longest: Maximum number of tokens in its replies.

        Raises:
            ModelError: if there is no such partner.
            RunFolderError: if there is no run for a random critic to be like.

        """
        self.role: Role = role
        self.dialect = dialect
        self._tokenizer, self._longest = tokenizer, longest
        self._temperature, self._exact = request.temperature, request.label == "exact"
        self._partner = partner_of(request, dialect)
        self._stand_in = stand_in(self._partner) if role == "policy" else None
        budget = {"rounds": request.rounds, "computed": request.computed, "dialect": dialect}
        names = {"policy": NAME, "critic": NAME} | {self._other: self._partner}
        self.context = graphs.context("debate", {**budget, **names})
        self._end = tokenizer.eos_token_id
        self._loaded = self._in_process()
        self._seated_partner(Lockstep())  # a name that is none is found now

    @property
    def _other(self) -> str:
        return "critic" if self.role == "policy" else "policy"

    def _in_process(self) -> tuple[Any, Any] | None:
        """Load a partner that can take part in the lockstep: no schema holds its replies."""
        provider, _, name = self._partner.partition(":")
        if provider not in ("bundled", "transformers") or dialect_of(self._partner).name != "compact":
            return None
        return load_model(bundled_folder(name, self._other) if provider == "bundled" else name)  # type: ignore[arg-type]

    def play(self, model: Any, tasks: Sequence[Task]) -> list[PlayedDebate]:
        """Play a debate on each task, and grade it.

        Args:
            model: The learning agent's model, as it is now.
            tasks: The problems with their references; a problem may occur several times.

        Raises:
            EngineError: if the model fails.

        """
        return awaited(self._all(model, tasks))

    async def _all(self, model: Any, tasks: Sequence[Task]) -> list[PlayedDebate]:
        lockstep = Lockstep()
        learner, partner = self._learner(lockstep, model), self._seated_partner(lockstep)
        agents = {self.role: learner, self._other: partner}
        seats = self.context.seats(policy=agents["policy"], critic=agents["critic"])
        machine = graphs.machine("debate")(seats)
        try:
            return await lockstep.play(self._one(machine, number, task) for number, task in enumerate(tasks))
        finally:
            await partner.aclose()

    async def _one(self, machine: Any, number: int, task: Task) -> PlayedDebate:
        _TURNS.set(turns := [])
        first = started(task.problem, self.context, sample=number)
        debate = await play(machine, [first], _unlogged, settings=self.context)
        debate = await graded(debate, task.reference or reference_of(task.problem, None), _unlogged)
        labels = {label.node: label for label in exact_labels(debate)} if self._exact else {}
        return PlayedDebate(task, debate, tuple(turns), labels)

    def _learner(self, lockstep: Lockstep, model: Any) -> Policy | Critic:
        engine = LockstepEngine(lockstep, model, temperature=self._temperature, note=self._keep)
        chat = InProcessChatModel.over(
            engine, self._tokenizer, NAME, temperature=self._temperature, max_tokens=self._longest
        )
        kind = _LearningPolicy if self.role == "policy" else _LearningCritic
        return kind(NAME, chat, DIALECTS[self.dialect]())

    def _keep(self, prompt: Sequence[int], generation: Generation) -> None:
        reply = (*generation.token_ids, *(() if generation.truncated else (self._end,)))
        _TURNS.get().append(Turn(_ASKED.get(), tuple(prompt), reply))

    def _seated_partner(self, lockstep: Lockstep) -> Any:
        if self._stand_in is not None:
            return self._stand_in
        model = Model.of(self._partner, dialect=None if self._loaded else self.dialect)
        made = catalogue.policy(model) if self._other == "policy" else catalogue.critic(model)
        if self._loaded is None or not isinstance(made, Policy | Critic):
            return made
        usual: Any = made.model
        fields = {"temperature": usual.temperature, "max_tokens": usual.max_tokens}
        chat = InProcessChatModel.over(
            LockstepEngine(lockstep, self._loaded[0]), self._loaded[1], self._partner, **fields
        )
        return type(made)(made.name, chat, made.dialect)


def partner_of(request: ReinforcementRequest, dialect: str) -> str:
    """Return the name of the agent in the other chair: that of the request, else the base, else one like it.

    A compact model knows its own chair alone, so the weights in a folder get a bundled partner.
    """
    base = request.base or BUNDLED_MODEL
    named = base if ":" in base else f"transformers:{base}"
    usual = named if dialect != "compact" or named.startswith("bundled:") else BUNDLED_MODEL
    return request.partner or usual


def states_of(debate: PlayedDebate, role: Role, dialect: str) -> list[State]:
    """Return the state of every turn of a debate, with what the rest of the debate and the solver's labels tell of it.

    By the outcome, a step is worth 1 on the way to the answer of a debate that ended right, and 0 where that debate
    turned back. From a step that leads to no answer, nothing is known but what tools refuted: the fault lies above.
    """
    tree, solved = debate.trajectory.tree, debate.trajectory.solved
    worth = lives(debate.trajectory, debate.labels)
    wrong = dict.fromkeys(refuted(tree), 0.0)
    answers = tuple(e.answer for e in debate.trajectory.events if isinstance(e, Proposed) and e.answer is not None)

    def state(turn: Turn, following: tuple[str, ...] | None) -> State:
        at, judged = (0, *turn.view.path_nodes)[-1], turn.view.candidate
        known, refutations = dict[str, float](), dict[str, float]()
        live = back_to = None
        if role == "policy":
            refutations = values_from(tree, at, wrong.get)
            known = refutations if worth.get(at) is False else values_from(tree, at, worth.get)
        elif judged is not None and (live := worth.get(judged.node)) is False:
            back_to = deepest_live(tree, worth, judged.node)
        return State(
            role=role, dialect=dialect, task=debate.task, view=turn.view, live=live, back_to=back_to, known=known,
            played=Played(solved=solved, answers=answers, following=following, refuted=tuple(refutations)),
        )  # fmt: skip

    return list(map(state, debate.turns, _following(debate.trajectory, role, len(debate.turns))))


def _following(debate: Trajectory, role: Role, count: int) -> list[tuple[str, ...] | None]:
    """Return, for every call of an agent, the path to the first step that is proposed after it; None without one."""
    tree, events = debate.tree, debate.events
    found: list[tuple[str, ...] | None] = []
    for at, event in enumerate(events):
        calls = [call for call in getattr(event, "calls", ()) if call.model == NAME]
        later = next((e for e in events[at + 1 :] if isinstance(e, Proposed)), None)
        judged = role == "critic" and isinstance(event, Judged)
        after = tuple(n.text for n in tree.path(later.node)) if judged and later is not None else None
        found += [after] * len(calls)
    return [*found, *[None] * count][:count]  # a call whose request failed for good is in no event


def _unlogged(events: Sequence[AnyEvent]) -> None:
    pass
