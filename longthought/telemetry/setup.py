"""Set up what the environment asks for: the log as JSON lines, and the export of spans over OTLP.

Only a program does this, at its start: the command line, and the processes and actors of its jobs. A program of the
user's sets up OpenTelemetry and logging as it likes.
"""

import logging
import os
from typing import Final

from longthought.errors import ConfigError
from longthought.extras import installed

LOG_FORMAT: Final = "LONGTHOUGHT_LOG_FORMAT"
"""The environment variable that turns the log into JSON lines: `json`, or `text` as by default."""
ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""The environment variables that name the collector of spans."""
_PARENT: Final = "TRACEPARENT"

log = logging.getLogger(__name__)


def set_up() -> None:
    """Set up the log and the export of spans, each only if the environment asks for it.

    Raises:
        ConfigError: if `LONGTHOUGHT_LOG_FORMAT` is neither `json` nor `text`.

    """
    if logs_json():
        from longthought.telemetry.json_lines import log_json_lines

        log_json_lines()
    if exports_spans():
        _export_spans()


def logs_json() -> bool:
    """Say whether the log is asked for as JSON lines.

    Raises:
        ConfigError: if the variable holds anything else than `json` or `text`.

    """
    asked = os.environ.get(LOG_FORMAT, "") or "text"
    if asked not in ("json", "text"):
        raise ConfigError(f"{LOG_FORMAT} must be json or text, got {asked!r}")
    return asked == "json"


def exports_spans() -> bool:
    """Say whether the environment names a collector and doesn't switch spans off."""
    is_off = (
        os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or os.environ.get("OTEL_TRACES_EXPORTER", "") == "none"
    )
    return not is_off and any(os.environ.get(name) for name in ENDPOINTS)


def parent_variables() -> dict[str, str]:
    """Return environment variables by which spans of a child process become children of the current span."""
    from longthought.telemetry.observation import tracer

    if tracer() is None:
        return {}
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return {name.upper(): value for name, value in carrier.items()}


def _export_spans() -> None:
    """Export spans to the collector; the SDK reads the standard variables for its address, headers and sampling."""
    if not all(installed(name) for name in ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")):
        log.warning("spans are not exported to %s: run `pip install 'longthought[telemetry]'`", _endpoint())
        return
    from opentelemetry import context, trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return  # `opentelemetry-instrument` or the program has set one up
    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    provider = TracerProvider(resource=Resource.create({} if named else {"service.name": "longthought"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    if _PARENT in os.environ:
        carrier = {name.lower(): os.environ[name] for name in (_PARENT, "TRACESTATE") if name in os.environ}
        context.attach(TraceContextTextMapPropagator().extract(carrier))


def _endpoint() -> str:
    return next(os.environ[name] for name in ENDPOINTS if os.environ.get(name))
