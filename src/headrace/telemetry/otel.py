"""OpenTelemetry: spans of enqueues, attempts, appends and handlers, joined by the trace context jobs and events carry.

Needs the extra `headrace[otel]`. Where no SDK is set up, the API's own spans do nothing.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeVar
from uuid import UUID

from msgspec import structs
from msgspec.structs import replace
from opentelemetry.context import Context as TraceContext
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TracerProvider,
    get_current_span,
    get_tracer,
    set_span_in_context,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from headrace.context import Context, bind
from headrace.telemetry.record import Record, Telemetry

_MOST_REMEMBERED = 10_000
_MOST_LINKS = 100
_ENDINGS = frozenset({"completed", "failed", "cancelled", "dead"})
_ANSWERS = frozenset({"snoozed", "cancelled"})


class NewJob(Protocol):
    """What tracing needs of a job about to be stored."""

    @property
    def id(self) -> UUID: ...
    @property
    def kind(self) -> str: ...
    @property
    def queue(self) -> str: ...
    @property
    def context(self) -> Context: ...


class NewEvent(Protocol):
    """What tracing needs of an event about to be stored."""

    @property
    def id(self) -> UUID: ...
    @property
    def type(self) -> str: ...
    @property
    def correlation_id(self) -> UUID: ...
    @property
    def traceparent(self) -> str | None: ...


class Handler(Protocol):
    """What tracing needs of a handler of events."""

    @property
    def name(self) -> str: ...
    @property
    def mode(self) -> str: ...


class Registry(Protocol):
    """Where an application's events go by before they are stored."""

    on_append: Callable[[Any], Any] | None


class Handlers(Protocol):
    """An application's handlers of events."""

    around: Callable[[Any, Any], AbstractContextManager[Any]] | None


class RunningJob(Protocol):
    """What tracing needs of a job that runs."""

    @property
    def id(self) -> UUID: ...


class Application(Protocol):
    """What tracing needs of the application it watches."""

    telemetry: Telemetry

    @property
    def events(self) -> Registry: ...
    @property
    def handlers(self) -> Handlers: ...
    def middleware(self, *middleware: Any) -> None: ...


J = TypeVar("J", bound=Any)
E = TypeVar("E", bound=Any)


