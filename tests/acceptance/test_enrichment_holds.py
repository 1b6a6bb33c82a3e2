"""A thousand people are enriched within limits and caps; workers that are killed lose nothing and pay for little."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic

import asyncpg
import pytest

from fix_crm import until
from fix_enrichment import People
from headrace import Headrace, uuid7
from headrace_crm.app import create_app
from headrace_crm.config import Settings
from headrace_crm.enrichment.kinds import ENRICHMENT_KIND, EnrichContact
from headrace_crm.sandbox import Fault, KnownPerson, Sandbox
from headrace_crm.sandbox.enrichment.pdl import ENRICH
from headrace_crm.sandbox.enrichment.x import MANY, ONE, POSTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COMMAND = [sys.executable, "-m", "headrace.cli", "--app", "headrace_crm.app:create_app", "worker", "--concurrency=8"]
OPEN = "SELECT count(*) FROM crm.enrichment WHERE state IN ('asked', 'pending')"
ENRICHING = """
    SELECT count(*) > 0 FROM headrace.run JOIN headrace.worker ON worker.id = run.worker_id
    WHERE run.state = 'processing' AND run.kind LIKE 'enrich-%' AND worker.pid = $1
"""
SLOW = timedelta(milliseconds=400)
LIVE = "SELECT count(*) FROM headrace.job_state WHERE state IN ('pending', 'processing')"


def known(number: int) -> KnownPerson:
    return KnownPerson(
        email=f"p{number}@example.org",
        name=f"Ada Number{number}",
        title="Miller",
        organisation="Mill",
        x_handle=f"ada_{number}",
        posts=((1, "mills"), (9, "rivers")),
    )


class Workers:
    """Worker processes, each replaced when it is killed."""

    def __init__(self, environment: dict[str, str], count: int) -> None:
        self._environment = {**os.environ, **environment}
        self._processes = [self._start() for _ in range(count)]

    def pid(self, number: int) -> int:
        return self._processes[number].pid

    def kill(self, number: int) -> None:
        self._end(self._processes[number])
        self._processes[number] = self._start()

    def stop(self) -> None:
        for process in self._processes:
            self._end(process)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(COMMAND, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()


@contextmanager
def workers(environment: dict[str, str], count: int) -> Iterator[Workers]:
    started = Workers(environment, count)
    try:
        yield started
    finally:
        started.stop()


def environment_of(sandbox: Sandbox, database: str, **changes: str) -> dict[str, str]:
    """X and People Data Labs of the sandbox, with caps that nothing here comes near."""
    caps = {f"HEADRACE_{source}_CAP_{span}": "1000" for source in ("X", "PDL") for span in ("DAY", "MONTH")}
    return {
        **sandbox.enrichment_environment(),
        **caps,
        "HEADRACE_CLEARBIT_ENABLED": "no",
        "HEADRACE_DATABASE_URL": database,
        **changes,
    }


async def add_people(app: Headrace, sandbox: Sandbox, count: int) -> People:
    """People whose mail is signed with a handle; every tenth is known to nobody."""
    owner_id = uuid7()
    async with app.transaction() as tx:
        await tx.execute("INSERT INTO crm.owner (id) VALUES ($1)", owner_id)
    people = People(app, owner_id)
    for number in range(count):
        person = known(number)
        if number % 10:
            sandbox.people.add(person)
        await people.add(person.name, person.email, words=f"Words.\n\n-- \nhttps://x.com/{person.x_handle}\n")
    return people


class Calls:
    """Every call the sandbox takes from now on, and whom it asks about."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._calls: list[tuple[str, set[str]]] = []
        self._begun: list[float] = []
        people = sandbox.people
        for service in (sandbox.x, sandbox.pdl):
            service.metering.call = self._opened(service.metering.call)
        # A call is taken, and its people are looked up, in one go of the sandbox's one thread.
        people.by_email, people.by_handle, people.by_id = map(
            self._asked, (people.by_email, people.by_handle, people.by_id)
        )

    def count(self) -> int:
        return len(self._calls)

    def under_way(self) -> int:
        """How many are not answered yet: each takes `SLOW`."""
        return sum(begun > monotonic() - SLOW.total_seconds() for begun in self._begun[-20:])

    def needless(self) -> list[tuple[str, set[str]]]:
        """The calls that asked about nobody who had not been asked about, in the same way, before."""
        seen: dict[str, set[str]] = {}
        again = []
        for route, subjects in self._calls:
            had = seen.setdefault("x.users" if route in {ONE, MANY} else route, set())
            if subjects <= had:
                again.append((route, subjects))
            had |= subjects
        return again

    def _opened(self, call: Callable[..., object]) -> Callable[..., object]:
        def opened(route: str, **options: object) -> object:
            self._calls.append((route, set()))
            self._begun.append(monotonic())
            return call(route, **options)

        return opened

    def _asked(self, look_up: Callable[[str], KnownPerson | None]) -> Callable[[str], KnownPerson | None]:
        def asked(subject: str) -> KnownPerson | None:
            self._calls[-1][1].add(subject)
            return look_up(subject)

        return asked


