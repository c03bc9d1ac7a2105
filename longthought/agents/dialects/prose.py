r"""The prose dialect: how instruction-tuned models debate, in plain words, `\boxed{}` answers and JSON verdicts.

Every request is a system message that never varies and one user message: the problem, the accepted steps under their
node numbers, then a suffix with everything that may change between two requests on the same path, and last what is
asked of whom. So two views that share a path share its bytes, whichever role is asked, and a server's prefix cache
serves them. Replies are read leniently but never by guessing: an ambiguous reply is sent back. The rules of the debate,
not this file, decide whether a verdict is legal.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from longthought.agents.dialects import prompts
from longthought.agents.dialects.chairs import DIALOGUE, ChairTexts
from longthought.agents.dialects.dialect import Step, Unreadable
from longthought.agents.dialects.reading import cut, spoken, strip_heading, strip_number, written_verdicts
from longthought.agents.dialects.steps import cut_into_steps
from longthought.agents.dialects.thinking import without_thinking
from longthought.agents.dialects.writing import (
    MAX_PRINTED,
    answer_form,
    evidence,
    messages,
    opening,
    path,
    posed,
    prefix,
    printed,
)
from longthought.agents.view import Candidate, View
from longthought.domains.conventions import conventions
from longthought.problems.worked import Worked
from longthought.trajectories.events import Action, Verdict

LONGEST_CRITIQUE: Final = 800
"""Maximum number of characters of a critique, so that a small model that repeats itself comes to its verdict."""

FIELDS: Final = ("critique", "action", "target", "score")
"""The fields of a verdict in the order of writing: reasons come before the decision."""


def verdict_schema(view: View) -> Mapping[str, Any]:
    """Return the JSON schema of the verdicts that are legal on a candidate."""
    targets = view.targets if Action.BACKTRACK in view.actions else ()
    return {
        "type": "object",
        "properties": {
            "critique": {"type": "string", "maxLength": LONGEST_CRITIQUE},
            "action": {"type": "string", "enum": [action.value for action in view.actions]},
            "target": {"type": ["integer", "null"], "enum": [*targets, None]},
            "score": {"type": "number", "minimum": 0, "maximum": 1},
        },
        "required": list(FIELDS),
        "additionalProperties": False,
    }


class Prose:
    """The dialect of instruction-tuned models; see `longthought.agents.dialects.dialect.Dialect`."""

    name: str = "prose"
    repairs: int = 1
    warming: float = 0.25
    """How much the temperature rises with each attempt that was rejected from here."""
    warmest: float = 0.5
    """Maximum rise; hotter than that, small models lose the thread."""
    candidates: int = 3
    longest: int | None = None
    begins: bool = False

    def __init__(self, voice: ChairTexts = DIALOGUE, *, prefill: bool = False) -> None:
        """Create the dialect.

        Args:
            voice: The texts for two agents, or for one agent in both roles.
            prefill: Whether the policy goes on from the path in its own turn.

        """
        self.voice, self.prefill = voice, prefill

    def unsuitable(self, view: View) -> str | None:
        """Return None: prose can express every problem."""
        return None

    def ask_policy(self, view: View) -> list[BaseMessage]:
        """Ask for the next step, or for a whole solution as sampling does: small models end those with an answer."""
        if view.whole and not view.path:
            return self.ask_solution(view, view.examples)
        return messages(self.voice.system, f"{prefix(view)}{self._suffix(view)}{self._asked_steps(view)}")

    def ask_from_path(self, view: View) -> list[BaseMessage] | None:
        """Ask for the next step with the path as the beginning of the reply."""
        if not self.prefill or not view.path:
            return None
        asked = f"{opening(view)}{self._suffix(view)}{self._asked_steps(view)}"
        return [*messages(self.voice.system, asked), AIMessage(path(view))]

    def ask_solution(self, view: View, examples: Sequence[Worked] = ()) -> list[BaseMessage]:
        """Ask for a whole solution, after examples as turns of the same conversation.

        If the view holds one earlier attempt, ask for a revision; if it holds several, for a merger.
        """
        asked = f"{posed(view)}{self._earlier(view)}"
        shown: list[BaseMessage] = []
        for example in examples:
            problem = prompts.PROBLEM.format(statement=example.statement) + answer_form(view.problem)
            question = f"{problem}{self.voice.write_solution}{self._code(view)}"
            shown += [HumanMessage(question), AIMessage(example.solution)]
        return [SystemMessage(self.voice.solve), *shown, HumanMessage(asked)]

    def ask_reflection(self, view: View) -> list[BaseMessage]:
        """Ask the policy to re-examine the candidate in words."""
        return self.asked(view, self.voice.write_reflection)

    def ask_critic(self, view: View) -> list[BaseMessage]:
        """Ask for a verdict on the candidate."""
        return self.asked(view, self._asked_verdict(view))

    def asked(self, view: View, request: str) -> list[BaseMessage]:
        """Ask something about the candidate."""
        return messages(self.voice.system, f"{prefix(view)}{self._suffix(view)}{self._candidate(view)}{request}")

    def ask_again(self, messages: Sequence[BaseMessage], reply: str, reason: str) -> list[BaseMessage]:
        """Ask again after a reply that could not be used, for `reason`."""
        said = cut(without_thinking(reply), MAX_PRINTED).strip() or prompts.SAID_NOTHING
        return [*messages, AIMessage(said), HumanMessage(self.voice.again.format(reason=reason))]

    def rise(self, rejected: int, again: int) -> float:
        """Rise with every rejected attempt, and then with every repair; nothing was tried yet, nothing rises."""
        return min((rejected + again) * self.warming, self.warmest) if rejected else 0.0

    def read_step(self, reply: str, view: View) -> Step | Unreadable:
        """Read the first step of a reply and, if the view asks for a draft, those after it.

        A step is its text without thinking, heading and number, and the final answer if it gives one; with an answer,
        the draft ends. A reply that gives an answer only as a whole, such as a program and the box below it, is one
        step.
        """
        whole = self.read_one(reply, view)
        if view.uncut or isinstance(whole, Unreadable):
            return whole
        texts = cut_into_steps(whole.text, sentences=view.draft != 1)
        if len(texts) == 1:
            return _closed(whole, whole.text, view)
        steps: list[Step] = []
        for text in map(strip_number, texts):
            step = self.read_one(text, replace(view, path=(*view.path, *(step.text for step in steps))))
            if isinstance(step, Unreadable):
                break
            steps.append(step)
            if step.answer is not None:
                break
        if not steps or (whole.answer is not None and steps[-1].answer is None):
            return whole
        steps[-1] = _closed(steps[-1], whole.text, view)
        return replace(steps[0], ahead=tuple(steps[1 : view.draft]))

    def read_one(self, step: str, view: View) -> Step | Unreadable:
        """Read a text that is known to be one step."""
        try:
            text = strip_heading(spoken(step))
            if not text:
                return Unreadable("there is a heading but no step below it")
            return Step(text, conventions(view.problem).step_answer(view.path, text))
        except ValueError as error:
            return Unreadable(str(error))

    def read_solution(self, reply: str, view: View) -> Step | Unreadable:
        """Read a whole solution, with its final answer if the problem's domain finds one."""
        try:
            text = spoken(reply)
        except ValueError as error:
            return Unreadable(str(error))
        return Step(text, conventions(view.problem).solution_answer(text))

    def read_reflection(self, reply: str) -> str | Unreadable:
        """Read a reflection."""
        try:
            return spoken(reply)
        except ValueError as error:
            return Unreadable(str(error))

    def read_verdict(self, reply: str, view: View, logprobs: Sequence[float] | None = None) -> Verdict | Unreadable:
        """Read a verdict from the critic's reply; the score is the written one, so `logprobs` are ignored."""
        try:
            verdicts = written_verdicts(spoken(reply))
        except ValueError as error:
            return Unreadable(str(error))
        if not verdicts:
            return Unreadable("it holds no JSON object with an `action`")
        if len({(v.action, v.target) for v in verdicts}) > 1:
            return Unreadable("it holds several verdicts that disagree")
        return verdicts[-1]

    def write_verdict(self, verdict: Verdict, view: View) -> str | None:
        """Write a verdict as the JSON object that the critic is asked for; its score has two decimals."""
        written = verdict.model_dump(mode="json")
        written["score"] = None if verdict.score is None else round(verdict.score, 2)
        return json.dumps({name: written[name] for name in FIELDS}, ensure_ascii=False)

    def policy_options(self) -> Mapping[str, Any]:
        """Return no options: a step is free text."""
        return {}

    def critic_options(self, view: View) -> Mapping[str, Any]:
        """Return the response format of a legal verdict."""
        schema = {"name": "verdict", "strict": True, "schema": verdict_schema(view)}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}

    def _suffix(self, view: View) -> str:
        """Write the suffix of a request: output of tools, the notice, and last what was rejected and why."""
        parts: list[str] = []
        if view.observations:
            parts.append(prompts.PRINTED.format(number=view.path_nodes[-1], output=printed(view.observations)))
        if view.notice:
            parts.append(prompts.NOTICE.format(notice=view.notice))
        if view.attempts:
            tried = [
                self.voice.write_rejected(number, attempt.text, attempt.by, attempt.reason)
                for number, attempt in enumerate(view.attempts, start=1)
            ]
            parts.append(prompts.TRIED.format(attempts="\n\n".join(tried)))
        return "".join(parts)

    def _candidate(self, view: View) -> str:
        new = expect_candidate(view)
        answer = prompts.DOES_NOT_ANSWER if new.answer is None else prompts.ANSWERS.format(answer=new.answer)
        return f"{prompts.NEW_STEP.format(number=new.node, text=new.text)}{answer}{self.found(view)}"

    def found(self, view: View) -> str:
        """Write what tools found of the candidate, and what was said of it since."""
        new = expect_candidate(view)
        parts = [prompts.NEW_STEP_PRINTED.format(output=printed(new.observations))] if new.observations else []
        parts.append(evidence(new))
        if new.remarks:
            remarks = [self.voice.write_remark(remark.by, remark.text) for remark in new.remarks]
            parts.append(prompts.REMARKS.format(remarks="\n\n".join(remarks)))
        return "".join(parts)

    def _earlier(self, view: View) -> str:
        """Write the earlier solutions, if any, and ask for a solution, a revision or a merger."""
        match view.attempts:
            case []:
                return f"{self.voice.write_solution}{self._code(view)}"
            case [one]:
                said = prompts.CRITIQUE.format(critique=one.reason) if one.reason else ""
                return f"{prompts.EARLIER.format(text=one.text)}{said}{prompts.WRITE_REVISION}"
            case _:
                one = prompts.ONE_OF_SEVERAL
                numbered = (one.format(number=number, text=a.text) for number, a in enumerate(view.attempts, start=1))
                return f"{''.join(numbered)}{prompts.WRITE_MERGER}"

    def _asked_steps(self, view: View) -> str:
        """Ask for the next step, for a few, or for the rest of the solution; a notice that asks itself says enough."""
        if view.uncut:
            return prompts.WRITE
        match view.draft:
            case 1:
                asked = self.voice.write_step
            case None:
                asked = self.voice.write_rest
            case most:
                asked = self.voice.write_steps.format(most=most)
        return f"{asked}{self._code(view)}{self.voice.no_repeat if view.attempts else ''}"

    def _code(self, view: View) -> str:
        """Say whether code is run, where the domain leaves that open: small models write it and make up its output."""
        if view.runs_code:
            return self.voice.compute
        return self.voice.in_words if conventions(view.problem).computes else ""

    def _asked_verdict(self, view: View) -> str:
        """Ask for a verdict: on what, by which actions, and with which targets."""
        new = expect_candidate(view)
        first = view.path_nodes[-view.unjudged] if view.unjudged else new.node
        form = prompts.JUDGE_STEPS if view.unjudged else prompts.JUDGE_STEP
        targets = ", ".join(["0 (the beginning)", *map(str, view.targets[1:])])
        return self.voice.write_verdict.format(
            asked=form.format(first=first, last=new.node),
            actions="; ".join(prompts.ACTIONS[action] for action in view.actions),
            targets=prompts.TARGETS.format(targets=targets) if Action.BACKTRACK in view.actions else prompts.NO_TARGETS,
        )


def _closed(last: Step, reply: str, view: View) -> Step:
    """Return the last step of a reply with its final answer, which a whole solution may say without a mark."""
    if view.draft is not None or last.answer is not None:
        return last
    return replace(last, answer=conventions(view.problem).solution_answer(reply))


def expect_candidate(view: View) -> Candidate:
    """Return the candidate of a view that must have one."""
    if view.candidate is None:
        raise ValueError("this view has no candidate to judge or reflect on; pass one to `view`")
    return view.candidate
