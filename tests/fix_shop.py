"""A shop with something of everything in its database, and its console: what tests of the console share.

Every text that a stranger can put anywhere has markup in it, which no page may take for its own.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from fix_apps import eventually
from headrace import Headrace, Job, Limit, StoredEvent, Stream, Telemetry, Transaction, WorkerOptions, bind, event
from headrace.console import Console, Principal, Section, create_console
from headrace.db.template import clone_database, drop_database
from headrace.testing.plugin import TestRun

XSS = '<script>window.stolen=1</script><img src=x onerror="window.stolen=1">\'"'


@event("order.placed")
class OrderPlaced(msgspec.Struct, frozen=True):
    item: str
    price: int = 1


@event("order.cancelled")
class OrderCancelled(msgspec.Struct, frozen=True):
    why: str


class OrderTotal(msgspec.Struct, frozen=True):
    """What the shop's read model keeps of an order."""

    price: int = 0
    item: str = ""


class OrderHalfBakedError(Exception):
    """What the oven of the tests' shop raises."""


@dataclass
class Shop:
    """An open app, and one job of each state by its state; `failed` is one that waits for its next attempt."""

    app: Headrace
    jobs: dict[str, UUID]
    correlation: UUID | None = None


def make_shop(dsn: str) -> Headrace:  # noqa: C901 - the shop's handlers, one after the other
    """The shop, closed: jobs that end in every way, handlers of events that fail, a limit, a schedule."""
    app = Headrace(dsn, name="shop", telemetry=Telemetry(), say=lambda _: None)
    app.register(OrderPlaced, OrderCancelled)

    @app.job("send-receipt", queue="mail")
    async def send_receipt(args: dict, job: Job) -> dict:
        job.log.info("sending to %s", args.get("to", "nobody"))
        job.progress(1, total=2, message=f"half way {XSS}")
        return {"sent": True, "to": args.get("to")}

    @app.job("bake", max_attempts=1, limit=Limit("oven", key="{oven}", concurrency=2))
    async def bake(args: dict) -> None:
        raise OrderHalfBakedError(f"the oven is cold {XSS}")

    @app.job("deliver", max_attempts=5)
    async def deliver(args: dict, job: Job) -> None:
        if args.get("late"):
            raise OrderHalfBakedError(f"the street is closed {XSS}")
        await asyncio.Event().wait()

    @app.job("plan-day")
    async def plan_day(args: dict, job: Job) -> None:
        async with job.transaction() as tx:
            for number in range(3):
                await tx.enqueue("send-receipt", {"to": f"child {number} {XSS}"}, parent=job)
                await tx.append(OrderPlaced(f"cake {number}", number + 1), stream=Stream("order", f"day-{number}"))

    @app.on(OrderPlaced, mode="ordered", name="count-orders", lanes=2)
    async def count_orders(events: Sequence, tx: Transaction) -> None:
        del events, tx

    @app.on(OrderCancelled, mode="ordered", name="refund", attempts=1)
    async def refund(events: Sequence, tx: Transaction) -> None:
        raise OrderHalfBakedError(f"no money {XSS}")

    @app.on(OrderPlaced, name="thank")
    async def thank(placed: object, job: Job) -> None:
        del placed, job

    @app.projection("order_totals", OrderPlaced, row=OrderTotal)
    def order_totals(row: OrderTotal, one: StoredEvent) -> OrderTotal:
        return OrderTotal(row.price + one.data.price, one.data.item)

    app.schedule("every-morning", "plan-day", {}, cron="0 6 * * *", timezone="Europe/Berlin")
    return app


async def fill(app: Headrace) -> dict[str, UUID]:
    """Works until there is a job of every state, a parked stream and something in every list."""
    jobs: dict[str, UUID] = {}
    with bind(actor=f"ada {XSS}", user_id=f"user {XSS}", tenant_id=f"tenant {XSS}"):
        async with app.process(WorkerOptions(poll=timedelta(milliseconds=50), grace=timedelta(seconds=1))):
            planned = await app.enqueue("plan-day", {}, metadata={"note": XSS})
            done = await app.enqueue("send-receipt", {"to": f"ada@example.org {XSS}"}, metadata={"note": XSS})
            await app.append(OrderCancelled(f"too late {XSS}"), stream=Stream("order", f"7 {XSS}"))
            dead = [await app.enqueue("bake", {"oven": f"2 {XSS}", "n": n}) for n in range(3)]
            late = await app.enqueue("deliver", {"late": True})
            running = await app.enqueue("deliver", {"to": XSS})
            cancelled = await app.enqueue("send-receipt", {"to": "nobody"}, delay=timedelta(hours=1))
            await done.result(timeout=timedelta(seconds=10))
            await planned.result(timeout=timedelta(seconds=10))
            for price in (2, 3):
                await app.append(OrderPlaced(f"cake {XSS}", price), stream=Stream("order", f"day-0 {XSS}"))
            await app.operations.cancel(one_job(cancelled.id), by=f"root {XSS}")

            async def is_there() -> bool:
                async with app.pool.acquire() as connection:
                    return await connection.fetchval(
                        "SELECT (SELECT count(*) FROM headrace.outcome WHERE state = 'dead') = 3"
                        " AND EXISTS (SELECT FROM headrace.parked_stream)"
                        " AND (SELECT head.position >= (SELECT max(position) FROM headrace.event) FROM headrace.head)"
                        " AND EXISTS (SELECT FROM headrace.projection_build WHERE state = 'live')"
                        " AND EXISTS (SELECT FROM headrace.failure WHERE job_id = $1)"
                        " AND EXISTS (SELECT FROM headrace.run WHERE job_id = $2 AND state = 'processing')"
                        " AND NOT EXISTS (SELECT FROM headrace.run WHERE kind IN ('send-receipt', 'process-event'))",
                        late.id,
                        running.id,
                    )

            await eventually(is_there)
        async with app.pool.acquire() as connection:
            # What runs is given back when its worker stops; as if the worker were there still.
            await connection.execute(
                "INSERT INTO headrace.worker (id, app, host, pid, queues, kinds, concurrency, lease_time, is_locked,"
                " started_at, heartbeat_at)"
                " OVERRIDING SYSTEM VALUE"
                " VALUES (77, 'shop', $1, 4711, '{default,mail}', '{deliver}', 10, '1 hour', false, now(), now())",
                f"oak {XSS}",
            )
            await connection.execute(
                "UPDATE headrace.run SET state = 'processing', worker_id = 77, lease = 1, claimed_at = now(),"
                " attempt = 1, run_at = now() WHERE job_id = $1",
                running.id,
            )
            await connection.execute(
                "UPDATE headrace.run SET run_at = now() + interval '1 hour' WHERE job_id = $1", late.id
            )
            # As a program of another version, or plain SQL, may leave it: an error of which little is kept.
            await connection.execute(
                'UPDATE headrace.outcome SET error = \'{"message": "bare"}\' WHERE job_id = $1', cancelled.id
            )
        await app.queues.pause("mail", by=f"ada {XSS}", reason=f"the printer burns {XSS}")
        pending = await app.enqueue("send-receipt", {"to": "eve"})
        soon = await app.enqueue("send-receipt", {"to": "bob"}, delay=timedelta(hours=3))
    jobs.update(
        pending=pending.id,
        scheduled=soon.id,
        processing=running.id,
        completed=done.id,
        failed=late.id,
        cancelled=cancelled.id,
        dead=dead[0].id,
        parent=planned.id,
    )
    return jobs


