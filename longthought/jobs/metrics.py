"""A job's counts for a scraper, such as Prometheus: OpenMetrics text on a port of this machine.

It writes the counts of `Progress`, and listens on 127.0.0.1 alone. Counts include earlier runs of the job, so that they
never fall when a job is resumed.

The format: https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Literal, Self

from longthought.errors import ConfigError
from longthought.jobs.progress import Bill, Progress

CONTENT_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_HOST: Final = "127.0.0.1"
_MAX_PORT: Final = 65_535

Sample = tuple[Mapping[str, str], float]
MetricKind = Literal["counter", "gauge"]


def openmetrics(progress: Progress) -> str:
    """Write the counts as OpenMetrics text."""
    return "".join([*_families(progress), "# EOF\n"])


def _families(progress: Progress) -> Iterator[str]:
    def plain(value: float) -> list[Sample]:
        return [({}, value)]

    bills = {"policy": progress.policy, "critic": progress.critic}
    stops = [({"reason": str(name)}, count) for name, count in dict(progress.stops).items()]
    failures = [({"cause": str(name)}, count) for name, count in dict(progress.failures).items()]
    setbacks = [({"cause": str(name)}, count) for name, count in dict(progress.setbacks).items()]
    if progress.expected is not None:
        yield _family("debates_expected", "gauge", "Debates in the whole job.", plain(progress.expected))
    yield _family("problems", "gauge", "Problems read so far.", plain(progress.problems))
    yield _family("debates", "gauge", "Debates on the problems read so far.", plain(progress.total))
    yield _family("debates_in_flight", "gauge", "Debates running now.", plain(progress.in_flight))
    yield _family("debates_in_flight_limit", "gauge", "Debates that may run at once.", plain(progress.limit))
    yield _family("debates_ended", "counter", "Debates over, by why they stopped.", stops)
    yield _family("debates_failed", "counter", "Debates ended by a failure, by its cause.", failures)
    yield _family("debates_solved", "counter", "Debates whose answer is right.", plain(progress.solved))
    yield _family("debates_graded", "counter", "Debates the checker could decide.", plain(progress.graded))
    yield _family("debates_resumed", "counter", "Debates that went on from the middle.", plain(progress.resumed))
    yield _family("rounds", "counter", "Steps proposed.", plain(progress.rounds))
    yield _family("setbacks", "counter", "Rounds lost, by cause.", setbacks)
    requests = [({"role": role}, bill.requests) for role, bill in bills.items()]
    yield _family("requests", "counter", "Model calls.", requests)
    yield _family("tokens", "counter", "Tokens; those of kind cached are part of the prompt's.", _tokens(bills))
    yield _family("run_seconds", "gauge", "Seconds since this run of the job began.", plain(progress.seconds))


def _tokens(bills: Mapping[str, Bill]) -> Iterator[Sample]:
    for role, bill in bills.items():
        for kind in ("prompt", "cached", "completion"):
            yield {"role": role, "kind": kind}, getattr(bill, kind)


def _family(name: str, kind: MetricKind, description: str, samples: Iterable[Sample]) -> str:
    full = f"longthought_{name}"
    lines = [f"# TYPE {full} {kind}", f"# HELP {full} {description}"]
    for labels, value in samples:
        written = ",".join(f'{key}="{label}"' for key, label in labels.items())
        lines.append(f"{full}{'_total' * (kind == 'counter')}{f'{{{written}}}' if written else ''} {value}")
    return "\n".join(lines) + "\n"


class MetricsServer:
    """Serves `/metrics` from a thread of its own: `with MetricsServer(progress, port): …`."""

    def __init__(self, progress: Progress, port: int) -> None:
        """Bind the port; 0 chooses a free one.

        Raises:
            ConfigError: if the port number is invalid, or the port is taken.

        """

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = self.path.partition("?")[0] == "/metrics"
                body = (openmetrics(progress) if found else "look at /metrics\n").encode()
                self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
                self.send_header("Content-Type", CONTENT_TYPE if found else "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Log nothing: the terminal shows the job."""

        if not 0 <= port <= _MAX_PORT:
            raise ConfigError(f"`metrics_port` {port}: must be from 0 to {_MAX_PORT}")
        try:
            self._server = ThreadingHTTPServer((_HOST, port), Handler)
        except OSError as error:
            raise ConfigError(
                f"`metrics_port` {port}: can't listen there ({error.strerror}); choose another, or 0 for a free one"
            ) from error
        self._server.daemon_threads = True
        self.url = f"http://{_HOST}:{self._server.server_address[1]}/metrics"

    def __enter__(self) -> Self:
        """Serve."""
        self._thread = threading.Thread(target=self._server.serve_forever, name="longthought-metrics", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop, and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
