"""A process that owns a sandbox and runs what it is sent, one JSON line each way: so that tests can be two users at once."""

import asyncio
import dataclasses
import json
import os
import sys

from longthought.tools.sandbox.pool import Sandbox


async def main() -> None:
    sandbox = Sandbox(confinement=sys.argv[1], workers=1, seconds=float(sys.argv[2]))
    print(json.dumps({"uid": os.getuid(), "pid": os.getpid()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        result = await getattr(sandbox, request.pop("call"))(**request)
        print(json.dumps(dataclasses.asdict(result)), flush=True)
    sandbox.close()


asyncio.run(main())
