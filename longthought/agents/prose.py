r"""The prose dialect: how instruction-tuned models debate, in plain words, `\boxed{}` answers and JSON verdicts.

Every request is a system message that never varies and one user message: the problem, the accepted steps under their
node numbers, then a suffix with all that may change between two looks at the same path. So two views that share a
path share its bytes, and a server's prefix cache serves them. Replies are read leniently, but never by guessing: what
has two readings is sent back. Whether a verdict is legal here is for the rules of the debate to say, not for this file.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from longthought.agents import prompts
from longthought.agents.dialect import Step, Unreadable
from longthought.agents.view import Candidate, Remark, View
from longthought.trajectories.events import Action, Author, Evidence, EvidenceStatus, Verdict

MAX_REPLY: Final = 16_000
"""Characters of a step, a reflection or a verdict, thinking left out; more is no single step."""
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
        said = _cut(_without_thinking(reply), MAX_PRINTED).strip() or prompts.SAID_NOTHING
        return [*messages, AIMessage(said), HumanMessage(prompts.AGAIN.format(reason=reason))]

    def read_step(self, reply: str, view: View) -> Step | Unreadable:
        """Read the policy's reply: its text without thinking and heading, and the answer in its last box."""
        try:
            text = _strip_heading(_spoken(reply))
            if not text:
                return Unreadable("there is a heading but no step below it")
            return Step(text, boxed_answer(text))
        except ValueError as error:
            return Unreadable(str(error))

    def read_reflection(self, reply: str) -> str | Unreadable:
        """Read a reflection."""
        try:
            return _spoken(reply)
        except ValueError as error:
            return Unreadable(str(error))

    def read_verdict(self, reply: str, view: View, logprobs: Sequence[float] | None = None) -> Verdict | Unreadable:
        """Read the critic's reply; the score is the written one, so `logprobs` go unused."""
        try:
            verdicts = [_verdict(fields) for fields in _verdict_objects(_spoken(reply))]
        except ValueError as error:
            return Unreadable(str(error))
        if not verdicts:
            return Unreadable("it holds no JSON object with an `action`")
        if len({(v.action, v.target) for v in verdicts}) > 1:
            return Unreadable("it holds several verdicts that disagree")
        return verdicts[-1]

    def policy_options(self) -> Mapping[str, Any]:
        """Return nothing: a step is free text."""
        return {}

    def critic_options(self) -> Mapping[str, Any]:
        """Return the response format of a verdict."""
        schema = {"name": "verdict", "strict": True, "schema": VERDICT_SCHEMA}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}


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
    return "\n".join(_cut(output, MAX_PRINTED) for output in outputs)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit] + prompts.CUT.format(count=len(text) - limit)


# Reading: what was said. These raise ValueError with the reason a reply can't be read.


def _spoken(reply: str) -> str:
    """Return a reply without thinking and broken characters; refuse one that is empty or endless."""
    text = _whole(_without_thinking(reply)).strip()
    if not text:
        raise ValueError("there is nothing after the thinking" if reply.strip() else "it is empty")
    if len(text) > MAX_REPLY:
        raise ValueError(f"it is {len(text):,} characters long; at most {MAX_REPLY:,} are read")
    return text


