"""What a server refused, and the next best request: a table of fields and of the words in which servers refuse them.

A refusal is first believed and then tested: its change of the request is remembered for the server and the model only
if the changed request succeeds, so a refusal about something else teaches nothing. Nothing here sends a request.
"""

import dataclasses
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from weakref import WeakValueDictionary

from longthought.agents.served.context_limit import fitted_limit
from longthought.agents.served.failures import excerpt
from longthought.errors import RefusedError

log = logging.getLogger(__name__)
Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a request; two changes with the same words are equal."""

    words: str
    """What is done, in words that follow "from now on"."""
    apply: Callable[[Payload], object] = dataclasses.field(compare=False)
    """Changes a payload in place; does nothing to one that lacks the field."""
    lasts: bool = True
    """Whether later requests are changed too."""
    field: str = ""
    """The field whose other changes it replaces; none by default."""


class Lessons:
    """The changes that a server wants of requests to one model."""

    def __init__(self, name: str) -> None:
        """Start without changes; the name says whose lessons they are in warnings."""
        self._name = name
        self._changes: list[Change] = []

    def apply(self, payload: Payload) -> None:
        """Change a payload in place by all that was learned."""
        for change in self._changes:
            change.apply(payload)

    def learn_all(self, tried: Mapping[Change, str]) -> None:
        """Remember the changes, with their reasons, after which a request succeeded."""
        last = {change.field or change.words: (change, reason) for change, reason in tried.items()}
        for change, reason in last.values():
            self.learn(change, reason)

    def learn(self, change: Change, reason: str) -> None:
        """Remember a change and say so, once."""
        if change.lasts and change not in self._changes:
            self._changes.append(change)
            log.warning("%s: %s; from now on %s", self._name, excerpt(reason).rstrip("."), change.words)


_LESSONS: Final[WeakValueDictionary[tuple[str, str], Lessons]] = WeakValueDictionary()


def lessons_of(url: str, model: str) -> Lessons:
    """Return the lessons of a server and a model, which all chat models in use share."""
    lessons = _LESSONS.get((url, model))
    if lessons is None:
        lessons = _LESSONS[url, model] = Lessons(f"{model} at {url}")
    return lessons


def next_best(refused: RefusedError, payload: Payload, tried: Sequence[Change]) -> Change | None:
    """Return the change to try after a refusal; None if there is nothing left to try.

    Raises:
        EndpointError: if the prompt alone is longer than the context of the model.

    """
    if refused.status not in _TELLING and refused.status < 500:
        return None
    change, is_about_context = _fitted(refused, payload)
    if is_about_context:
        return change if change not in tried else None
    for rule in _RULES:
        change = rule(refused, payload)
        if change is not None and change not in tried:
            return change
    return None


_TELLING: Final = frozenset({400, 404, 413, 422})
"""Statuses of refusals that can be about a field."""


# The changes.


def _without(names: Sequence[str]) -> Change:
    """Leave fields out."""

    def apply(payload: Payload) -> None:
        for name in names:
            payload.pop(name, None)

    listed = ", ".join(f"`{name}`" for name in names)
    return Change(f"{listed} {'is' if len(names) == 1 else 'are'} left out", apply, field=names[0])


def _renamed(old: str, new: str) -> Change:
    def apply(payload: Payload) -> None:
        if old in payload:
            payload.setdefault(new, payload.pop(old))

    return Change(f"`{old}` is sent as `{new}`", apply)


def _at_most(name: str, most: float) -> Change:
    def apply(payload: Payload) -> None:
        if name in payload:
            payload[name] = min(payload[name], most)

    return Change(f"`{name}` is at most {most:,}", apply)


def _json_object(payload: Payload) -> None:
    if "response_format" in payload:
        payload["response_format"] = {"type": "json_object"}


def _any_length(payload: Payload) -> None:
    if "response_format" in payload:
        payload["response_format"] = _without_lengths(payload["response_format"])


def _without_lengths(part: Any) -> Any:
    """Return a part of a schema without the maximum lengths of its strings."""
    if isinstance(part, dict):
        fields = cast("dict[str, Any]", part)
        return {name: _without_lengths(value) for name, value in fields.items() if name != _LENGTH}
    return [_without_lengths(item) for item in cast("list[Any]", part)] if isinstance(part, list) else part


_LENGTH: Final = "maxLength"


OTHERWISE: Final = "_otherwise"
"""The part of a payload that isn't sent: the messages for a server that doesn't go on from the assistant's last one."""
_CONTINUED: Final[Mapping[str, bool]] = {"continue_final_message": True, "add_generation_prompt": False}


