r"""The prose dialect: how instruction-tuned models debate, in plain words, `\boxed{}` answers and JSON verdicts.

Every request is a system message that never varies and one user message: the problem, the accepted steps under their
node numbers, then a suffix with all that may change between two looks at the same path. So two views that share a
path share its bytes, and a server's prefix cache serves them. Replies are read leniently, but never by guessing: what
has two readings is sent back. Whether a verdict is legal here is for the rules of the debate to say, not for this file.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from longthought.agents import prompts
from longthought.agents.dialect import Step, Unreadable
from longthought.agents.reading import cut, spoken, strip_heading, without_thinking, written_verdicts
from longthought.agents.view import Candidate, Remark, View
from longthought.problems import code
from longthought.problems.conventions import boxed_answer
from longthought.tools.lean import script
from longthought.tools.python import blocks
from longthought.trajectories.events import Action, Author, Evidence, EvidenceStatus, Verdict

MAX_PRINTED: Final = 4_000
"""Characters of a tool's output that a prompt repeats."""

VERDICT_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {  # in the order of writing: reasons come before the decision
        "critique": {"type": "string"},
        "action": {"type": "string", "enum": [action.value for action in Action]},
        "target": {"type": ["integer", "null"]},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["critique", "action", "target", "score"],
    "additionalProperties": False,
}


class Prose:
    """The dialect of instruction-tuned models; see `longthought.agents.dialect.Dialect`."""

    name: str = "prose"
    repairs: int = 1
    warming: float = 0.0

    def unsuitable(self, view: View) -> str | None:
        """Return None: every problem can be put in words."""
        return None

    def ask_policy(self, view: View) -> list[BaseMessage]:
        """Ask for the next step."""
        request = prompts.WRITE_STEP if view.path else prompts.WRITE_FIRST_STEP
        return _messages(prompts.POLICY, f"{_prefix(view)}{_suffix(view)}{request}")

    def ask_reflection(self, view: View) -> list[BaseMessage]:
        """Ask the policy to re-examine the candidate in words."""
        return _messages(prompts.POLICY, f"{_prefix(view)}{_suffix(view)}{_candidate(view)}{prompts.WRITE_REFLECTION}")

    def ask_critic(self, view: View) -> list[BaseMessage]:
        """Ask for a verdict on the candidate."""
        targets = ", ".join(["0 (the problem)", *map(str, view.path_nodes)])
        request = prompts.WRITE_VERDICT.format(targets=targets)
        return _messages(prompts.CRITIC, f"{_prefix(view)}{_suffix(view)}{_candidate(view)}{request}")

    def ask_again(self, messages: Sequence[BaseMessage], reply: str, reason: str) -> list[BaseMessage]:
        """Ask once more after an unreadable reply."""
        said = cut(without_thinking(reply), MAX_PRINTED).strip() or prompts.SAID_NOTHING
        return [*messages, AIMessage(said), HumanMessage(prompts.AGAIN.format(reason=reason))]

    def read_step(self, reply: str, view: View) -> Step | Unreadable:
        """Read the policy's reply: its text without thinking and heading, and the answer in its last box."""
        try:
            text = strip_heading(spoken(reply))
            if not text:
                return Unreadable("there is a heading but no step below it")
            return _step(text, view)
        except ValueError as error:
            return Unreadable(str(error))

    def read_reflection(self, reply: str) -> str | Unreadable:
        """Read a reflection."""
        try:
            return spoken(reply)
        except ValueError as error:
            return Unreadable(str(error))

    def read_verdict(self, reply: str, view: View, logprobs: Sequence[float] | None = None) -> Verdict | Unreadable:
        """Read the critic's reply; the score is the written one, so `logprobs` go unused."""
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
        """Write the JSON object that is asked for, in the order of writing; a score has two digits."""
        written = verdict.model_dump(mode="json")
        written["score"] = None if verdict.score is None else round(verdict.score, 2)
        return json.dumps({name: written[name] for name in VERDICT_SCHEMA["required"]}, ensure_ascii=False)

    def policy_options(self) -> Mapping[str, Any]:
        """Return nothing: a step is free text."""
        return {}

    def critic_options(self) -> Mapping[str, Any]:
        """Return the response format of a verdict."""
        schema = {"name": "verdict", "strict": True, "schema": VERDICT_SCHEMA}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _step(text: str, view: View) -> Step | Unreadable:
    """Find the final answer where the domain has it: a script that is done, a marked program, or a box."""
    if view.problem.domain == script.DOMAIN:
        return Step(text, script.answer(view.path, text))
    answer = boxed_answer(text)
    if answer is None or view.problem.domain != code.DOMAIN:
        return Step(text, answer)
    found = blocks(text)
    return Step(text, found[-1][0]) if found else Unreadable("the final program must stand in a ```python block")


