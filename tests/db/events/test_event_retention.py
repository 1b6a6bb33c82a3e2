"""Retention of events: partitions whose time is over are exported and dropped, and nothing that is needed goes."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from fix_apps import Records, eventually, opened_bench
from fix_archive import DAY, OrderPlaced, PageViewed, append_all, keeping, lines_of, moved_back, rows_of
from fix_tampering import tamper
from headrace import ArchiveError, Cleaned, ConfigurationError, EventRetention, Headrace, WorkerOptions, event
from headrace.cleanup import CLEANUP, EventCleaner, due_events, needed_by_jobs
from headrace.events.archive_file import manifest_file, read_manifest
from headrace.events.retire import EventStep, retain_events
from headrace.telemetry import Telemetry
from headrace.testing import drain


@pytest.fixture
async def app(database, tmp_path):
    async with opened_bench(database, event_retention=keeping(tmp_path / "archive")) as bench:
        bench.app.register(PageViewed, OrderPlaced)
        yield bench.app


async def retain(app: Headrace, retention: EventRetention | None = None) -> list[EventStep]:
    return await retain_events(
        app.pool, retention or app.event_retention, needed=needed_by_jobs, telemetry=app.telemetry
    )


async def deliver(app: Headrace) -> None:
    """Lets subscriptions handle what is there, without running jobs."""
    async with app.stepper() as stepper:
        await stepper.deliver()


async def names(connection) -> set[str]:
    return {row[0] for row in await connection.fetch("SELECT name FROM headrace.event_partitions()")}


async def test_events_go_to_the_class_of_their_type_in_one_order_of_positions(app, connection):
    await append_all(app, OrderPlaced(1), PageViewed("a"), OrderPlaced(2), PageViewed("b"))
    rows = await connection.fetch("SELECT position, retention FROM headrace.event ORDER BY position")
    assert [tuple(row) for row in rows] == [(1, "domain"), (2, "operational"), (3, "domain"), (4, "operational")]


async def test_a_partition_whose_time_is_over_is_in_the_archive_and_no_longer_in_the_log(app, connection, tmp_path):
    await append_all(app, *(PageViewed(str(number)) for number in range(2500)), OrderPlaced(1))
    name = await moved_back(connection, 9)
    before = await rows_of(connection)
    (step,) = await retain(app)

    assert (step.partition, step.fate, step.event_count, step.file) == (name, "export", 2500, f"{name}.jsonl.gz")
    assert lines_of(tmp_path / "archive", name) == before
    assert await rows_of(connection) == []
    assert len(await rows_of(connection, "domain")) == 1
    assert name not in await names(connection)
    manifest = read_manifest(manifest_file(tmp_path / "archive", name))
    assert (manifest.event_count, manifest.first_position, manifest.last_position) == (2500, 1, 2500)
    assert manifest.types == {"page.viewed": 2500}
    known = await connection.fetchrow("SELECT * FROM headrace.event_archive")
    assert (known["file"], known["sha256"], known["event_count"]) == (manifest.file, manifest.sha256, 2500)
    assert await retain(app) == []


async def test_a_partition_of_which_the_youngest_event_is_still_kept_stays(app, connection):
    await append_all(app, PageViewed("a"))
    await moved_back(connection, 7)
    assert await retain(app) == []
    assert len(await rows_of(connection)) == 1


async def test_what_a_subscription_has_yet_to_handle_stays_until_it_has(app, connection):
    seen = []

    @app.on(PageViewed, mode="ordered")
    async def views(events, tx) -> None:
        seen.extend(events)

    await append_all(app, PageViewed("a"))
    await deliver(app)
    await append_all(app, PageViewed("b"))
    await moved_back(connection, 9)
    (held,) = await retain(app)
    assert (held.fate, held.reason) == ("hold", "subscription 'views' has yet to handle events of it")
    await deliver(app)
    assert [one.data.page for one in seen] == ["a", "b"]
    assert [step.fate for step in await retain(app)] == ["export"]


async def test_a_subscription_to_other_types_holds_nothing_back(app, connection):
    @app.on(OrderPlaced, mode="ordered")
    async def orders(events, tx) -> None: ...

    await append_all(app, OrderPlaced(1))
    await deliver(app)
    await append_all(app, PageViewed("a"), OrderPlaced(2))
    await moved_back(connection, 9)
    assert [step.fate for step in await retain(app)] == ["export"]


async def test_a_parked_event_is_needed(app, connection):
    @app.on(PageViewed, mode="ordered", attempts=1)
    async def views(events, tx) -> None:
        raise ValueError("not today")

    await append_all(app, PageViewed("a"))
    await deliver(app)
    assert await connection.fetchval("SELECT count(*) FROM headrace.parked_event") == 1
    await moved_back(connection, 9)
    assert [step.fate for step in await retain(app)] == ["hold"]


async def test_an_event_that_a_job_is_to_handle_is_needed(app, connection):
    @app.on(PageViewed)
    async def later(event, job) -> None: ...

    await append_all(app, PageViewed("a"))
    await deliver(app)
    await moved_back(connection, 9)
    (held,) = await retain(app)
    assert held.fate == "hold"
    assert held.reason is not None
    assert held.reason.startswith("job ")
    await drain(app)
    assert [step.fate for step in await retain(app)] == ["export"]


async def test_what_a_replay_has_yet_to_reach_is_needed(app, connection):
    await append_all(app, PageViewed("a"))
    await moved_back(connection, 9)
    await connection.execute(
        "INSERT INTO headrace.replay (id, handler, filter, has_effects, batch_size, after, until, position, cursor,"
        " actor, begun_at) VALUES (gen_random_uuid(), 'views', '{}', false, 100, 0, 5, 0, 0, 'ada', now())"
    )
    (held,) = await retain(app)
    assert (held.fate, str(held.reason).startswith("replay ")) == ("hold", True)
    await connection.execute("UPDATE headrace.replay SET ended_at = now()")
    assert [step.fate for step in await retain(app)] == ["export"]


async def test_without_an_archive_events_stay_unless_their_class_may_go_so(app, connection):
    await append_all(app, PageViewed("a"))
    name = await moved_back(connection, 9)
    (held,) = await retain(app, keeping())
    assert (held.fate, "no archive is configured" in (held.reason or "")) == ("hold", True)
    (gone,) = await retain(app, keeping(unarchived=("operational",)))
    assert (gone.fate, gone.file) == ("drop", None)
    known = await connection.fetchrow("SELECT * FROM headrace.event_archive")
    assert (known["partition"], known["file"], known["event_count"]) == (name, None, 1)


async def test_a_full_partition_of_positions_goes_by_its_newest_event(app, connection):
    for name in ("event_1", "event_10000001"):
        await connection.execute(f"DROP TABLE headrace.{name}")
    await connection.execute("SELECT headrace.ensure_event_partition(3, 3)")
    await append_all(app, *(OrderPlaced(number) for number in range(8)))
    await deliver(app)
    kept = EventRetention(domain=30 * DAY, archive=app.event_retention.folder)
    assert await retain(app, kept) == []
    await tamper(
        connection, "UPDATE headrace.event SET recorded_at = recorded_at - interval '31 days' WHERE position <= 5"
    )
    (step,) = await retain(app, kept)
    assert (step.partition, step.event_count) == ("event_1", 3)
    assert [row["position"] for row in await rows_of(connection, "domain")] == [4, 5, 6, 7, 8]


async def test_events_that_were_not_committed_at_the_export_are_not_lost(app, connection, database):
    """A transaction older than the partition's time may still write to it; then it stays, and is exported anew."""
    await append_all(app, PageViewed("a"))
    name = await moved_back(connection, 9)
    late = await asyncpg.connect(database)
    async with late.transaction():
        await late.execute(
            f"INSERT INTO headrace.{name} OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(NULL::headrace.event,"
            " to_jsonb(event) || jsonb_build_object('position', 2, 'id', gen_random_uuid()))).* FROM headrace.event"
        )
        (step,) = await retain(app)
        assert step.is_postponed
    await late.close()
    (step,) = await retain(app)
    assert (step.event_count, step.is_postponed) == (2, False)
    assert [line["position"] for line in lines_of(app.event_retention.folder, name)] == [1, 2]


