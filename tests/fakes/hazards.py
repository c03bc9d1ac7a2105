"""What may happen in a worker process: functions that hang, crash and explode on purpose."""

import os
import signal
import sys
import time


def misbehave(what: str, value: object = None) -> object:
    match what:
        case "echo":
            return value
        case "pid":
            return os.getpid()
        case "sleep":
            time.sleep(float(str(value)))
            return value
        case "busy":  # in C, where no Python signal handler runs
            return str(9 ** (9 ** int(str(value))))
        case "raise":
            raise ValueError(str(value))
        case "exit":
            sys.exit(3)
        case "die":
            os._exit(3)
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
            return None
        case "memory":
            return len(bytearray(int(str(value)) << 20))
        case "interrupt":
            os.kill(os.getpid(), signal.SIGINT)
            return "ignored"
        case "print":
            os.write(1, b"noise\n")
            return sys.stdin.read()
        case "unsendable":
            return object()
        case "fork":
            child = os.fork()
            if child == 0:
                time.sleep(600)
            time.sleep(600)
            return None
        case _:
            raise AssertionError(what)
