"""Where a request came from is kept beside the log: once, for a short time, and never in it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from fix_apps import Bench, opened_bench
from fix_events import NoteTaken
from fix_personal import met, person
from headrace import ConfigurationError, EventRetention, PastEvent, Sender, bind, current, uuid7
from headrace.cleanup import EventCleaner
from headrace.context import Context
from headrace.events.senders import find_sender, forget_senders
from headrace.web import RequestContext

ADA = Sender("198.51.100.7", "Mozilla/5.0")


async def senders(bench: Bench) -> dict[UUID, tuple[str | None, str | None]]:
    """What is kept, by correlation."""
    async with bench.app.pool.acquire() as connection:
        rows = await connection.fetch("SELECT correlation_id, ip_address, user_agent FROM headrace.sender")
    return {row[0]: (row[1], row[2]) for row in rows}


@pytest.fixture
def noted(bench: Bench) -> Bench:
    bench.app.register(NoteTaken)
    return bench


async def test_all_events_of_a_request_share_one_row_and_the_log_has_none_of_it(noted: Bench):
    app, first, second = noted.app, uuid7(), uuid7()
    with bind(correlation_id=first, sender=ADA):
        await app.append(NoteTaken("alone"))
        async with app.transaction() as tx:
            await tx.append(NoteTaken("a"))
            await tx.append(NoteTaken("b"), event_id=uuid7())
            with bind(correlation_id=second, sender=Sender(None, "curl\0" + "x" * 1000)):
                await tx.append(NoteTaken("c"))
        await app.append(NoteTaken("again"))
        with bind(sender=Sender("203.0.113.9")):
            await app.append(NoteTaken("the first stays"))
        async with app.pool.acquire() as connection, connection.transaction():
            await app.append(NoteTaken("on a connection of one's own"), connection=connection)
    assert await senders(noted) == {first: ("198.51.100.7", "Mozilla/5.0"), second: (None, ("curl" + "x" * 1000)[:500])}
    assert await noted.value("SELECT count(*) FROM headrace.event") == 7
    assert not await noted.value("SELECT count(*) FROM headrace.event WHERE event::text ~ '198.51|203.0|Mozilla'")


async def test_nothing_is_kept_of_a_request_whose_transaction_did_not_commit_nor_where_nobody_says(noted: Bench):
    app = noted.app
    with pytest.raises(ZeroDivisionError), bind(sender=ADA):
        async with app.transaction() as tx:
            await tx.append(NoteTaken("never"))
            await tx.flush()
            assert await tx.fetchval("SELECT count(*) FROM headrace.sender") == 1
            raise ZeroDivisionError
    statements: list[str] = []
    async with app.transaction() as tx:
        tx.connection.add_query_logger(lambda query: statements.append(query.query))
        await tx.append(NoteTaken("a"))
        await tx.append(NoteTaken("b"))
    assert [one for one in statements if "INSERT" in one]
    assert not [one for one in statements if "sender" in one]
    await app.import_events([PastEvent(data=NoteTaken("old"), context=Context(sender=ADA))])
    assert await senders(noted) == {}


async def test_a_job_and_a_handler_follow_the_correlation_and_do_not_tell_it_as_their_own(noted: Bench):
    app, seen = noted.app, []

    @app.job("follow")
    async def follow() -> None:
        seen.append(current().sender)
        await app.append(NoteTaken("from the job"))

    async with noted.working():
        with bind(correlation_id=(request := uuid7()), sender=ADA):
            async with app.transaction() as tx:
                job = await tx.enqueue("follow")
                await tx.append(NoteTaken("a"))
        await noted.reaches(job, "completed")
    assert seen == [None]
    assert list(await senders(noted)) == [request]
    async with app.pool.acquire() as connection:
        assert await find_sender(connection, request) == ADA
        assert await find_sender(connection, uuid7()) is None


async def test_they_are_forgotten_when_their_time_is_over(noted: Bench, database: str, monkeypatch):
    app = noted.app
    for _ in range(5):
        with bind(sender=ADA):
            await app.append(NoteTaken("a"))
    monkeypatch.setattr("headrace.events.senders._BATCH", 2)
    async with app.pool.acquire() as connection:
        await connection.execute(
            "UPDATE headrace.sender SET seen_at = seen_at - interval '20 days'"
            " WHERE correlation_id <> (SELECT max(correlation_id::text)::uuid FROM headrace.sender)"
        )
        assert await forget_senders(connection, timedelta(days=21)) == 0
        now: datetime = await connection.fetchval("SELECT clock_timestamp() + interval '5 days'")
        assert await forget_senders(connection, timedelta(days=26), now=now) == 0
    async with opened_bench(database, event_retention=EventRetention(senders=timedelta(days=19))) as other:
        cleaner = EventCleaner(
            other.app.pool,
            other.app.event_retention,
            enqueue=other.app.enqueue,
            clock=other.app.clock,
            telemetry=other.app.telemetry,
        )
        await cleaner.run_once()
    assert len(await senders(noted)) == 1
    with pytest.raises(ConfigurationError, match="senders must be positive"):
        EventRetention(senders=timedelta(0))


async def test_they_go_with_a_subject_that_the_events_of_the_request_are_about(private: Bench):
    app, about, other = private.app, uuid7(), uuid7()
    for correlation, number in ((about, 7), (other, 8)):
        with bind(correlation_id=correlation, sender=ADA):
            await app.append(met(number), stream=person(number))
    proof = await app.subjects.erase("7", by="ada")
    assert proof.event_counts == {"person.met": 1}
    assert list(await senders(private)) == [other]


async def test_the_middleware_tells_every_request_apart_and_where_it_came_from(noted: Bench):
    app, bound = noted.app, []

    async def site(scope: Any, _receive: Any, _send: Any) -> None:
        bound.append(current())
        if scope["type"] == "http":
            await app.append(NoteTaken("a"))

    served = RequestContext(site, trusted_proxies=["10.0.0.0/8"])
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = [
        (b"X-Forwarded-For", b"6.6.6.6"),
        (b"x-forwarded-for", b"198.51.100.7"),
        (b"traceparent", trace.encode()),
    ]
    with bind(actor="ada"):
        for kind, peer, more in (
            ("http", ("10.0.0.1", 1), [*headers, (b"user-agent", b"Mozilla/5.0")]),
            ("websocket", ("203.0.113.9", 1), [(b"traceparent", b"x")]),
            ("http", None, []),
        ):
            await served({"type": kind, "client": peer, "headers": more}, None, None)
        await served({"type": "lifespan"}, None, None)
    assert [one.sender for one in bound] == [ADA, Sender("203.0.113.9", None), None, None]
    assert [one.traceparent for one in bound] == [trace, None, None, None]
    assert {one.actor for one in bound} == {"ada"}
    first = bound[0]
    assert first.request_id == first.correlation_id != bound[1].correlation_id
    assert await senders(noted) == {first.correlation_id: ("198.51.100.7", "Mozilla/5.0")}
    assert bound[-1].request_id is None
