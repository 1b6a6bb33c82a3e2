"""Whoever claims, ends, gives back, rescues, cancels, reports, enqueues and brings back at once never deadlocks."""

import asyncio
import random
from datetime import timedelta
from uuid import UUID

import asyncpg

from fix_apps import eventually
from headrace import Job, Unique
from headrace.jobs import redriving, store
from headrace.jobs.cancelling import cancel_jobs
from headrace.jobs.cursor import ClaimCursor
from headrace.jobs.dependencies import hold_living
from headrace.jobs.enqueue import prepare
from headrace.jobs.job import Claim
from headrace.jobs.key_cursor import KeyCursor
from headrace.jobs.limit import Rate, Rule
from headrace.jobs.limit_rules import set_rule
from headrace.jobs.limited_claims import LIMITED_SESSION, claim_limited_jobs
from headrace.jobs.outcome import Again, Ended
from headrace.jobs.redriving import Redriven
from headrace.jobs.registry import describe
from headrace.jobs.store import ProgressReport, Settlement

KIND = describe("any", None, job_type=Job)
ERROR = '{"type": "E", "message": "m"}'
SESSIONS, TURNS, FAMILIES, CHILDREN, KEYS = 6, 80, 8, 12, 6


async def begin(connection: asyncpg.Connection) -> list[UUID]:
    """Families of jobs under four keys, in a limited queue; each child depends on one of another family."""
    await set_rule(connection, Rule("pair", 40, Rate(1_000_000)), by="test")
    await set_rule(connection, Rule("@default", 200, Rate(1_000_000)), by="test")
    made: list[UUID] = []
    async with connection.transaction():
        parents = [prepare(KIND, None, limit_key=f"pair:{number % 4}") for number in range(FAMILIES)]
        await store.insert_jobs(connection, parents)
        made += [job.id for job in parents]
        for turn in range(CHILDREN):
            children = [
                prepare(
                    KIND,
                    None,
                    parent=parents[(number + turn) % FAMILIES].id,
                    limit_key=f"pair:{(number + turn) % 4}",
                    depends_on=[made[number]] if turn % 3 == 0 else (),
                    on_failed_dependency="run",
                )
                for number in range(FAMILIES)
            ]
            await store.insert_jobs(connection, children)
            made += [job.id for job in children]
    return made


