"""A fake collector of traces, for OpenTelemetry's OTLP over HTTP and for LangSmith: it keeps what it is sent."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

INFO = {
    "version": "0.10.0",
    "batch_ingest_config": {
        "use_multipart_endpoint": False, "size_limit": 100, "size_limit_bytes": 20_971_520,
        "scale_up_qsize_trigger": 1000, "scale_up_nthreads_limit": 16, "scale_down_nempty_trigger": 4,
    },
}  # fmt: skip
"""What it says of itself when LangSmith's client asks."""


class Collector:
    """The posted bodies, by path."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[tuple[str, bytes]] = []

    def spans(self) -> list[tuple[str, Span]]:
        """Return the spans that came over OTLP, each with the name of its service."""
        found: list[tuple[str, Span]] = []
        for path, body in self.received:
            assert path == "/v1/traces"
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                named = {each.key: each.value.string_value for each in resource.resource.attributes}
                found += [(named["service.name"], span) for scope in resource.scope_spans for span in scope.spans]
        return found

    def runs(self) -> list[dict[str, Any]]:
        """Return the runs that LangSmith's client sent, each with what it sent later, in the order of their tree."""
        runs: dict[str, dict[str, Any]] = {}
        for path, body in self.received:
            assert path == "/runs/batch"
            sent = json.loads(body)
            for run in (*sent.get("post", ()), *sent.get("patch", ())):
                runs.setdefault(run["id"], {}).update({name: value for name, value in run.items() if value is not None})
        return sorted(runs.values(), key=lambda run: run["dotted_order"])


@contextmanager
def collecting() -> Generator[Collector]:
    """Run a collector on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(json.dumps(INFO).encode())

        def do_POST(self) -> None:
            collector.received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(b"{}" if self.path.startswith("/runs") else b"")

        def log_message(self, *args: Any) -> None:
            pass

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
