"""What every test needs: small machines stay quiet, property tests are repeatable, nothing phones home."""

import os
import signal

from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["LANGSMITH_TRACING"] = "false"
for _name in [name for name in os.environ if name.startswith(("OTEL_", "TRACEPARENT", "LONGTHOUGHT_LOG"))]:
    del os.environ[_name]

pytest_plugins = ["tests.fakes.played"]

settings.register_profile("longthought", deadline=None, derandomize=True)
settings.load_profile("longthought")

# A suite started in the background of a script ignores SIGINT, and so would every command that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