async def test_a_partition_somebody_holds_is_postponed_and_nobody_waits_behind(app, connection, database):
    await append_all(app, PageViewed("a"))
    name = await moved_back(connection, 9)
    reader = await asyncpg.connect(database)
    async with reader.transaction():
        await reader.fetch(f"SELECT FROM headrace.{name}")
        assert [step.is_postponed for step in await retain(app)] == [True]
        await asyncio.wait_for(append_all(app, PageViewed("b")), 5)
    await reader.close()
    assert [step.is_postponed for step in await retain(app)] == [False]


async def test_a_damaged_export_is_made_anew_before_the_drop(app, connection, database):
    await append_all(app, PageViewed("a"), PageViewed("b"))
    name = await moved_back(connection, 9)
    before = await rows_of(connection)
    folder = app.event_retention.folder
    reader = await asyncpg.connect(database)
    async with reader.transaction():
        await reader.fetch(f"SELECT FROM headrace.{name}")
        await retain(app)
    await reader.close()
    (folder / f"{name}.jsonl.gz").write_bytes(b"torn")
    await retain(app)
    assert lines_of(folder, name) == before
    assert await rows_of(connection) == []


async def test_the_archive_of_another_database_is_not_overwritten(app, connection):
    await append_all(app, OrderPlaced(0), PageViewed("a"))
    name = await moved_back(connection, 9)
    await retain(app)
    await connection.execute("TRUNCATE headrace.event_archive")
    await append_all(app, PageViewed("b"))
    assert await moved_back(connection, 9) == name
    with pytest.raises(ArchiveError, match="another database's; give each its own"):
        await retain(app)
    assert len(await rows_of(connection)) == 1


