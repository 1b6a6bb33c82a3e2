"""One trace from an HTTP request through event and handler to a job and its child; meters by the metrics' names."""

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from fix_apps import eventually
from fix_console import bearer, client_of, token_for
from fix_events import ContactCreated, NoteTaken
from headrace import Job
from headrace.console import Access, create_api
from headrace.doctor.state import read_state
from headrace.telemetry.otel import Tracing
from headrace.telemetry.otel_meters import Meters


class Kept:
    """The spans that have ended, by name."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = self.provider.get_tracer("tests")

    def all(self, name: str) -> list[ReadableSpan]:
        return [span for span in self._exporter.get_finished_spans() if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        (span,) = self.all(name)
        return span

    def path(self, name: str) -> list[str]:
        """The names from a span up to the one its trace begins with."""
        spans = {span.context.span_id: span for span in self._exporter.get_finished_spans()}
        span, names = self.one(name), [name]
        while span.parent is not None:
            parent = spans.get(span.parent.span_id)
            if parent is None:
                names.append("elsewhere")
                break
            assert parent.context.trace_id == span.context.trace_id
            span = parent
            names.append(span.name)
        return names


async def test_a_request_its_event_the_handlers_and_their_jobs_are_one_trace(bench):
    app, kept = bench.app, Kept()
    app.register(NoteTaken, ContactCreated)
    Tracing(tracer_provider=kept.provider).install(app)

    @app.on(NoteTaken, name="welcome", mode="job")
    async def welcome(event, job: Job) -> None:
        await app.enqueue("greet")

    @app.on(NoteTaken, name="filing", mode="ordered")
    async def filing(events, tx) -> None:
        await tx.append(ContactCreated("Ada"))

    @app.job("greet")
    async def greet(job: Job) -> None:
        await app.enqueue("child", parent=job)

    @app.job("child")
    async def child(job: Job) -> None: ...

    note = {"type": "note.taken", "data": {"text": "hello"}}
    async with bench.working(), client_of(create_api(app, authenticate=Access(app).authenticate)) as client:
        client.headers.update(bearer(await token_for(app)))
        with kept.tracer.start_as_current_span("POST /events"):
            assert (await client.post("/events", json=note)).status_code == 201
        await eventually(lambda: kept.all("process child"))
        await eventually(lambda: kept.all("append contact.created"))
    assert kept.path("process child") == [
        "process child",
        "create child",
        "process greet",
        "create greet",
        "handle welcome",
        "process process-event",
        "create process-event",
        "append note.taken",
        "POST /events",
    ]
    assert kept.path("append contact.created") == [
        "append contact.created",
        "handle filing",
        "append note.taken",
        "POST /events",
    ]
    assert dict(kept.one("handle filing").attributes)["headrace.mode"] == "ordered"
    assert kept.one("handle welcome").links[0].context.span_id == kept.one("append note.taken").context.span_id


async def test_a_trace_that_a_client_began_goes_on_where_the_server_makes_no_spans(bench):
    app, kept = bench.app, Kept()
    app.register(NoteTaken)
    Tracing(tracer_provider=kept.provider).install(app)
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with client_of(create_api(app, authenticate=Access(app).authenticate)) as client:
        client.headers.update({**bearer(await token_for(app)), "traceparent": traceparent})
        note = {"type": "note.taken", "data": {"text": "hello"}}
        assert (await client.post("/events", json=note)).status_code == 201
    assert kept.path("append note.taken") == ["append note.taken", "elsewhere"]
    assert f"{kept.one('append note.taken').context.trace_id:032x}" in traceparent


async def test_a_handler_of_a_batch_begins_a_trace_that_links_to_its_events_and_notes_what_it_raises(bench):
    app, kept = bench.app, Kept()
    app.register(NoteTaken)
    Tracing(tracer_provider=kept.provider).install(app)
    fails = [True]

    @app.on(NoteTaken, name="filing", mode="ordered")
    async def filing(events, tx) -> None:
        if fails and len(events) == 2:
            fails.clear()
            raise ValueError("both")

    async with app.transaction() as tx:
        await tx.append(NoteTaken("a"))
        await tx.append(NoteTaken("b"))
    async with bench.working():
        await eventually(lambda: len(kept.all("handle filing")) == 3)
    failed, *rest = kept.all("handle filing")
    assert failed.parent is None
    assert [link.context.span_id for link in failed.links] == [
        span.context.span_id for span in kept.all("append note.taken")
    ]
    assert failed.events[0].attributes["exception.message"] == "both"
    assert all(span.parent is not None for span in rest)


async def test_meters_have_the_names_and_labels_of_the_metrics(bench):
    app, reader = bench.app, InMemoryMetricReader()
    meters = Meters(meter_provider=MeterProvider([reader]))
    meters.install(app)

    @app.job("greet", queue="mail")
    async def greet(job: Job) -> None: ...

    job = await app.enqueue("greet")
    async with bench.working():
        await bench.reaches(job, "completed")
    async with app.pool.acquire() as connection:
        meters.record(await read_state(connection))
    found = {
        metric.name: [(dict(point.attributes), point) for point in metric.data.data_points]
        for resource in reader.get_metrics_data().resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    labels, completed = found["headrace_jobs_completed_total"][0]
    assert (labels, completed.value) == ({"kind": "greet", "queue": "mail"}, 1)
    assert found["headrace_job_duration_seconds"][0][1].count == 1
    assert {
        (each["state"], point.value) for each, point in found["headrace_queue_depth"] if each["queue"] == "mail"
    } == {
        ("due", 0),
        ("later", 0),
        ("running", 0),
    }