def one_job(job_id: UUID):
    """The filter of one job."""
    from headrace import JobFilter

    return JobFilter(ids=(job_id,))


@pytest.fixture
def empty_database(headrace_server: str, headrace_template: str, database: str) -> Iterator[str]:
    """A second database beside the test's, with nothing in it."""
    name = urlsplit(database).path.strip("/") + "_empty"
    yield asyncio.run(clone_database(headrace_server, name, template=headrace_template))
    asyncio.run(drop_database(headrace_server, name))


@pytest.fixture(scope="session")
def filled_shop(headrace_run: TestRun, headrace_server: str, headrace_template: str) -> Iterator[tuple[str, dict]]:
    """The name of a database of the shop with something of everything, to be copied, and its jobs."""
    name = f"headrace_{headrace_run.id}_shop_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"

    async def make() -> dict[str, UUID]:
        app = make_shop(await clone_database(headrace_server, name, template=headrace_template))
        async with app:
            return await fill(app)

    yield name, asyncio.run(make())
    asyncio.run(drop_database(headrace_server, name))


@pytest.fixture
async def shop(filled_shop: tuple[str, dict], headrace_server: str) -> AsyncIterator[Shop]:
    """The shop, open, with something of everything."""
    template, jobs = filled_shop
    name = f"{template}_{uuid4().hex[:8]}"
    dsn = await clone_database(headrace_server, name, template=template)
    async with make_shop(dsn) as app:
        yield Shop(app, dict(jobs))
    await drop_database(headrace_server, name)


async def an_admin(_: object) -> Principal | None:
    return Principal("root", "admin")


async def a_viewer(_: object) -> Principal | None:
    return Principal("guest", "viewer")


@asynccontextmanager
async def browsing(asgi: object, at: str = "") -> AsyncIterator[httpx.AsyncClient]:
    """A client of an ASGI application that sends what browsers send."""
    transport = httpx.ASGITransport(app=asgi, client=("127.0.0.1", 4000))
    headers = {"sec-fetch-site": "same-origin"}
    async with httpx.AsyncClient(transport=transport, base_url=f"http://localhost{at}", headers=headers) as client:
        yield client


@asynccontextmanager
async def console_of(app: Headrace, *, sections: Sequence[Section] = (), **options: object) -> AsyncIterator[Console]:
    """The console of an open app; its loop stops with the block."""
    console = create_console(app, **{"authenticate": an_admin, "sections": sections, **options})
    async with console.lifespan():
        yield console


def paths_of(shop: Shop) -> dict[str, str]:
    """Every page there is, by a name for it."""
    stream = {"type": "order", "id": f"day-0 {XSS}", "tenant": f"tenant {XSS}", "projection": "order_totals"}
    return {
        "overview": "/",
        "jobs": "/jobs",
        "jobs-failed": "/jobs?state=failed&state=dead",
        "jobs-many": "/jobs/bulk?act=retry&state=dead",
        "queues": "/queues",
        "limit": "/limits/oven",
        "schedules": "/schedules",
        "schedule": "/schedules/every-morning",
        "workers": "/workers",
        "dead": "/dead",
        "record": "/operations",
        "events": "/events",
        "event": "/events/2",
        "stream": f"/streams?{urlencode(stream)}",
        "subscriptions": "/subscriptions",
        "subscription": "/subscriptions/refund",
        "projections": "/projections",
        "trace-find": "/trace",
        "trace": f"/trace/{shop.jobs['parent']}",
        **{f"job-{state}": f"/jobs/{job_id}" for state, job_id in shop.jobs.items()},
    }