def continued(payload: Payload, otherwise: Sequence[Any]) -> None:
    """Ask to go on from the last message, in vLLM's and SGLang's fields; llama.cpp needs none and ignores them."""
    payload |= {OTHERWISE: otherwise, **_CONTINUED}


def _uncontinued(payload: Payload) -> None:
    if OTHERWISE in payload:
        payload["messages"] = payload.pop(OTHERWISE)
        for name in _CONTINUED:
            payload.pop(name, None)


def _folded(payload: Payload) -> None:
    """Write the system message into the user's first message, and join messages of one role that follow each other."""
    for name in {"messages", OTHERWISE} & payload.keys():
        payload[name] = _fold(payload[name])


def _fold(given: Sequence[Any]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for message in given:
        role = "user" if message["role"] in ("system", "developer") else message["role"]
        if messages and messages[-1]["role"] == role:
            messages[-1] = {**messages[-1], "content": _joined(messages[-1]["content"], message["content"])}
        else:
            messages.append({**message, "role": role})
    return messages


def _joined(first: Any, second: Any) -> Any:
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [*_parts(first), *_parts(second)]


def _parts(content: Any) -> list[Any]:
    if isinstance(content, list):
        return cast("list[Any]", content)
    return [{"type": "text", "text": content}] if content else []


ASKED_SINGLY: Final = Change(
    "several answers are asked for in one request each", lambda payload: payload.pop("n", None)
)
ESTIMATED_USAGE: Final = Change("tokens are estimated where its count can't be right", lambda payload: None)
_AS_JSON: Final = Change(
    'the schema of verdicts is left out: `response_format` is {"type": "json_object"}',
    _json_object,
    field="response_format",
)
_ANY_LENGTH: Final = Change(f"`{_LENGTH}` is left out of the schema of verdicts", _any_length, field=_LENGTH)
_UNCONTINUED: Final = Change("the accepted steps are shown to the model instead of put in its mouth", _uncontinued)
_FOLDED: Final = Change("the system message is sent as the beginning of the user's first message", _folded)


# The rules: each recognises a refusal and returns the next best request.


def _fitted(refused: RefusedError, payload: Payload) -> tuple[Change | None, bool]:
    """Return a limit that fits the context that a refusal names, and whether the refusal is about the context."""
    name = next((name for name in _LIMITS if name in payload), None)
    room, is_about_context = fitted_limit(refused, str(payload.get("model")), payload.get(name) if name else None)
    if name is None or room is None:
        return None, is_about_context
    return Change(f"`{name}` is {room}", lambda payload: payload.__setitem__(name, room), lasts=False), True


_LIMITS: Final[Mapping[str, str]] = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""The two names of the limit of a reply, each with the other."""
_SYSTEM: Final = re.compile(r"system (role|message|prompt|instruction)|role\W{1,4}system|developer|alternat", re.I)
_LAST: Final = re.compile(
    r"continue_final|add_generation|prefill|(?:last|final|trailing|end)\W.{0,60}(?:role|message|assistant|user)"
    r"|alternat|enable_thinking",
    re.I,
)
_CHOICES: Final = re.compile(
    r"['\"`]n['\"`]|\bn (?:>|=|must|is|should|greater)|\bbest_of\b"
    r"|(?:completion|multiple|number of) (?:choice|completion)",
    re.I,
)
_FORMAT: Final = re.compile(r"response.?format|json.?(?:schema|mode|object)|structured.?output|grammar|\bguided", re.I)
_SCHEMA: Final = re.compile(r"schema|grammar|structured|\btype\b|guided", re.I)
_TOO_MUCH: Final = re.compile(r"too (?:large|high|big)|at most|maximum|range|exceed|less than|between|[<>]", re.I)
_POSITIVE: Final = re.compile(r"strictly positive|greater than 0|> ?0(?!\d)", re.I)


def _lengths(refused: RefusedError, payload: Payload) -> Change | None:
    return _ANY_LENGTH if _LENGTH in refused.said and _LENGTH in str(payload.get("response_format")) else None


def _continuation(refused: RefusedError, payload: Payload) -> Change | None:
    return _unanswerable(refused, payload) if _LAST.search(refused.said) else None


def _unanswerable(refused: RefusedError, payload: Payload) -> Change | None:
    return _UNCONTINUED if OTHERWISE in payload else None


def _system(refused: RefusedError, payload: Payload) -> Change | None:
    roles = [message["role"] for message in payload["messages"]]
    is_plain = roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
    return _FOLDED if _SYSTEM.search(refused.said) and not is_plain else None


def _choices(refused: RefusedError, payload: Payload) -> Change | None:
    return _single(refused, payload) if refused.param == "n" or _CHOICES.search(refused.said) else None


def _single(refused: RefusedError, payload: Payload) -> Change | None:
    return ASKED_SINGLY if payload.get("n", 1) != 1 else None


def _limit(refused: RefusedError, payload: Payload) -> Change | None:
    """Send the limit under its other name or, if a smaller one would do, the largest number that the server names."""
    for name, other in _LIMITS.items():
        if name in payload and _names(refused, name):
            numbers = [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", refused.said)]
            smaller = [n for n in numbers if 16 <= n < payload[name]]
            if smaller and _TOO_MUCH.search(refused.said):
                return _at_most(name, max(smaller))
            return _renamed(name, other)
    return None


def _temperature(refused: RefusedError, payload: Payload) -> Change | None:
    """Send almost no temperature to a server that takes any but none."""
    if payload.get("temperature") != 0 or not _names(refused, "temperature") or not _POSITIVE.search(refused.said):
        return None

    def apply(payload: Payload) -> None:
        if payload.get("temperature") == 0:
            payload["temperature"] = 0.01

    return Change("a `temperature` of 0 is sent as 0.01", apply, field="temperature")


def _format(refused: RefusedError, payload: Payload) -> Change | None:
    """Ask for any JSON instead of a schema, and for nothing if that is refused or the refusal is about all formats."""
    kind = payload.get("response_format")
    if not isinstance(kind, Mapping):
        return None
    names_all = _FORMAT.search(refused.said) and not _SCHEMA.search(refused.said)
    is_schema = cast("Mapping[str, Any]", kind).get("type") == "json_schema"
    return _AS_JSON if is_schema and not names_all else _without(["response_format"])


def _named_format(refused: RefusedError, payload: Payload) -> Change | None:
    return _format(refused, payload) if _FORMAT.search(refused.said) else None


def _named(refused: RefusedError, payload: Payload) -> Change | None:
    """Leave out every field that the refusal names."""
    dispensable = [name for name in payload if name not in ("model", "messages", "n", OTHERWISE)]
    blamed = [name for name in dispensable if name == refused.param]
    blamed = blamed or [name for name in dispensable if _names(refused, name) or _names_part(refused, payload[name])]
    return _without(blamed) if blamed else None


def _names(refused: RefusedError, name: str) -> bool:
    """Say whether a refusal names a field."""
    if refused.param:
        return refused.param == name
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", refused.said) is not None


def _names_part(refused: RefusedError, value: Any) -> bool:
    """Say whether a refusal names a field inside a field, such as one of `chat_template_kwargs`."""
    return isinstance(value, dict) and any(_names(refused, str(part)) for part in cast("dict[str, Any]", value))


_RULES: Final = (
    *(_lengths, _continuation, _system, _choices, _temperature, _limit, _named_format, _named, _format, _single),
    _unanswerable,
)
"""In this order; the last three change the request if the refusal names nothing."""
