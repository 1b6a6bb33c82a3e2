"""The state machine is drawn as it is: every statement is tried on a job in every state."""

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, product
from typing import get_args
from uuid import UUID

import asyncpg
import pytest
from pages import REFERENCE, ROOT, inline_code, rows, section

from headrace import Job, Unique
from headrace.jobs import redriving, shelving, store
from headrace.jobs.cursor import Range
from headrace.jobs.enqueue import prepare
from headrace.jobs.insertion import columns, common
from headrace.jobs.job import STATES, TERMINAL, Claim, OnConflict, Policy, Priority
from headrace.jobs.key_cursor import KeyPlan
from headrace.jobs.limited_claims import claim_limited_jobs
from headrace.jobs.outcome import Again, Ended, Ending
from headrace.jobs.registry import describe
from headrace.jobs.single import insert_single, insert_whole

PAGE = (REFERENCE / "states.md").read_text()
LATER = timedelta(hours=1)
NOWHERE = "[*]"
WRITES = re.compile(
    r"(INSERT INTO|DELETE FROM) headrace\.(run|outcome)\b|UPDATE headrace\.run\b|headrace\.settle_dependents\("
)
KIND = describe("noop", None, job_type=Job)
ERROR = '{"type": "E", "message": "m"}'
PLAIN_INSERTS = {
    "insert_job": lambda jobs: insert_whole(jobs[0], now=None)[1:-1],
    "insert_jobs": columns,
    "insert_like_jobs": common,
}


def sql(statement: str) -> str:
    return (ROOT / f"src/headrace/jobs/sql/{statement}.sql").read_text()


@dataclass(frozen=True, slots=True)
class Subject:
    """A job of its own queue and worker; `claim` is the last one made."""

    connection: asyncpg.Connection
    id: UUID
    number: int
    claim: Claim

    @property
    def key(self) -> str:
        return f"key-{self.number}"


Act = Callable[[Subject], Awaitable[object]]


async def enqueue(connection: asyncpg.Connection, number: int, **options) -> UUID:
    return await insert(connection, queue=f"q{number}", unique=Unique(f"key-{number}"), **options)


async def insert(connection: asyncpg.Connection, **options) -> UUID:
    async with connection.transaction():
        return (await store.insert_jobs(connection, [prepare(KIND, None, **options)]))[0].id


async def claim(connection: asyncpg.Connection, number: int) -> Claim | None:
    start = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))
    found = await store.claim_jobs(
        connection,
        [Range(f"q{number}", Priority.NORMAL, start, timedelta(0), 1)],
        kinds=[KIND.name],
        limit=1,
        worker_id=number,
    )
    return Claim(found[0]["job_id"], found[0]["attempt"], found[0]["lease"]) if found else None


async def claim_limited(connection: asyncpg.Connection, number: int) -> None:
    start = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))
    await claim_limited_jobs(
        connection,
        [Range(f"q{number}", Priority.NORMAL, start, timedelta(0), 1)],
        KeyPlan(),
        kinds=[KIND.name],
        limit=1,
        worker_id=number,
    )


def settled(subject: Subject, verdict: Ended | Again) -> store.Settlement:
    return store.Settlement(subject.claim, verdict, timedelta(0))


def finishing(state: Ending) -> Act:
    return lambda one: store.finish_jobs(one.connection, [settled(one, Ended(state))])


def releasing(delay: timedelta | None) -> Act:
    return lambda one: store.release_jobs(one.connection, [settled(one, Again(delay))])


def rescuing(poison_after: int) -> Act:
    return lambda one: store.rescue_jobs(
        one.connection,
        one.number,
        limit=1,
        poison_after=poison_after,
        lost_error=ERROR,
        poison_error=ERROR,
    )


def meeting(on_conflict: OnConflict, *, delay: timedelta) -> Act:
    async def meet(one: Subject) -> None:
        unique = Unique(one.key, on_conflict=on_conflict, max_wait=2 * LATER)
        await insert(one.connection, queue=f"q{one.number}", unique=unique, delay=delay)

    return meet


