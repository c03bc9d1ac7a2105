"""The compact dialect: Countdown debates in the terse notation of the bundled agents."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import BaseMessage, HumanMessage

from longthought.agents.dialects.dialect import Step, Unreadable
from longthought.agents.view import View
from longthought.problems.countdown import notation
from longthought.trajectories.events import Action, Author, Evidence, EvidenceStatus, Verdict

LONGEST_STEP: Final = 15
"""Maximum number of words in a step: those of a step with ten numbers, the most that a statement can have."""
_STEP_WORDS: Final = notation.NUMBERS | {"+", "-", "*", "/", "=", "left"}
_VERDICT_WORDS: Final = notation.LOOK_AHEAD_WORDS | {action.value for action in Action}


class Compact:
    """The dialect of the bundled agents: one token per number or word, for Countdown only."""

    name = "compact"
    repairs = 3
    warming = 0.2
    """How much the temperature rises with each repair: small models don't heed the reason."""
    candidates = 1
    begins = False
    longest: int | None = 64
    """Enough for a step, or a look-ahead and a verdict; servers refuse a limit beyond a small model's context."""

    def unsuitable(self, view: View) -> str | None:
        """Return why the problem is no Countdown problem in range, or is shown with examples; None if it is one."""
        if view.examples:
            return "the compact dialect shows no examples; leave `few_shot` out"
        if notation.read_statement(view.problem.statement) is None:
            return (
                "the compact dialect reads only Countdown problems with numbers and target up to "
                f"{notation.MAX_VALUE}, such as: Use 3, 7, 16 and 20, each once, to make 46."
            )
        return None

    def ask_policy(self, view: View) -> list[BaseMessage]:
        """Ask for the next step."""
        return [HumanMessage(notation.policy_prompt(_view_text(view)))]

    def ask_from_path(self, view: View) -> list[BaseMessage] | None:
        """Return None: the path is part of the language."""
        return None

    def ask_reflection(self, view: View) -> list[BaseMessage]:
        """Ask to re-examine the candidate; the bundled critic never does, but a person may."""
        candidate = view.candidate
        assert candidate is not None
        return [HumanMessage(f"{_view_text(view)} step {candidate.text} doubt")]

    def ask_critic(self, view: View) -> list[BaseMessage]:
        """Ask for a look-ahead and a verdict on the candidate."""
        candidate = view.candidate
        assert candidate is not None
        return [HumanMessage(notation.critic_prompt(_view_text(view), candidate.text, _check_word(candidate.evidence)))]

    def ask_again(self, messages: Sequence[BaseMessage], reply: str, reason: str) -> list[BaseMessage]:
        """Repeat the request unchanged: small models don't heed the reason."""
        return list(messages)

    def rise(self, rejected: int, again: int) -> float:
        """Rise with every repair; the model was trained to heed what was rejected."""
        return again * self.warming

    def read_one(self, step: str, view: View) -> Step | Unreadable:
        """Read a text that is known to be one step."""
        return self.read_step(step, view)

    def read_step(self, reply: str, view: View) -> Step | Unreadable:
        """Read a step; if it leaves one number, the final answer is the whole path as one expression."""
        words = reply.split()
        text = " ".join(words)
        step = notation.read_step(text) if len(words) <= LONGEST_STEP and _STEP_WORDS.issuperset(words) else None
        if step is None:
            return Unreadable(
                f"expected 'A + B = C left …' with numbers up to {notation.MAX_VALUE}, found {text[:80]!r}"
            )
        if len(step.remaining) > 1:
            return Step(text, state=_state(step, view))
        return Step(text, notation.expression([*view.path, text]))

    def read_reflection(self, reply: str) -> str | Unreadable:
        """Read a reflection, which may have any words."""
        text = " ".join(reply.split())
        return text or Unreadable("the reflection is empty")

    def read_verdict(self, reply: str, view: View, logprobs: Sequence[float] | None = None) -> Verdict | Unreadable:
        """Read a look-ahead and a verdict; the score is derived from the probability of the model's own words."""
        words = reply.split()
        parsed = notation.read_verdict(reply) if _VERDICT_WORDS.issuperset(words) else None
        if parsed is None or not notation.LOOK_AHEAD_WORDS.issuperset(parsed.words.split()):
            return Unreadable(f"expected a look-ahead and a verdict, found {' '.join(words)[:80]!r}")
        target = None
        if parsed.back_to is not None:
            if parsed.back_to > len(view.path_nodes):
                return Unreadable(f"backtrack {parsed.back_to}: the path has {len(view.path_nodes)} steps")
            target = view.path_nodes[parsed.back_to - 1] if parsed.back_to else 0
        action = Action(parsed.action)
        confidence = _confidence(parsed.words, logprobs)
        accepts = action.accepts
        return Verdict(
            action=action,
            target=target,
            score=round((1 + confidence) / 2 if accepts else (1 - confidence) / 2, 4),
            critique=parsed.words,
        )

    def write_verdict(self, verdict: Verdict, view: View) -> str | None:
        """Write a look-ahead and a verdict, without the score; return None for a critique in other words."""
        words = verdict.critique.split()
        if not notation.LOOK_AHEAD_WORDS.issuperset(words):
            return None
        words.append(verdict.action.value)
        if verdict.target is not None and verdict.action is Action.BACKTRACK:
            if verdict.target and verdict.target not in view.path_nodes:
                return None
            words.append(str(view.path_nodes.index(verdict.target) + 1 if verdict.target else 0))
        return " ".join(words)

    def policy_options(self) -> Mapping[str, Any]:
        """Return no options."""
        return {}

    def critic_options(self, view: View) -> Mapping[str, Any]:
        """Request logprobs, from which the score is read; models in this process always return them."""
        return {"logprobs": True}


def _view_text(view: View) -> str:
    puzzle = notation.read_statement(view.problem.statement)
    assert puzzle is not None
    rejected = [notation.write_rejected(a.text, "illegal" if a.by is Author.TOOL else "dead") for a in view.attempts]
    return notation.write_view(notation.write_problem(puzzle), view.path, rejected)


def _state(step: notation.ParsedStep, view: View) -> str | None:
    """Return the numbers that a step leaves, sorted; None if the step doesn't follow from the numbers before it."""
    puzzle = notation.read_statement(view.problem.statement)
    before = notation.read_step(view.path[-1]) if view.path else None
    if puzzle is None or (view.path and before is None):
        return None
    remaining = Counter(before.remaining if before else puzzle.numbers)
    remaining.subtract((step.left, step.right))
    remaining[step.result] += 1
    if step.result != _result(step) or min(remaining.values()) < 0 or +remaining != Counter(step.remaining):
        return None
    return " ".join(str(n) for n in sorted(step.remaining))


def _result(step: notation.ParsedStep) -> int | None:
    """Return the exact result of a step; None if it has none in whole numbers."""
    a, b = step.left, step.right
    match step.operator:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case _:
            return a // b if b and a % b == 0 else None


def _check_word(evidence: Sequence[Evidence]) -> str:
    statuses = {e.status for e in evidence}
    if EvidenceStatus.REFUTED in statuses:
        return "refuted"
    return "holds" if EvidenceStatus.CONFIRMED in statuses else "unchecked"


def _confidence(words: str, logprobs: Sequence[float] | None) -> float:
    """Return the probability that the model gave to its look-ahead and action; 1 without logprobs."""
    if logprobs is None:
        return 1.0
    return math.exp(min(0.0, math.fsum(logprobs[: len(words.split()) + 1])))
