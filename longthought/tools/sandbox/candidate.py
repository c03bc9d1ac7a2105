"""The candidate's side of an examination: runs untrusted code, then answers calls to what it defined.

Everything here runs in the same process as the untrusted code and may be turned against us; nothing depends on its
honesty but the candidate's own mark.
"""

from typing import Any

from longthought.tools.sandbox import plain, script, wire


def serve(code: str, requests: int, replies: int) -> None:
    """Run the code, report the names it defined, and answer calls over two pipes until the process is killed."""
    scope: dict[str, Any] = {"__name__": "candidate", "__builtins__": __builtins__}
    try:
        exec(compile(code, script.NAME, "exec"), scope)
    except BaseException as error:
        wire.send(replies, _raised(error))
        return
    objects: list[Any] = []
    defined = [name for name, value in scope.items() if callable(value) and not name.startswith("_")]
    wire.send(replies, {"defined": defined})
    while True:
        wire.send(replies, _answer(wire.receive(requests), scope, objects))


def _answer(request: dict[str, Any], scope: dict[str, Any], objects: list[Any]) -> dict[str, Any]:
    def refer(value: Any) -> int:
        objects.append(value)
        return len(objects) - 1

    try:
        target = scope[request["name"]] if "name" in request else objects[request["object"]]
        if "attribute" in request:
            value = getattr(target, request["attribute"])
        else:
            arguments = plain.decode(request["arguments"], objects.__getitem__)
            keywords = plain.decode(request["keywords"], objects.__getitem__)
            value = target(*arguments, **keywords)
        return {"value": plain.encode(value, refer)}
    except BaseException as error:  # also SystemExit: a candidate that leaves hasn't answered
        return _raised(error)


def _raised(error: BaseException) -> dict[str, Any]:
    kinds = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
    try:
        message = str(error)[:1000]
    except Exception:
        message = ""
    return {"raised": kinds, "message": message}