class Actor:
    """One session that does whatever workers, rescuers, operators and callers do, with the same jobs as the others."""

    def __init__(self, connection: asyncpg.Connection, number: int, jobs: list[UUID]) -> None:
        self.connection = connection
        self.chance = random.Random(number)
        self.number = number
        self.jobs = jobs
        self.held: list[Claim] = []
        self.done = 0
        self.kept_out = 0

    async def act(self) -> None:
        for _ in range(TURNS):
            await self.chance.choice(
                (
                    self.claim,
                    self.claim,
                    self.end,
                    self.give_back,
                    self.rescue,
                    self.operate,
                    self.report,
                    self.enqueue,
                )
            )()

    async def claim(self) -> None:
        ranges = ClaimCursor(["default"], ageing=None).plan(100, is_sweep=True)
        plan = KeyCursor(["default"], ageing=None).plan(ranges, 100, now=0.0)
        rows, _ = await claim_limited_jobs(
            self.connection, ranges, plan, kinds=["any"], limit=100, worker_id=self.number
        )
        self.held += [Claim(row["job_id"], row["attempt"], row["lease"]) for row in rows]

    def some(self) -> list[Claim]:
        """Some of what it holds, in any order; it may have been given up meanwhile, and others be at the same."""
        return self.chance.sample(self.held, min(len(self.held), 25))

    def drop(self, claims: list[Claim]) -> None:
        self.held[:] = [one for one in self.held if one not in claims]

    async def end(self) -> None:
        claims = self.some()
        states = [self.chance.choice(("completed", "dead", "cancelled")) for _ in claims]
        ended = [
            Settlement(claim, Ended(state, error=None if state == "completed" else ERROR), timedelta(0), 1)
            for claim, state in zip(claims, states, strict=True)
        ]
        self.done += len(await store.finish_jobs(self.connection, ended))
        self.drop(claims)

    async def give_back(self) -> None:
        claims = self.some()
        again = [Settlement(claim, Again(None, ERROR, has_begun=False), timedelta(0)) for claim in claims]
        self.done += len(await store.release_jobs(self.connection, again))
        self.drop(claims)

    async def rescue(self) -> None:
        await store.rescue_jobs(
            self.connection,
            self.chance.randrange(SESSIONS),
            limit=25,
            poison_after=3,
            lost_error=ERROR,
            poison_error=ERROR,
        )

    async def operate(self) -> None:
        chosen = self.chance.sample(self.jobs, 20)
        if self.chance.random() < 0.5:
            await cancel_jobs(self.connection, chosen, by="x", error=ERROR)
        async with self.connection.transaction():
            self.kept_out += len((await redriving.redrive_jobs(self.connection, chosen)).key_held)

    async def enqueue(self) -> None:
        """A unique job that may follow one that others end, under a key that those brought back want too."""
        new = prepare(
            KIND,
            None,
            parent=self.chance.choice(self.jobs[:FAMILIES]),
            unique=Unique(str(self.chance.randrange(KEYS))),
            depends_on=self.chance.sample(self.jobs[:FAMILIES], self.chance.randrange(2)),
            on_failed_dependency="run",
        )
        async with self.connection.transaction():
            (stored,) = await store.insert_jobs(self.connection, [new])
        if stored.is_new:
            self.jobs.append(stored.id)

    async def report(self) -> None:
        await store.save_progress(self.connection, [ProgressReport(one, 1, 2, None) for one in self.some()])


async def test_nobody_who_writes_about_the_same_jobs_deadlocks(database: str, connection: asyncpg.Connection):
    jobs = await begin(connection)
    sessions = [await asyncpg.connect(database, server_settings=dict(LIMITED_SESSION)) for _ in range(SESSIONS)]
    actors = [Actor(session, number, jobs) for number, session in enumerate(sessions)]
    try:
        await asyncio.gather(*(actor.act() for actor in actors))
    finally:
        for session in sessions:
            session.terminate()
    assert sum(actor.done for actor in actors) > 250, "too little was ended and given back to meet anybody"
    assert sum(actor.kept_out for actor in actors) > 0, "no unique job met another under its key"


async def test_two_who_bring_back_what_depends_on_each_others_jobs_take_turns(
    database: str, connection: asyncpg.Connection
):
    """One brings back a and d, the other b and c; a depends on b, and c on d."""
    b, d = (prepare(KIND, None) for _ in range(2))
    a, c = (prepare(KIND, None, depends_on=[one.id], on_failed_dependency="cancel") for one in (b, d))
    async with connection.transaction():
        await store.insert_jobs(connection, [b, d, a, c])
    everything = [one.id for one in (a, b, c, d)]
    await cancel_jobs(connection, everything, by="x", error=ERROR)
    second = await asyncpg.connect(database)

    async def bring_back() -> Redriven:
        async with second.transaction():
            return await redriving.redrive_jobs(second, [b.id, c.id])

    async def is_waiting() -> bool:
        query = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1"
        return await connection.fetchval(query, second.get_server_pid())

    async with connection.transaction():
        await hold_living(connection, [a.id, d.id])
        other = asyncio.create_task(bring_back())
        await eventually(is_waiting)
        assert (await redriving.redrive_jobs(connection, [a.id, d.id])).back == {a.id, d.id}
    assert (await other).back == {b.id, c.id}
    second.terminate()
    states = dict(await connection.fetch("SELECT id, state FROM headrace.job_state"))
    assert states == {a.id: "pending", b.id: "pending", c.id: "scheduled", d.id: "pending"}
