"""Events that a person writes into a log: they need only what a person knows, and the rest is filled in.

A person may append events, or hand in the whole log edited. An edited log is kept up to the first change; what followed
in the old log followed from what is no longer there, so it is left out, and the debate goes on from the change.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from longthought.errors import ConfigError
from longthought.graphs.rules import candidate, illegal_target
from longthought.request import objection
from longthought.trajectories.events import EVENT, Action, Author, Cause, StopReason, Verdict
from longthought.trajectories.tree import Node, NodeKind, Standing, Tree, TreeError

_STAMPS: Final = frozenset(("kind", "trajectory", "seq", "by", "at"))
_VERDICT: Final = frozenset(name for name in Verdict.model_fields if name != "said")
_Event = dict[str, Any]
_LIST: Final = TypeAdapter(list[_Event])


def logged(old: Sequence[_Event], new: Sequence[_Event]) -> list[_Event]:
    """Return a log with events appended or, if the new ones begin with `started`, the log as it was edited.

    Raises:
        ConfigError: if an event can't be read or doesn't fit.

    """
    try:
        _LIST.validate_python(new)
    except ValidationError as error:
        raise ConfigError(f"`events` must be a list of JSON objects, got {new!r}") from error
    if not new or new[0].get("kind") != "started":
        return _extended(old, new)
    if not old:
        return _extended((), new)
    same = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    followed = list(old[same:])
    changed = [event for event in new[same:] if event not in followed]
    if same == 0:
        return _extended((), [new[0], *(_as_edited(event) for event in changed[1:])])
    return _extended(old[:same], [_as_edited(event) for event in changed])


def _as_edited(event: Mapping[str, Any]) -> _Event:
    """Return an event as a person's own: its place is found anew, and no model is behind it."""
    return {name: value for name, value in event.items() if name not in ("seq", "by", "at", "calls", "trajectory")}


def _extended(log: Sequence[_Event], new: Sequence[Mapping[str, Any]]) -> list[_Event]:
    """Append events, and complete those that lack something."""
    if all(event.keys() >= _STAMPS for event in new):
        return [*log, *map(dict, new)]
    whole, tree = list(log), None
    for given in new:
        if tree is None:
            tree = Tree.fold(map(EVENT.validate_python, whole))
        event = completed(tree, given)
        try:
            tree.apply(EVENT.validate_python(event))
        except TreeError as error:
            raise ConfigError(f"`events`: {error}") from error
        whole.append(event)
    return whole


def completed(tree: Tree, given: Mapping[str, Any]) -> _Event:
    """Return the next event of a log as a whole one, from what a person wrote of it.

    A verdict may be written flat, as in `{"action": "backtrack", "target": 0, "critique": "…"}`, a step as
    `{"text": "…"}`, and a move as `{"to": 0}`.

    Raises:
        ConfigError: naming the field that is missing or wrong.

    """
    kind = given.get("kind") or _kind(given)
    event = {"kind": kind, **given, "seq": tree.events}
    event.setdefault("by", Author.HUMAN.value)
    event.setdefault("at", time.time())
    if tree.started is not None:
        event["trajectory"] = tree.started.trajectory
    try:
        if tree.started is not None:
            event = {**_place(kind, event, tree), **event}
        if kind == "judged" and "verdict" not in event:
            event["verdict"] = {name: event.pop(name) for name in _VERDICT & event.keys()}
        return EVENT.validate_python(event).model_dump(mode="json")
    except ValidationError as error:
        reason = objection(error).replace(f"`{kind}.", "`", 1)
        raise ConfigError(f"`events`: {kind}: {reason}") from error
    except TreeError as error:
        raise ConfigError(f"`events`: {kind}: {error}") from error


def _kind(given: Mapping[str, Any]) -> str:
    """Say what kind of event was written, from its fields."""
    for name, kind in (("verdict", "judged"), ("action", "judged"), ("text", "proposed"), ("to", "moved")):
        if name in given:
            return kind
    raise ConfigError(
        f"`events`: {dict(given)!r} is no event: write a verdict ({{'action': …}}), a step ({{'text': …}}), "
        "a move ({'to': …}), or name its `kind`"
    )


def _place(kind: str, event: Mapping[str, Any], tree: Tree) -> _Event:
    """Return the fields that follow from where the debate stands."""
    waiting = candidate(tree) or (tree.nodes[-1] if tree.nodes[-1].standing is Standing.OPEN else None)
    match kind:
        case "proposed":
            return {"node": len(tree.nodes), "parent": tree.cursor}
        case "reflected":
            return {"node": len(tree.nodes), **({"parent": waiting.id} if waiting else {})}
        case "checked" | "judged" | "observed":
            return {"node": waiting.id} if waiting else {}
        case "moved" if isinstance(event.get("to"), int):
            left = left_behind(tree, event["to"], waiting)
            return {"cause": Cause.EDITED.value, **({} if "accepted" in event else {"abandoned": left})}
        case "finished":
            here = tree.node(tree.cursor)
            return {"reason": StopReason.ANSWERED.value, "node": here.id or None, "answer": here.answer}
        case _:
            return {}


def left_behind(tree: Tree, to: int, waiting: Node | None) -> list[int]:
    """Return the steps and reflections below a node, on the path and at its tip, which a move back to it leaves."""
    tree.node(to)
    path = [node.id for node in tree.path(waiting.id if waiting else None)]
    below = path[path.index(to) + 1 :] if to in path else path if to == 0 else []
    reflections = (c for n in below for c in tree.nodes[n].children if tree.nodes[c].kind is NodeKind.REFLECTION)
    return [*dict.fromkeys((*below, *reflections))]


def rewritten_step(tree: Tree, node: Node, text: str, answer: str | None, reason: str) -> list[_Event]:
    """Return the events by which a person's own step takes the place of a step."""
    to = node.parent or 0
    place: _Event = {"to": to, "cause": Cause.EDITED.value, "abandoned": left_behind(tree, to, node)}
    moved = completed(tree, {**place, "reason": reason})
    step = {"text": text, "answer": answer, "parent": to}
    return [moved, {**completed(tree, step), "seq": tree.events + 1}]


def changed_verdict(tree: Tree, node: Node, verdict: Verdict, change: Mapping[str, Any]) -> _Event:
    """Return a person's verdict on a step, made of the critic's and what the person says otherwise.

    Raises:
        ConfigError: if the person's verdict can't be read, or goes back to a step that it can't go back to.

    """
    kept = verdict.model_dump(mode="json", exclude={"said"})
    if "action" in change and change["action"] != verdict.action:
        kept |= {"target": None, "score": None, "critique": ""}
    if change.get("action", verdict.action) not in list(Action):
        raise ConfigError(f"`action` must be one of {', '.join(Action)}, got {change['action']!r}")
    said: _Event = {**kept, **change}
    target = said["target"]
    if said["action"] == Action.BACKTRACK and isinstance(target, int) and (no := illegal_target(tree, node, target)):
        raise ConfigError(f"`target`: {no}")
    return completed(tree, {"kind": "judged", "node": node.id, "verdict": said})
