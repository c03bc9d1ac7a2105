"""A process that owns a sandbox and runs requests, one JSON line each way, so that tests can act as two users."""

import asyncio
import dataclasses
import json
import os
import sys

from longthought.tools.sandbox.pool import Sandbox


def say(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def main() -> None:
    sandbox = Sandbox(confinement=sys.argv[1], workers=1, seconds=float(sys.argv[2]))
    say({"uid": os.getuid(), "pid": os.getpid()})
    for line in sys.stdin:
        request = json.loads(line)
        result = await getattr(sandbox, request.pop("call"))(**request)
        say(dataclasses.asdict(result))
    sandbox.close()


asyncio.run(main())
