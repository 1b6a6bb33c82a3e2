"""`/metrics` and `/health` over ASGI, and beside a worker."""

import re
import signal
from datetime import timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.routing import Mount

from fix_apps import AT_ONCE, eventually
from fix_console import bearer, client_of, token_for
from fix_events import NoteTaken
from headrace import ConfigurationError, Discard, Headrace, Job
from headrace.console import Access, create_console, service_routes
from headrace.console.metrics import Metrics, exporting, health_routes
from headrace.telemetry.measures import MEASURES


def read(text: str) -> dict[tuple, float]:
    """Every sample of a page by its name and labels, buckets left out."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }


@pytest.fixture
def shop(bench) -> Headrace:
    app = bench.app
    app.register(NoteTaken)

    @app.job("greet", queue="mail")
    async def greet(job: Job) -> None: ...

    @app.job("inside", queue="mail")
    async def inside(job: Job) -> None:
        async with job.transaction() as tx:
            await tx.append(NoteTaken("inside"))

    @app.job("refused", queue="mail")
    async def refused(job: Job) -> None:
        raise Discard("no")

    @app.job("worn", queue="mail", max_attempts=2, retry=AT_ONCE)
    async def worn(job: Job) -> None:
        raise ValueError

    @app.on(NoteTaken, name="notes", mode="ordered")
    async def notes(events, tx) -> None: ...

    @app.on(NoteTaken, name="broken", mode="sync", on_error="log")
    async def broken(event, tx) -> None:
        raise ValueError

    @app.on(NoteTaken, name="jobs", mode="job")
    async def jobs(event, job) -> None: ...

    return app


async def test_jobs_and_events_are_counted_when_they_are_committed(bench, shop):
    metrics = Metrics(shop, fresh=timedelta(0))

    async def page() -> dict[tuple, float]:
        return read((await metrics.text())[0].decode())

    with pytest.raises(ValueError, match="undone"):
        async with shop.transaction() as tx:
            await tx.enqueue("greet")
            await tx.append(NoteTaken("undone"))
            raise ValueError("undone")
    async with shop.transaction() as tx:
        await tx.enqueue("greet")
        await tx.append(NoteTaken("done"))
    await shop.enqueue("greet")
    before = await page()
    assert before["headrace_jobs_enqueued_total", "greet", "mail"] == 2
    assert before["headrace_events_emitted_total", "note.taken"] == 1
    assert before["headrace_queue_depth", "mail", "due"] == 2
    assert before["headrace_database_up",] == 1
    assert ("headrace_jobs_completed_total", "greet", "mail") not in before
    ended = [await shop.enqueue(kind) for kind in ("inside", "refused", "worn")]
    async with bench.working():
        for job, state in zip(ended, ("completed", "failed", "dead"), strict=True):
            await bench.reaches(job, state)

        async def is_handled() -> bool:
            return (await page()).get(("headrace_event_processing_seconds_count", "jobs", "job")) == 2

        await eventually(is_handled)
        working = await page()
    assert working["headrace_workers",] == 1
    after = await page()
    assert after["headrace_jobs_completed_total", "greet", "mail"] == 2
    assert after["headrace_jobs_completed_total", "inside", "mail"] == 1
    assert after["headrace_jobs_failed_total", "refused", "mail", "failed"] == 1
    assert after["headrace_jobs_failed_total", "worn", "mail", "dead"] == 1
    assert after["headrace_jobs_retried_total", "worn", "mail"] == 1
    assert after["headrace_job_duration_seconds_count", "worn", "mail"] == 2
    assert after["headrace_job_wait_seconds_count", "mail"] == 6
    assert after["headrace_events_emitted_total", "note.taken"] == 2
    assert after["headrace_event_handler_errors_total", "broken", "sync"] == 2
    assert after["headrace_event_processing_seconds_count", "notes", "ordered"] >= 1
    assert after["headrace_subscription_lag_events", "notes"] == 0
    assert after["headrace_parked_streams", "notes"] == 0
    assert after["headrace_safe_head_lag_events",] == 0
    assert after["headrace_jobs_claimed_total",] >= 6
    assert after["headrace_claim_seconds_count",] >= 1
    assert after["headrace_wakeups_total", "sent"] >= 1
    assert after["headrace_queue_depth", "mail", "due"] == 0
    assert after["headrace_pool_connections", "used"] == 0
    text = (await metrics.text())[0].decode()
    assert set(re.findall(r"# TYPE (\S+)", text)) == {one.name for one in MEASURES}
    assert "_created" not in text


async def test_metrics_are_for_those_who_may_look_and_health_for_anybody(shop):
    access = Access(shop)
    site = Starlette(routes=service_routes(shop, authenticate=access.authenticate))
    viewer, elsewhere = await token_for(shop, "viewer"), await token_for(shop, scopes=["jobs"])
    async with client_of(site) as client:
        assert (await client.get("/metrics")).status_code == 401
        assert (await client.get("/metrics", headers=bearer(elsewhere))).status_code == 403
        page = await client.get("/metrics", headers=bearer(viewer))
        assert page.headers["content-type"].startswith("text/plain; version=")
        assert (await client.get("/api/me", headers=bearer(viewer))).json()["role"] == "viewer"
        wanted = {"accept": "application/openmetrics-text; version=1.0.0", **bearer(viewer)}
        opened = await client.get("/metrics", headers=wanted)
        assert opened.headers["content-type"].startswith("application/openmetrics-text")
        assert opened.text.endswith("# EOF\n")
        assert (await client.get("/health/live")).json() == {"status": "live"}
        for path in ("/health", "/health/ready"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (200, {"status": "ready", "reasons": {}})


async def test_what_keeps_it_from_working_is_told_with_reasons(bench, shop):
    async def is_tired() -> str | None:
        return "it is tired"

    async def answer(**options) -> tuple[int, dict]:
        async with client_of(Starlette(routes=health_routes(shop, **options))) as client:
            found = await client.get("/health")
        return found.status_code, found.json()["reasons"]

    assert await answer(checks=[("worker", is_tired)]) == (503, {"worker": "it is tired"})
    await bench.value("DELETE FROM headrace.migration WHERE number = (SELECT max(number) FROM headrace.migration)")
    status, reasons = await answer()
    assert (status, list(reasons)) == (503, ["database"])
    metrics = Metrics(shop)
    await shop.close()
    try:
        assert await answer() == (503, {"database": "the app is not open"})
        found = read((await metrics.text())[0].decode())
        assert found["headrace_database_up",] == 0
        assert not [name for name in found if name[0] == "headrace_workers"]
    finally:
        await shop.open(migrating=None)


async def test_a_worker_serves_its_own_beside_itself(bench, shop):
    async with bench.working(), exporting(shop, port=0) as port, httpx.AsyncClient() as client:
        job = await shop.enqueue("greet")
        await bench.reaches(job, "completed")

        async def is_counted() -> bool:
            page = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
            assert ("headrace_workers",) not in read(page)
            return read(page).get(("headrace_jobs_completed_total", "greet", "mail")) == 1

        await eventually(is_counted)
        assert (await client.get(f"http://127.0.0.1:{port}/health")).status_code == 200
        with pytest.raises(ConfigurationError, match="choose another port"):
            async with exporting(shop, port=port):
                pass


async def test_the_console_serves_them_and_the_api_beside_its_pages(shop):
    async def nobody(_request) -> None: ...

    token = await token_for(shop, "viewer")
    site = Starlette(routes=[Mount("/ops", create_console(shop, authenticate=nobody))])
    async with client_of(site) as client:
        assert (await client.get("/ops/health")).json()["status"] == "ready"
        for path in ("/ops/metrics", "/ops/api/me"):
            assert (await client.get(path)).status_code == 401
            assert (await client.get(path, headers=bearer(token))).status_code == 200
        assert (await client.get("/ops/jobs", headers=bearer(token))).status_code == 401  # the host's word on pages


async def test_health_is_told_where_the_console_cannot_open_its_app():
    app = Headrace("postgresql://127.0.0.1:1/gone", name="tests", say=lambda _: None)
    async with client_of(create_console(app)) as client:
        answer = await client.get("/health")
        assert (answer.status_code, answer.json()["reasons"]) == (503, {"database": "the app is not open"})
        assert (await client.get("/api/me", headers=bearer("hr_x"))).status_code == 503


async def test_the_worker_command_serves_them_at_a_port_and_ends_with_its_worker(database, start_worker):
    worker = start_worker(database, "--metrics-port", "0")
    found = await eventually(lambda: re.search(r"served at (http://127\.0\.0\.1:\d+)", worker.told()))
    async with httpx.AsyncClient(base_url=found[1]) as client:

        async def is_ready() -> bool:
            return (await client.get("/health")).status_code == 200

        await eventually(is_ready)
        assert read((await client.get("/metrics")).text)["headrace_leases_lost_total",] == 0
        worker.send(signal.SIGTERM)
        assert await worker.ends() == 0, worker.told()