def _whole(text: str) -> str:
    """Join surrogate pairs and replace lone ones, which can be neither sent nor stored."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _without_thinking(reply: str) -> str:
    """Drop `<think>…</think>`, also where the opening tag was part of the prompt or the closing one never came."""
    kept: list[str] = []
    rest = reply
    while rest:
        before, opened, inside = rest.partition("<think>")
        before, closed, after = before.rpartition("</think>")
        if closed:
            kept.clear()
        kept.append(after)
        rest = inside.partition("</think>")[2] if opened else ""
    return "".join(kept)


_HEADING: Final = re.compile(
    r"[\s#>]*(?P<bold>\*\*|__)?"
    r"(?:(?:(?:new|next)\s+)?step\s*:|step\s+\d+\s*(?:\([^()\n]*\)\s*)?(?:[:.)–—]|-(?=\s)|(?=\*\*|__|\n|$)))"
    r"(?(bold)(?P<close>\s*(?P=bold)\s*:?)?)\s*",
    re.IGNORECASE,
)


def _strip_heading(text: str) -> str:
    """Drop a heading such as `Step 3:`, but keep a title that follows it."""
    match = _HEADING.match(text)
    if match is None:
        return text
    rest = text[match.end() :].strip()
    return rest if match["close"] or not rest else (match["bold"] or "") + rest


_PYTHON: Final = re.compile(r"```\s*(?:python|py)\b.*?(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_BOX: Final = re.compile(r"\\(?:boxed|fbox)\s*\{")
_BRACE: Final = re.compile(r"\\.|[{}]", re.DOTALL)


def boxed_answer(text: str) -> str | None:
    r"""Return what the last `\boxed{…}` outside of Python code holds; None without one, or if it is empty.

    Raises:
        ValueError: if a box is never closed.

    """
    answer = None
    prose = _PYTHON.sub("", text)
    for box in _BOX.finditer(prose):
        depth = 1
        for brace in _BRACE.finditer(prose, box.end()):
            depth += {"{": 1, "}": -1}.get(brace[0], 0)
            if depth == 0:
                answer = prose[box.end() : brace.start()].strip() or answer
                break
        else:
            raise ValueError("its \\boxed{ is never closed")
    return answer


# Reading: verdicts, in JSON and its near relations.

_Value: TypeAlias = "str | list[_Value] | dict[str, _Value] | None"
"""Numbers and words stay as they were written; the fields know how to read them."""
_INFLECTIONS: Final = {
    Action.CONTINUE: ("continue", "continues", "continued", "continuing"),
    Action.BACKTRACK: ("backtrack", "backtracks", "backtracked", "backtracking"),
    Action.REFLECT: ("reflect", "reflects", "reflected", "reflecting"),
    Action.TERMINATE: ("terminate", "terminates", "terminated", "terminating"),
}
_ACTIONS: Final = {word: action for action, words in _INFLECTIONS.items() for word in words}
_NOTHING: Final = frozenset({"", "null", "none", "n/a"})
_TARGET: Final = re.compile(r"(?:step\s*)?#?(\d{1,9})(?:\.0)?", re.IGNORECASE | re.ASCII)
_SCORE: Final = re.compile(r"(\d{1,9}(?:\.\d*)?|\.\d+)(e-?\d{1,2})?\s*(?:(%)|/\s*(\d{1,4}))?", re.IGNORECASE | re.ASCII)


def _verdict(fields: Mapping[str, _Value]) -> Verdict:
    action = _action(fields.get("action"))
    return Verdict(
        action=action,
        target=_target(fields.get("target")) if action is Action.BACKTRACK else None,
        score=_score(fields.get("score")),
        critique=_words(fields.get("critique")),
    )


def _action(value: _Value) -> Action:
    word = re.sub(r"[\s_-]+", "", value).lower() if isinstance(value, str) else ""
    if word not in _ACTIONS:
        raise ValueError(f"its action is {_quoted(value)}, not one of {', '.join(Action)}")
    return _ACTIONS[word]


def _target(value: _Value) -> int | None:
    if value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING):
        return None
    match = _TARGET.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"its target is {_quoted(value)}, not the number of a step")
    return int(match[1])


def _score(value: _Value) -> float | None:
    if value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING):
        return None
    match = _SCORE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"its score is {_quoted(value)}, not a number from 0 to 1")
    number, exponent, percent, scale = match.groups()
    score = float(number + (exponent or ""))
    if percent or (scale is None and 10 < score <= 100):
        score /= 100
    elif scale is not None:
        score = score / int(scale) if int(scale) else 2.0
    if score > 1:  # such as 7, which may be out of 10 or of 100
        raise ValueError(f"its score is {_quoted(value)}, which is on no clear scale; give a number from 0 to 1")
    return score


def _words(value: _Value) -> str:
    if isinstance(value, list):
        return "\n".join(_words(item) for item in value)
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_words(item)}" for key, item in value.items())
    return (value or "").strip()


def _quoted(value: _Value) -> str:
    return "missing" if value is None else f"`{_cut(str(value), 60)}`"


def _verdict_objects(text: str) -> Iterator[Mapping[str, _Value]]:
    """Yield every object with an action, wherever it stands; an object that breaks off hides what follows."""
    at = 0
    while (start := _OPENING.search(text, at)) is not None:
        try:
            value, at = _read_object(text, start.start(), 0)
        except ValueError:
            if not start["bare"]:
                raise
            at = start.start() + 1  # prose such as {x: x > 0}
            continue
        yield from _with_action(value)


def _with_action(value: _Value) -> Iterator[Mapping[str, _Value]]:
    if isinstance(value, dict) and "action" in value:
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _with_action(inner)


_OPENING: Final = re.compile(
    r"""\{\s*(?:(?:["'“‘]|(?i:action|target|score|critique)\s*:)|(?P<bare>\w+\s*:))"""
)  # fmt: skip
_CLOSING: Final = {'"': '"', "'": "'", "“": "”", "‘": "’"}
_STRING: Final = {  # a quote closes a string only where a string may end, so that apostrophes survive
    opening: re.compile(rf"(?:[^\\{quote}]|\\.|{quote}(?!\s*[,:}}\]]))*+{quote}", re.DOTALL)
    for opening, quote in _CLOSING.items()
}
_WORD: Final = re.compile(r"""[^\s,:{}\[\]"'“”‘’][^,:{}\[\]"'“”‘’\n]*""")
_SPACE: Final = re.compile(r"\s*")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\", "/": "/"}
_MAX_DEPTH: Final = 8


def _read_object(text: str, at: int, depth: int) -> tuple[dict[str, _Value], int]:
    """Read an object that opens at an offset; also return where it ends."""
    fields: dict[str, _Value] = {}
    at = _skip(text, at + 1)
    while text[at : at + 1] != "}":
        key, at = _read_scalar(text, at)
        key, at = key.strip().lower(), _skip(text, at)
        if text[at : at + 1] != ":":
            raise _malformed(text, at, "a colon")
        value, at = _read_value(text, at + 1, depth)
        if fields.setdefault(key, value) != value:
            raise ValueError(f"it gives `{_cut(key, 60)}` twice, and differently")
        at = _after_value(text, at, "}")
    return fields, at + 1


def _read_list(text: str, at: int, depth: int) -> tuple[list[_Value], int]:
    items: list[_Value] = []
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        item, at = _read_value(text, at, depth)
        items.append(item)
        at = _after_value(text, at, "]")
    return items, at + 1


def _read_value(text: str, at: int, depth: int) -> tuple[_Value, int]:
    at = _skip(text, at)
    if depth >= _MAX_DEPTH:
        raise ValueError("its JSON is nested too deeply")
    match text[at : at + 1]:
        case "{":
            return _read_object(text, at, depth + 1)
        case "[":
            return _read_list(text, at, depth + 1)
        case _:
            word, end = _read_scalar(text, at)
            return (None if text[at] in "nN" and word.lower() in _NOTHING else word), end


def _read_scalar(text: str, at: int) -> tuple[str, int]:
    string = _STRING.get(text[at : at + 1])
    match = string.match(text, at + 1) if string else _WORD.match(text, at)
    if match is None:
        raise ValueError("its JSON has a string that never ends") if string else _malformed(text, at, "a value")
    return (_whole(_ESCAPE.sub(_unescape, match[0][:-1])) if string else match[0].strip()), match.end()


def _unescape(match: re.Match[str]) -> str:
    r"""Undo an escape; what JSON doesn't know or nobody means, such as `\(` and `\frac`, is LaTeX and stays."""
    code, letter = match.groups()
    return chr(int(code, 16)) if code else _ESCAPED.get(letter, match[0])


def _after_value(text: str, at: int, closing: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] == ",":
        return _skip(text, at + 1)
    if text[at : at + 1] != closing:
        raise _malformed(text, at, f"a comma or {closing}")
    return at


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _malformed(text: str, at: int, expected: str) -> ValueError:
    found = f"`{text[at : at + 20]}` stands" if at < len(text) else "it breaks off"
    return ValueError(f"its JSON is malformed: {found} where {expected} should be")