async def test_an_id_given_is_still_known_when_its_event_has_gone(app, connection):
    chosen = await app.append(PageViewed("a"))
    await connection.execute("INSERT INTO headrace.given_id (id, position) VALUES ($1, 1)", chosen)
    await moved_back(connection, 9)
    await retain(app)
    assert await app.append(PageViewed("a"), event_id=chosen) == chosen
    again = await connection.fetchval(
        """SELECT headrace.append('page.viewed', '{"page": "a"}', id => $1, require_known => false)""", chosen
    )
    assert again == 1
    assert await rows_of(connection) == []


async def test_the_job_cleanup_old_events_does_it_and_is_enqueued_once_when_something_is_due(app, connection):
    cleaner = EventCleaner(app.pool, app.event_retention, enqueue=app.enqueue, clock=app.clock, telemetry=Telemetry())
    await cleaner.run_once()
    assert await connection.fetchval("SELECT count(*) FROM headrace.job") == 0
    await append_all(app, PageViewed("a"))
    name = await moved_back(connection, 9)
    await cleaner.run_once()
    await cleaner.run_once()
    (job,) = await connection.fetch("SELECT id, kind FROM headrace.job")
    assert job["kind"] == CLEANUP == "cleanup-old-events"
    await drain(app)
    result = await app.handle(job["id"]).result()
    assert result == Cleaned(1, 1, {}, [])
    assert name not in await names(connection)


async def test_a_worker_cleans_up_by_itself(app, connection):
    await append_all(app, PageViewed("a"))
    name = await moved_back(connection, 9)
    async with app.process(WorkerOptions(poll=timedelta(milliseconds=100))):

        async def is_gone() -> bool:
            return name not in await names(connection)

        await eventually(is_gone, 15)


async def test_what_is_held_is_told_and_enqueues_nothing(database, connection):
    async with opened_bench(database, event_retention=keeping()) as bench:
        bench.app.register(PageViewed)
        await append_all(bench.app, PageViewed("a"))
        name = await moved_back(connection, 9)
        async with bench.app.pool.acquire() as session:
            due = await due_events(session, bench.app.event_retention, clock=bench.app.clock)
        assert [(step.partition, step.fate) for step in due] == [(name, "hold")]
        await retain(bench.app)
        assert isinstance(bench.records, Records)
        assert [record.fields["partition"] for record in bench.records.named("events.held")] == [name]


async def test_a_class_of_ones_own_is_made_when_the_app_opens(database, connection):
    @event("account.read", retention="audit")
    class AccountRead(PageViewed, frozen=True): ...

    async with opened_bench(
        database, migrating=True, event_retention=EventRetention(more={"audit": 100 * DAY})
    ) as bench:
        bench.app.register(AccountRead)
        await append_all(bench.app, AccountRead("a"))
        assert len(await rows_of(connection, "audit")) == 1
        span = await connection.fetchval("SELECT span FROM headrace.event_class WHERE name = 'audit'")
        assert span == 10 * DAY


async def test_a_type_of_a_class_that_is_not_there_is_refused(app):
    @event("account.read", retention="audit")
    class AccountRead(PageViewed, frozen=True): ...

    @event("job.noticed")
    class JobNoticed(PageViewed, frozen=True): ...

    with pytest.raises(ConfigurationError, match="not one of this app's"):
        app.register(AccountRead)
    with pytest.raises(ConfigurationError, match="records of jobs"):
        app.register(JobNoticed)