# Writing: a view as messages.


def _messages(system: str, user: str) -> list[BaseMessage]:
    return [SystemMessage(system), HumanMessage(user)]


def _prefix(view: View) -> str:
    """Write the problem and the path; a longer path only ever adds to the end."""
    parts = [prompts.PROBLEM.format(statement=view.problem.statement)]
    if view.problem.context:
        parts.append(prompts.CONTEXT.format(context=view.problem.context))
    for number, text in zip(view.path_nodes, view.path, strict=True):
        parts.append(prompts.STEP.format(number=number, text=text))
    return "".join(parts)


def _suffix(view: View) -> str:
    """Write what holds at the end of the path: what its last step printed, and what was tried from there."""
    parts: list[str] = []
    if view.observations:
        parts.append(prompts.PRINTED.format(number=view.path_nodes[-1], output=_printed(view.observations)))
    if view.attempts:
        attempts = (
            prompts.ATTEMPT.format(
                number=number, text=tried.text, by=tried.by.value, reason=tried.reason or prompts.NO_REASON
            )
            for number, tried in enumerate(view.attempts, start=1)
        )
        parts.append(prompts.TRIED.format(attempts="\n\n".join(attempts)))
    return "".join(parts)


def _candidate(view: View) -> str:
    new = view.candidate
    if new is None:
        raise ValueError("this view has no candidate to judge or reflect on; pass one to `view`")
    answer = prompts.DOES_NOT_ANSWER if new.answer is None else prompts.ANSWERS.format(answer=new.answer)
    parts = [prompts.NEW_STEP.format(number=new.node, text=new.text), answer]
    if new.observations:
        parts.append(prompts.NEW_STEP_PRINTED.format(output=_printed(new.observations)))
    parts.append(_evidence(new))
    if new.remarks:
        parts.append(prompts.REMARKS.format(remarks="\n\n".join(map(_remark, new.remarks))))
    return "".join(parts)


def _evidence(new: Candidate) -> str:
    if not new.evidence:
        return prompts.NO_EVIDENCE
    return prompts.EVIDENCE.format(findings="\n".join(map(_finding, new.evidence)))


def _finding(evidence: Evidence) -> str:
    line = prompts.FINDING.format(tool=evidence.tool, status=evidence.status.value, claim=evidence.claim)
    if evidence.detail:
        line += prompts.DETAIL.format(detail=evidence.detail)
    return line + (prompts.NOT_A_FAILED_CHECK if evidence.status is EvidenceStatus.UNAVAILABLE else "")


def _remark(remark: Remark) -> str:
    match remark.by:
        case Author.CRITIC:
            return prompts.DOUBT.format(text=remark.text)
        case Author.POLICY:
            return prompts.REFLECTION.format(text=remark.text)
        case _:
            return prompts.REMARK.format(by=remark.by.value, text=remark.text)


def _printed(outputs: Sequence[str]) -> str:
    return "\n".join(cut(output, MAX_PRINTED) for output in outputs)
