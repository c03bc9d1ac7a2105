"""One operation as a span of OpenTelemetry, a run of LangSmith, or both; as neither unless one of them is on.

OpenTelemetry is on once the program, or `longthought.telemetry.setup`, has set a tracer provider; until then it isn't
even imported. LangSmith is on if `LANGSMITH_TRACING` is true. What is observed is for the callers to say.
"""

import os
import sys
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from langsmith.run_helpers import trace
from langsmith.utils import tracing_is_enabled  # pyright: ignore[reportUnknownVariableType]

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer, TracerProvider

Attributes = Mapping[str, "str | int | float | bool | list[str] | None"]
"""Attributes of a span; those that are None are left out."""
CONTENT: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""The environment variable that adds what models read and wrote to spans."""
SCHEMA: Final = "https://opentelemetry.io/schemas/1.41.0"
"""The semantic conventions that the attributes follow."""


class Observation:
    """An operation that is being observed; it takes what becomes known of the operation."""

    __slots__ = ("_run", "_span")

    def __init__(self, span: "Span | None" = None, run: Any = None) -> None:
        """Keep the span and LangSmith's run tree, if there are any."""
        self._span, self._run = span, run

    @property
    def has_span(self) -> bool:
        """Whether attributes are recorded."""
        return self._span is not None and self._span.is_recording()

    @property
    def has_content(self) -> bool:
        """Whether a span is to hold what models read and wrote, which only the user's environment may ask for."""
        return self.has_span and os.environ.get(CONTENT, "").lower() in ("true", "span_only", "span_and_event")

    def add(self, attributes: Attributes) -> None:
        """Add attributes to the span."""
        if self._span is not None:
            self._span.set_attributes(_given(attributes))

    def output(self, output: Mapping[str, Any]) -> None:
        """Set the output of the run."""
        if self._run is not None:
            self._run.end(outputs=dict(output))

    def fail(self, kind: str, detail: str, error: BaseException | None = None) -> None:
        """Mark the operation as failed.

        Args:
            kind: The class of the failure, one of few.
            detail: What happened, in words.
            error: The exception, if there was one.

        """
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_attribute("error.type", kind)
            self._span.set_status(StatusCode.ERROR, detail)
            if error is not None:
                self._span.record_exception(error)
        if self._run is not None and error is None:  # an exception reaches the run by itself
            self._run.end(error=f"{kind}: {detail}")


OFF: Final = Observation()
"""What takes the place of an observation if nothing is observed."""


def tracer() -> "Tracer | None":
    """Return the tracer of spans; None if nobody has set a tracer provider."""
    api: Any = sys.modules.get("opentelemetry.trace")
    if api is None:
        return None
    provider = api.get_tracer_provider()
    return None if isinstance(provider, api.ProxyTracerProvider) else _tracer_of(provider)


@lru_cache(maxsize=4)
def _tracer_of(provider: "TracerProvider") -> "Tracer":
    from importlib.metadata import PackageNotFoundError, version

    with suppress(PackageNotFoundError):  # a checkout that isn't installed
        return provider.get_tracer("longthought", version("longthought"), schema_url=SCHEMA)
    return provider.get_tracer("longthought", schema_url=SCHEMA)


def observed(
    name: str,
    attributes: Attributes,
    *,
    remote: bool = False,
    run: Literal["chain", "tool"] | None = None,
    inputs: Mapping[str, Any] | None = None,
) -> AbstractContextManager[Observation]:
    """Observe an operation while it runs in the context; errors that leave the context are recorded.

    Args:
        name: The name of the span, which has few values.
        attributes: The attributes that are known from the start, so that samplers may use them.
        remote: Whether the operation runs on a server.
        run: The type of the LangSmith run (default: no run, as LangChain itself makes those of model calls).
        inputs: The inputs of the run.

    """
    spans = tracer()
    traced = run if run is not None and tracing_is_enabled() is True else None
    if spans is None and traced is None:
        return _OFF
    return _observed(name, attributes, spans, traced, remote=remote, inputs=inputs or {})


_OFF: Final = nullcontext(OFF)


@contextmanager
def _observed(
    name: str,
    attributes: Attributes,
    spans: "Tracer | None",
    run: Literal["chain", "tool"] | None,
    *,
    remote: bool,
    inputs: Mapping[str, Any],
) -> Generator[Observation]:
    with ExitStack() as stack:
        span, tree = None, None
        if spans is not None:
            from opentelemetry.trace import SpanKind

            opened = spans.start_as_current_span(
                name, kind=SpanKind.CLIENT if remote else SpanKind.INTERNAL, attributes=_given(attributes),
                record_exception=False, set_status_on_exception=False,
            )  # fmt: skip
            span = stack.enter_context(opened)
        if run is not None:
            tree = stack.enter_context(trace(name, run, inputs=dict(inputs), metadata=_given(attributes)))
        observation = Observation(span, tree)
        try:
            yield observation
        except BaseException as error:
            observation.fail(type(error).__name__, str(error), error)
            raise


def _given(attributes: Attributes) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}
