"""Spans of jobs, read back from the SDK's in-memory exporter."""

from datetime import timedelta

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from fix_apps import AT_ONCE
from headrace import Cancel, Job, Snooze, bind, current
from headrace.telemetry.otel import Tracing
from headrace.testing import drain


class Traced:
    """An app whose spans are kept."""

    def __init__(self, app) -> None:
        self.app = app
        self._kept = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._kept))
        self.tracer = provider.get_tracer("tests")
        self.tracing = Tracing(tracer_provider=provider)
        self.tracing.install(app)

    def spans(self, name: str) -> list[ReadableSpan]:
        return [span for span in self._kept.get_finished_spans() if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        (span,) = self.spans(name)
        return span


@pytest.fixture
def traced(app) -> Traced:
    return Traced(app)


def is_child(span: ReadableSpan, parent: ReadableSpan) -> bool:
    return (
        span.parent is not None
        and (span.parent.trace_id, span.parent.span_id) == (parent.context.trace_id, parent.context.span_id)
        and span.context.trace_id == parent.context.trace_id
    )


def traceparent(span: ReadableSpan) -> str:
    return f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-{span.context.trace_flags:02x}"


async def stored_traceparent(bench, job) -> str | None:
    return await bench.value("SELECT traceparent FROM headrace.job WHERE id = $1", job.id)


async def test_request_enqueue_and_attempt_are_one_trace(bench, traced):
    @traced.app.job("receipt", queue="post")
    async def receipt(job: Job) -> None: ...

    with traced.tracer.start_as_current_span("request"):
        job = await traced.app.enqueue("receipt")
    async with bench.working():
        await bench.reaches(job, "completed")
    create, process = traced.one("create receipt"), traced.one("process receipt")
    assert is_child(create, traced.one("request"))
    assert is_child(process, create)
    assert (create.kind, process.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    assert await stored_traceparent(bench, job) == traceparent(create)
    assert dict(process.attributes) == {
        "messaging.system": "headrace",
        "messaging.operation.type": "process",
        "messaging.destination.name": "post",
        "messaging.message.id": str(job.id),
        "messaging.message.conversation_id": str(job.id),
        "headrace.kind": "receipt",
        "headrace.attempt": 1,
        "headrace.max_attempts": 3,
        "headrace.outcome": "completed",
    }
    assert process.status.status_code is StatusCode.UNSET


async def test_a_trace_begun_elsewhere_is_continued(bench, traced):
    traced.app.declare("receipt")
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with bind(traceparent=given):
        await traced.app.enqueue("receipt")
    create = traced.one("create receipt")
    assert f"{create.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert f"{create.parent.span_id:016x}" == "b7ad6b7169203331"


async def test_without_any_trace_a_job_begins_one(bench, traced):
    traced.app.declare("receipt")
    await traced.app.enqueue("receipt")
    assert traced.one("create receipt").parent is None


@pytest.mark.parametrize("is_async", [True, False])
async def test_what_a_handler_does_is_part_of_its_attempt(bench, traced, is_async):
    app = traced.app
    app.declare("child")

    def work() -> str | None:
        with traced.tracer.start_as_current_span("inner"):
            return current().traceparent

    if is_async:

        @app.job("parent")
        async def parent(job: Job) -> str | None:
            await job.enqueue("child")
            return work()
    else:

        @app.job("parent")
        def plain_parent() -> str | None:
            return work()

    job = await app.enqueue("parent")
    await drain(app)
    process = traced.one("process parent")
    assert is_child(traced.one("inner"), process)
    assert (await bench.show(job)).result == traceparent(process)
    assert [is_child(span, process) for span in traced.spans("create child")] == [True] * is_async
    assert not trace.get_current_span().get_span_context().is_valid


async def test_retries_are_siblings_that_link_to_the_attempt_before(traced):
    @traced.app.job("fetch", max_attempts=3, retry=AT_ONCE)
    async def fetch(job: Job) -> None:
        if job.attempt < 3:
            raise ConnectionError("no answer")

    await traced.app.enqueue("fetch")
    await drain(traced.app, raise_on_failure=False)
    create, attempts = traced.one("create fetch"), traced.spans("process fetch")
    assert [span.attributes["headrace.outcome"] for span in attempts] == ["retrying", "retrying", "completed"]
    assert all(is_child(span, create) for span in attempts)
    assert [[link.context.span_id for link in span.links] for span in attempts] == [
        [],
        [attempts[0].context.span_id],
        [attempts[1].context.span_id],
    ]
    assert [span.status.status_code for span in attempts] == [StatusCode.ERROR, StatusCode.ERROR, StatusCode.UNSET]
    (exception,) = attempts[0].events
    assert (exception.name, exception.attributes["exception.type"]) == ("exception", "ConnectionError")
    assert not traced.tracing._open
    assert not traced.tracing._before


@pytest.mark.parametrize(
    ("answer", "outcome"), [(Snooze(timedelta(hours=1)), "snoozed"), (Cancel("enough"), "cancelled")]
)
async def test_an_answer_is_no_error(traced, answer, outcome):
    @traced.app.job("answer")
    async def give() -> None:
        raise answer

    await traced.app.enqueue("answer")
    await drain(traced.app)
    span = traced.one("process answer")
    assert (span.attributes["headrace.outcome"], span.status.status_code, span.events) == (
        outcome,
        StatusCode.UNSET,
        (),
    )


async def test_without_an_sdk_jobs_run_as_ever(bench, app):
    Tracing(tracer_provider=trace.NoOpTracerProvider()).install(app)
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @app.job("receipt")
    async def receipt() -> str | None:
        return current().traceparent

    with bind(traceparent=given):
        job = await app.enqueue("receipt")
    await drain(app)
    assert (await bench.show(job)).result == given