async def is_done(connection: asyncpg.Connection, contacts: int) -> bool:
    asked = await connection.fetchval("SELECT count(*) FROM crm.enrichment WHERE source IN ('x', 'pdl')")
    return asked == 2 * contacts and not await connection.fetchval(OPEN) and not await connection.fetchval(LIVE)


async def states(connection: asyncpg.Connection) -> dict[tuple[str, str], int]:
    rows = await connection.fetch(
        "SELECT source, state, count(*) FROM crm.enrichment WHERE source IN ('x', 'pdl') GROUP BY 1, 2"
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def test_a_thousand_people_are_enriched_and_no_call_is_beyond_a_limit(database: str):
    contacts = 1_000
    sandbox = Sandbox(messages=0)
    sandbox.pdl.configure(per_minute=1_000)
    with sandbox.served():
        environment = environment_of(sandbox, database, HEADRACE_PDL_PER_MINUTE="1000")
        async with create_app(database, settings=Settings.from_environment(environment)) as app:
            await add_people(app, sandbox, contacts)
            with workers(environment, 2):
                async with app.pool.acquire() as connection:
                    await until(lambda: is_done(connection, contacts))
                    found = await states(connection)
                    spent = dict(await connection.fetch("SELECT source, sum(micros) FROM crm.spending GROUP BY 1"))
    assert found == {("x", "found"): 900, ("x", "none"): 100, ("pdl", "found"): 900, ("pdl", "none"): 100}
    for service in (sandbox.x, sandbox.pdl):
        assert service.metering.refused() == 0
    assert sandbox.counters.answers(429) == 0
    assert sandbox.counters.requests(ENRICH) == contacts
    assert sandbox.pdl.metering.most(ENRICH) <= 1_000
    assert sandbox.counters.requests(MANY) + sandbox.counters.requests(ONE) <= 30
    assert sandbox.counters.requests(POSTS) == 900
    # Nothing was disturbed: what was set aside is, to the cent, what was charged.
    assert spent["pdl"] == sandbox.pdl.matches_charged * 280_000
    assert spent["x"] == sandbox.x.users_charged * 10_000 + sandbox.x.posts_charged * 5_000


@pytest.mark.parametrize("seed", range(2))
async def test_workers_that_are_killed_lose_nothing_and_pay_for_one_call_more_each(database: str, seed: int):
    contacts, kills = 60, 4
    chance = random.Random(seed)
    sandbox = Sandbox(messages=0, seed=seed)
    sandbox.pdl.configure(per_minute=None)
    sandbox.faults.add(Fault(kind="slow", delay=SLOW))
    with sandbox.served():
        environment = environment_of(sandbox, database, HEADRACE_PDL_PER_MINUTE="100000")
        async with create_app(database, settings=Settings.from_environment(environment)) as app:
            await add_people(app, sandbox, contacts)
            hits, calls = 0, Calls(sandbox)
            with workers(environment, 2) as running:
                async with app.pool.acquire() as connection:
                    while not await is_done(connection, contacts):
                        await asyncio.sleep(chance.uniform(0.05, 0.15))
                        # Both are in the middle of a call, since each makes one at a time: who is killed loses it.
                        number = hits % 2
                        if (
                            hits < kills
                            and await connection.fetchval(ENRICHING, running.pid(number))
                            and calls.under_way() >= 2
                        ):
                            running.kill(number)
                            hits += 1
                    found = await states(connection)
                    twice = await connection.fetchval("SELECT count(*) - count(DISTINCT job_id) FROM headrace.outcome")
                    bad = await connection.fetchval("SELECT count(*) FROM headrace.outcome WHERE state <> 'completed'")
                    told = await connection.fetchval(
                        "SELECT count(DISTINCT aggregate_id) FROM headrace.event WHERE type = 'contact.enriched'"
                    )
                    spent = dict(await connection.fetch("SELECT source, sum(micros) FROM crm.spending GROUP BY 1"))
    known_to_all, nobody = contacts * 9 // 10, contacts // 10
    # On a machine that is slow to start workers, all may be done before the last kill.
    assert kills // 2 <= hits <= kills
    assert found == {
        ("x", "found"): known_to_all,
        ("x", "none"): nobody,
        ("pdl", "found"): known_to_all,
        ("pdl", "none"): nobody,
    }
    assert (twice, bad, told) == (0, 0, known_to_all + nobody)
    # Of all calls to all sources together, at most one for each kill had been made before; and some had, or the kills
    # struck nothing.
    needless = calls.needless()
    assert 1 <= len(needless) <= hits, needless
    counted = {route: sandbox.counters.requests(route) for route in (ENRICH, POSTS, ONE, MANY)}
    assert sum(counted.values()) == calls.count()
    assert counted[ENRICH] + counted[POSTS] <= contacts + known_to_all + hits
    # What was charged never passes what was set aside and kept: that of one call for each kill.
    assert spent["pdl"] >= sandbox.pdl.matches_charged * 280_000
    assert spent["x"] >= sandbox.x.users_charged * 10_000 + sandbox.x.posts_charged * 5_000
    assert spent["pdl"] <= (known_to_all + hits) * 280_000


async def test_one_paid_call_is_made_once_more_by_a_kill_in_its_middle_and_the_cap_still_holds(database: str):
    sandbox = Sandbox(messages=0)
    sandbox.pdl.configure(per_minute=None)
    with sandbox.served():
        # Two calls of 0.28 and not three.
        environment = environment_of(sandbox, database, HEADRACE_X_TOKEN="", HEADRACE_PDL_CAP_DAY="0.80")
        async with create_app(database, settings=Settings.from_environment(environment)) as app:
            owner_id = uuid7()
            async with app.transaction() as tx:
                await tx.execute("INSERT INTO crm.owner (id) VALUES ($1)", owner_id)
            people = People(app, owner_id)
            sandbox.people.add(*(known(number) for number in range(3)))
            everybody = [known(number) for number in range(3)]
            sandbox.faults.add(Fault(kind="slow", count=1))
            with workers(environment, 1) as running:
                first = await people.add(everybody[0].name, everybody[0].email)
                async with app.pool.acquire() as connection:
                    await until(lambda: _true(sandbox.counters.requests(ENRICH) == 1))
                    running.kill(0)
                    await until(lambda: _found(people, first))
                    assert sandbox.counters.requests(ENRICH) == 2
                    for each in everybody[1:]:
                        contact_id = await people.add(each.name, each.email)
                        await app.enqueue(ENRICHMENT_KIND, EnrichContact(contact_id))
                    waits = (
                        "SELECT count(*) FROM headrace.run WHERE kind = 'enrich-linkedin' AND run_at > now() + '1 s'"
                    )
                    await until(lambda: _equals(connection, waits, 2))
                    assert await people.spent("pdl") == 560_000
    assert sandbox.pdl.matches_charged == 2


async def _true(value: bool) -> bool:
    return value


async def _found(people: People, contact_id) -> bool:
    return await people.states(contact_id) == {"pdl": "found"}


async def _equals(connection: asyncpg.Connection, query: str, value: int) -> bool:
    return await connection.fetchval(query) == value