class Tracing:
    """Makes spans of jobs and events; `install` it on an app before it is opened.

    Enqueueing is a producer span, a child of the caller's current one; its context goes with the job as
    W3C `traceparent`, whether or not the transaction then commits. Every attempt is a consumer span and
    that one's child, current while the handler runs, so that what the handler does, enqueues and appends
    joins the trace. A retry links to the attempt before it where the same process ran that one.
    Appending is a producer span like enqueueing, and goes with the event. A call of a handler is a consumer span: a
    child of the event's, or of the attempt that calls it; one with a batch begins a trace that links to its events.
    Spans are named and described by the semantic conventions for messaging.

        Tracing().install(app)
    """

    def __init__(self, *, tracer_provider: TracerProvider | None = None) -> None:
        self._tracer = get_tracer("headrace", tracer_provider=tracer_provider)
        self._carrier = TraceContextTextMapPropagator()
        self._open: dict[tuple[UUID, int], Span] = {}
        self._before: OrderedDict[UUID, SpanContext] = OrderedDict()

    def install(self, app: Application) -> None:
        """Puts it around every enqueue, attempt, append and handler of an app."""
        app.middleware(self)
        app.events.on_append = self.on_append
        app.handlers.around = self.spanning_handler
        app.telemetry.subscribe(self)

    def on_enqueue(self, job: J) -> J:
        """Makes the span of enqueueing and gives the job its context."""
        new: NewJob = job
        span = self._tracer.start_span(
            f"create {new.kind}",
            context=None if get_current_span().get_span_context().is_valid else self._read(new.context.traceparent),
            kind=SpanKind.PRODUCER,
            attributes=_attributes(new.id, new.kind, new.queue, "create", correlation=new.context.correlation_id),
        )
        span.end()
        traced = structs.replace(new.context, traceparent=self._write(span, new.context.traceparent))
        return replace(job, context=traced)

    def on_append(self, event: E) -> E:
        """Makes the span of appending and gives the event its context."""
        new: NewEvent = event
        span = self._tracer.start_span(
            f"append {new.type}",
            context=None if get_current_span().get_span_context().is_valid else self._read(new.traceparent),
            kind=SpanKind.PRODUCER,
            attributes={
                "messaging.system": "headrace",
                "messaging.operation.type": "create",
                "messaging.destination.name": new.type,
                "messaging.message.id": str(new.id),
                "messaging.message.conversation_id": str(new.correlation_id),
            },
        )
        span.end()
        return replace(event, traceparent=self._write(span, new.traceparent))

    @contextmanager
    def spanning_handler(self, handler: Handler, events: Sequence[Any]) -> Generator[None]:
        """Makes the span of a call of a handler the current one for it; what it raises is recorded there."""
        contexts = [
            get_current_span(self._read(event.traceparent)).get_span_context() for event in events[:_MOST_LINKS]
        ]
        links = [Link(one) for one in contexts if one.is_valid]
        is_child = len(events) == 1 and handler.mode != "job"
        parent = self._read(events[0].traceparent) if is_child and links else None
        if len(events) > 1:
            parent = TraceContext()
        with (
            self._tracer.start_as_current_span(
                f"handle {handler.name}",
                context=parent,
                kind=SpanKind.CONSUMER,
                attributes={
                    "messaging.system": "headrace",
                    "messaging.operation.type": "process",
                    "messaging.batch.message_count": len(events),
                    "headrace.handler": handler.name,
                    "headrace.mode": handler.mode,
                },
                links=() if is_child else links,
            ) as span,
            bind(traceparent=self._write(span, None)),
        ):
            yield

    async def around_attempt(self, job: Any, call_next: Callable[[], Awaitable[Any]]) -> Any:
        """Makes the attempt's span the current one for the handler."""
        span = self._open.get((job.id, job.attempt))
        if span is None:
            return await call_next()
        traceparent = self._write(span, job.context.traceparent)
        # What the handler raises is noted with the record that says what follows from it.
        with use_span(span, record_exception=False, set_status_on_exception=False), bind(traceparent=traceparent):
            return await call_next()

    def __call__(self, record: Record) -> None:
        """Maps the records of an attempt to the beginning, the events and the end of its span."""
        match record.name:
            case "attempt.started":
                self._start(record)
            case "job.raised":
                self._raised(record)
            case "attempt.stopped":
                self._stop(record)
            case _:
                return

    def _start(self, record: Record) -> None:
        fields = record.fields
        before = self._before.get(fields["job"])
        attributes = _attributes(
            fields["job"], fields["kind"], fields["queue"], "process", correlation=fields["correlation"]
        )
        self._open[fields["job"], fields["attempt"]] = self._tracer.start_span(
            f"process {fields['kind']}",
            context=self._read(fields["traceparent"]),
            kind=SpanKind.CONSUMER,
            attributes={
                **attributes,
                "headrace.attempt": fields["attempt"],
                "headrace.max_attempts": fields["max_attempts"],
            },
            links=() if before is None else (Link(before),),
        )

    def _raised(self, record: Record) -> None:
        span = self._open.get((record.fields["job"], record.fields["attempt"]))
        if span is None or record.error is None or record.fields["outcome"] in _ANSWERS:
            return
        span.record_exception(record.error)
        span.set_status(Status(StatusCode.ERROR, str(record.error)))

    def _stop(self, record: Record) -> None:
        job_id, outcome = record.fields["job"], record.fields["outcome"]
        span = self._open.pop((job_id, record.fields["attempt"]), None)
        if span is None:
            return
        span.set_attribute("headrace.outcome", outcome)
        span.end()
        self._before.pop(job_id, None)
        if outcome not in _ENDINGS:
            self._before[job_id] = span.get_span_context()
            if len(self._before) > _MOST_REMEMBERED:
                self._before.popitem(last=False)

    def _read(self, traceparent: str | None) -> Any:
        return self._carrier.extract(
            {} if traceparent is None else {"traceparent": traceparent}, context=TraceContext()
        )

    def _write(self, span: Span, otherwise: str | None) -> str | None:
        carrier: dict[str, str] = {}
        self._carrier.inject(carrier, context=set_span_in_context(span))
        return carrier.get("traceparent", otherwise)


def _attributes(job_id: UUID, kind: str, queue: str, operation: str, *, correlation: UUID | None) -> dict[str, str]:
    return {
        "messaging.system": "headrace",
        "messaging.operation.type": operation,
        "messaging.destination.name": queue,
        "messaging.message.id": str(job_id),
        "messaging.message.conversation_id": str(correlation or job_id),
        "headrace.kind": kind,
    }