def running(statement: str, *values: object) -> Act:
    return lambda one: one.connection.execute(sql(statement), one.id, *values)


def on_many(statement: str, *values: object) -> Act:
    return lambda one: one.connection.execute(sql(statement), [one.id], *values)


async def redrive(one: Subject) -> None:
    async with one.connection.transaction():
        await redriving.redrive_jobs(one.connection, [one.id])


async def recount(one: Subject) -> None:
    async with one.connection.transaction():
        await redriving.recount(one.connection, [one.id])


async def shelve(one: Subject) -> None:
    await shelving.shelve(one.connection, [KIND.name], limit=1_000, now=None)


async def shelve_and_unshelve(one: Subject) -> None:
    await shelve(one)
    await shelving.unshelve(one.connection, [KIND.name], limit=1_000)


async def shelve_and_fail(one: Subject) -> None:
    await shelve(one)
    await shelving.fail_unhandled(one.connection, grace=timedelta(0), limit=1_000, now=None)


async def let_time_pass(one: Subject) -> None:
    await one.connection.execute(
        "UPDATE headrace.run SET run_at = run_at - interval '1 day' WHERE job_id = $1 AND state = 'waiting'", one.id
    )


ACTS: list[tuple[str, Act]] = [
    ("", let_time_pass),
    ("hold_waiting", meeting("debounce", delay=LATER)),
    ("hold_waiting", meeting("replace", delay=LATER)),
    ("hold_waiting", meeting("replace", delay=timedelta(0))),
    ("hasten_job", running("hasten_job", None)),
    ("claim_jobs", lambda one: claim(one.connection, one.number)),
    ("claim_limited_jobs", lambda one: claim_limited(one.connection, one.number)),
    *(("finish_jobs", finishing(state)) for state in get_args(Ending)),
    ("release_jobs", releasing(None)),
    ("release_jobs", releasing(LATER)),
    ("release_unheard", lambda one: store.release_unheard(one.connection, one.number, after=0, heard=[])),
    ("rescue_jobs", rescuing(10)),
    ("rescue_jobs", rescuing(1)),
    ("cancel_jobs", on_many("cancel_jobs", ERROR, "somebody")),
    ("mark_awaited", on_many("mark_awaited")),
    ("shelve_unhandled", shelve),
    ("unshelve_handled", shelve_and_unshelve),
    ("fail_unhandled", shelve_and_fail),
    ("reschedule_jobs", on_many("reschedule_jobs", datetime.now(UTC) + LATER)),
    ("reschedule_jobs", on_many("reschedule_jobs", datetime.now(UTC) - LATER)),
    ("prioritise_jobs", on_many("prioritise_jobs", 0)),
    ("redrive_job", redrive),
    ("count_dependencies", recount),
]
POLICIES: tuple[Policy, ...] = get_args(Policy)
REMOVING = {"delete_ended"}
BY_DEPENDENTS = {"insert_dependencies", "settle_dependents"}


async def in_state(connection: asyncpg.Connection, state: str, number: int) -> Subject:
    """A new job, led to a state."""
    job_id = await enqueue(connection, number)
    held = await claim(connection, number) if state != "pending" else None
    one = Subject(connection, job_id, number, held or Claim(job_id, 0, 0))
    if state == "scheduled":
        await releasing(LATER)(one)
    elif state in TERMINAL:
        await store.finish_jobs(connection, [settled(one, Ended(state))])
    assert await state_of(connection, job_id) == state
    return one


async def state_of(connection: asyncpg.Connection, job_id: UUID) -> str:
    return await connection.fetchval("SELECT state FROM headrace.job_state WHERE id = $1", job_id)


