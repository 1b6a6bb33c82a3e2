"""A thousand people are enriched within limits and caps; workers that are killed lose nothing and pay for little."""

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

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
UNDER_WAY = """
    SELECT contact.addresses[1] FROM headrace.run JOIN headrace.job ON job.id = run.job_id
    JOIN crm.contact ON contact.id = (job.args->>'contact_id')::uuid
    WHERE run.state = 'processing' AND run.kind = 'enrich-linkedin'
"""
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


def counting(sandbox: Sandbox) -> Counter[str]:
    """How often People Data Labs is asked about each address from now on."""
    asked: Counter[str] = Counter()
    look_up = sandbox.people.by_email

    def counted(email: str) -> KnownPerson | None:
        asked[email] += 1
        return look_up(email)

    sandbox.people.by_email = counted
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
    contacts, kills = 120, 8
    chance = random.Random(seed)
    sandbox = Sandbox(messages=0, seed=seed)
    sandbox.pdl.configure(per_minute=None)
    # Slow answers keep calls under way: a kill is likely to come between a call and its end.
    sandbox.faults.add(Fault(kind="slow", probability=0.3))
    with sandbox.served():
        environment = environment_of(sandbox, database, HEADRACE_PDL_PER_MINUTE="100000")
        async with create_app(database, settings=Settings.from_environment(environment)) as app:
            await add_people(app, sandbox, contacts)
            hits, asked, struck = 0, counting(sandbox), Counter[str]()
            with workers(environment, 2) as running:
                async with app.pool.acquire() as connection:
                    while not await is_done(connection, contacts):
                        await asyncio.sleep(chance.uniform(0.2, 0.8))
                        asking = "SELECT count(*) FROM headrace.run WHERE state = 'processing' AND kind LIKE 'enrich-%'"
                        if hits < kills and await connection.fetchval(asking):
                            hits += 1
                            running.kill(hits % 2)
                            # Until its lease has ended, what the killed one did is still under way, as is the other's.
                            struck.update(row[0] for row in await connection.fetch(UNDER_WAY))
                    found = await states(connection)
                    twice = await connection.fetchval("SELECT count(*) - count(DISTINCT job_id) FROM headrace.outcome")
                    bad = await connection.fetchval("SELECT count(*) FROM headrace.outcome WHERE state <> 'completed'")
                    told = await connection.fetchval(
                        "SELECT count(DISTINCT aggregate_id) FROM headrace.event WHERE type = 'contact.enriched'"
                    )
                    spent = dict(await connection.fetch("SELECT source, sum(micros) FROM crm.spending GROUP BY 1"))
    known_to_all, nobody = contacts * 9 // 10, contacts // 10
    assert hits == kills
    assert found == {
        ("x", "found"): known_to_all,
        ("x", "none"): nobody,
        ("pdl", "found"): known_to_all,
        ("pdl", "none"): nobody,
    }
    assert (twice, bad, told) == (0, 0, known_to_all + nobody)
    # A person is paid for once, and once more at most for each kill that came in the middle of that.
    assert {email: times for email, times in asked.items() if times > 1 + struck[email]} == {}
    assert len(asked) == contacts
    # Each kill ends a worker that holds at most four jobs of a source, each with at most one call under way.
    most_again = kills * 4
    assert sandbox.counters.requests(ENRICH) <= contacts + most_again
    assert sandbox.counters.requests(POSTS) <= known_to_all + most_again
    # What was charged never passes what was set aside and kept.
    assert spent["pdl"] >= sandbox.pdl.matches_charged * 280_000
    assert spent["x"] >= sandbox.x.users_charged * 10_000 + sandbox.x.posts_charged * 5_000


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