async def observed(connection: asyncpg.Connection) -> set[tuple[str, str, str]]:
    """Every change of state that happens: (from, to, statement)."""
    found: set[tuple[str, str, str]] = set()
    numbers = count(1)
    for options in ({}, {"delay": LATER}):
        job_id = await enqueue(connection, next(numbers), **options)
        found.add((NOWHERE, await state_of(connection, job_id), "insert_unique_jobs"))
        for statement, parameters in PLAIN_INSERTS.items():
            plain = prepare(KIND, None, **options)
            await connection.execute(sql(statement), *parameters([plain]), None)
            found.add((NOWHERE, await state_of(connection, plain.id), statement))
    bare = prepare(KIND, None)
    await connection.execute(sql("insert_plain_job"), *insert_single(bare, now=None)[1:])
    found.add((NOWHERE, await state_of(connection, bare.id), "insert_plain_job"))
    for state in STATES:
        for statement, act in ACTS:
            one = await in_state(connection, state, next(numbers))
            await act(one)
            after = await state_of(connection, one.id)
            if after != state:
                found.add((state, after, statement))
    return found | await observed_of_dependents(connection, numbers)


async def observed_of_dependents(connection: asyncpg.Connection, numbers: Iterator[int]) -> set[tuple[str, str, str]]:
    """Every change of the state of a job that depends on another one, by what befalls either."""
    found: set[tuple[str, str, str]] = set()
    for state, (statement, act) in product(STATES, ACTS):
        followed = await in_state(connection, state, next(numbers))
        begun: list[tuple[UUID, str]] = []
        for policy in POLICIES:
            job_id = await insert(connection, depends_on=[followed.id], on_failed_dependency=policy)
            begun.append((job_id, await state_of(connection, job_id)))
        await act(followed)
        for job_id, before in begun:
            found.add((NOWHERE, before, "settle_dependents" if state in TERMINAL else "insert_dependencies"))
            after = await state_of(connection, job_id)
            if after != before:
                found.add((before, after, statement))
            if after == "scheduled":
                await recount(Subject(connection, job_id, 0, Claim(job_id, 0, 0)))
                if (freed := await state_of(connection, job_id)) != after:
                    found.add((after, freed, "count_dependencies"))
    for state in sorted(TERMINAL):
        one = await in_state(connection, state, number := next(numbers))
        followed = await in_state(connection, "pending", next(numbers))
        await connection.execute(
            "INSERT INTO headrace.dependency VALUES ($1, $2, NULL, 'cancel', false)", one.id, followed.id
        )
        await redrive(Subject(connection, one.id, number, one.claim))
        if (after := await state_of(connection, one.id)) != state:
            found.add((state, after, "redrive_job"))
    return found


def told() -> set[tuple[str, str, str]]:
    """The changes of state in the page's table."""
    table = [row for row in rows(section(PAGE, "What leads from one state to another")) if not row[0].startswith("---")]
    return {
        (row[0].strip("`") or NOWHERE, row[1].strip("`"), statement.strip("`"))
        for row in table
        for statement in row[2].split(", ")
    }


@pytest.mark.timeout(60)
async def test_the_table_tells_every_change_of_state_and_no_other(connection: asyncpg.Connection):
    assert await observed(connection) == told()


def test_the_drawing_has_the_edges_of_the_table():
    drawn = set(re.findall(r"^ +(\S+) --> (\w+): \w", PAGE, re.MULTILINE))
    assert drawn == {(before, after) for before, after, _ in told()}


def test_the_states_are_those_of_the_code():
    table = [row for row in rows(PAGE.partition("## ")[0]) if not row[0].startswith("---")]
    assert [row[0].strip("`") for row in table] == list(STATES)
    assert {row[0].strip("`") for row in table if row[2] == "yes"} == TERMINAL


def test_every_statement_that_writes_a_state_is_tried():
    writing = {file.stem for file in (ROOT / "src").rglob("sql/*.sql") if WRITES.search(file.read_text())}
    assert writing == {statement for statement, _ in ACTS if statement} | {
        "insert_unique_jobs",
        "insert_plain_job",
        *PLAIN_INSERTS,
        *BY_DEPENDENTS,
        *REMOVING,
    }
    assert writing <= set(inline_code(PAGE))
