"""The CRM on a test's database, and what it made of a mailbox, told without any id that a run draws."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from headrace import Headrace
from headrace_crm.app import create_app
from headrace_crm.contacts.summary import ImportSummary, import_summary
from headrace_crm.demo import DemoMailbox, write_mailbox
from headrace_crm.mail.importing import import_state, start_import
from headrace_crm.mail.owners import AsOf
from headrace_crm.scores.settling import settled

DEMO_ENDS_AT = datetime(2026, 3, 1, tzinfo=UTC)
SHARED_MAIL = Path(__file__).resolve().parents[2] / "shared" / "data" / "mail"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that must come out the same, however the import went."""

    messages: list[tuple]
    threads: list[tuple]
    contacts: list[tuple]
    interactions: list[tuple]
    stats: list[tuple]
    scores: list[tuple]
    passages: list[tuple]
    profiles: list[tuple]
    events: Counter


@pytest.fixture(scope="session", autouse=True)
def by_words_alone() -> Iterator[None]:
    """No model is loaded by an app of the CRM, here or in a worker process, unless a test gives it settings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADRACE_EMBEDDER", "none")
        yield


@pytest.fixture(scope="session")
def demo_mailbox(tmp_path_factory: pytest.TempPathFactory) -> DemoMailbox:
    """A mailbox of 300 messages among fictional people."""
    path = tmp_path_factory.mktemp("demo") / "demo.mbox"
    return write_mailbox(path, messages=300, ends_at=DEMO_ENDS_AT)


def shared_mail(name: str) -> Path:
    """A file of the shared test mail; the test is skipped where there is none."""
    path = SHARED_MAIL / name
    if not path.exists():
        pytest.skip(f"the shared test mail has no {name} here")
    return path


@pytest.fixture
def crm(database: str) -> Headrace:
    """The CRM on the test's database, closed."""
    return create_app(database)


@asynccontextmanager
async def working(app: Headrace) -> AsyncIterator[Headrace]:
    """The app, open and working."""
    async with app, app.process():
        yield app


async def run_import(
    app: Headrace, paths: Path | Sequence[Path], owners: Sequence[str], as_of: AsOf | None = "latest"
) -> ImportSummary:
    """Imports and waits until everything that follows is done."""
    job_id = await start_import(app, paths, owners, as_of)
    await wait_settled(app, job_id)
    async with app.pool.acquire() as connection:
        return await import_summary(connection, job_id)


async def wait_settled(app: Headrace, job_id: UUID) -> None:
    """Waits until an import is stored and nothing that follows from it is left to do."""
    async with app.pool.acquire() as connection:
        await until(lambda: is_settled(connection, job_id))


async def until(probe: Callable[[], Awaitable[object]]) -> object:
    """Waits until a probe answers something true, and returns it."""
    while True:
        answer = await probe()
        if answer:
            return answer
        await asyncio.sleep(0.05)


async def is_settled(connection: asyncpg.Connection, job_id: UUID) -> bool:
    state = await import_state(connection, job_id)
    if not state.is_stored or state.owner_id is None:
        return False
    return (await settled(connection, state.owner_id, now=datetime.now(UTC))).is_settled


def lend(app: Headrace) -> AbstractAsyncContextManager[asyncpg.Connection]:
    return app.pool.acquire()


async def read_outcome(connection: asyncpg.Connection) -> Outcome:
    """What is stored, in terms of message keys and addresses."""
    keys = {row["id"]: row["message_key"] for row in await connection.fetch("SELECT id, message_key FROM crm.message")}
    people = {
        row["contact_id"]: tuple(row["emails"])
        for row in await connection.fetch(
            "SELECT contact_id, array_agg(email ORDER BY email) AS emails FROM crm.contact_address GROUP BY 1"
        )
    }

    async def rows(query: str) -> list[tuple]:
        found = []
        for row in await connection.fetch(query):
            values = dict(row)
            if "contact_id" in values:
                values["contact_id"] = people[values["contact_id"]]
            if "message_id" in values:
                values["message_id"] = keys[values["message_id"]]
            found.append(tuple(values.values()))
        return sorted(found, key=repr)

    events: Counter = Counter()
    undated = {"email.synced", "email.removed", "email.thread_updated"}
    # What is suggested meanwhile depends on when: a worker may look before a later message answers an earlier one.
    for row in await connection.fetch(
        "SELECT type, data, occurred_at FROM headrace.event WHERE retention = 'domain' AND type NOT LIKE 'ai.%'"
    ):
        data = json.loads(row["data"])
        kept = {name: value for name, value in data.items() if name not in {"owner_id", "import_id"}}
        if "contact_id" in kept:
            kept["contact_id"] = people.get(UUID(kept["contact_id"]), "gone")
        if "message_id" in kept:
            kept["message_id"] = keys.get(kept["message_id"], "gone")
        is_dated = row["type"].startswith(("email.", "interaction.")) and row["type"] not in undated
        events[row["type"], repr(sorted(kept.items())), row["occurred_at"] if is_dated else None] += 1
    return Outcome(
        messages=await rows(
            "SELECT message_key, direction, is_bulk, sent_at, subject, md5(body_text), extracted_at IS NOT NULL "
            "FROM crm.message"
        )
        + await rows("SELECT message_key, error, md5(raw) FROM crm.unparsed_message"),
        threads=await rows("SELECT array_agg(message_key ORDER BY message_key) FROM crm.message GROUP BY thread_id"),
        contacts=await rows("SELECT id AS contact_id, name, addresses FROM crm.contact"),
        interactions=await rows("SELECT contact_id, message_id, direction, occurred_at FROM crm.interaction"),
        stats=await rows(
            "SELECT contact_id, sent, received, first_at, last_at, last_sent_at, last_received_at "
            "FROM crm.contact_stats"
        ),
        scores=await rows(
            "SELECT contact_id, strength, trend, trend_value, reciprocity, last_interaction_at, median_response, "
            "their_median_response, sent, received, as_of FROM crm.contact_score"
        ),
        passages=await rows(
            "SELECT message_id, number, title, md5(body), word_count, occurred_at FROM crm.passage "
            "WHERE kind = 'message'"
        ),
        profiles=await rows(
            "SELECT contact_id, field.key, field.value -> 'value', field.value -> 'source', "
            "field.value -> 'confidence', field.value -> 'fetched_at' "
            "FROM crm.contact_profile, jsonb_each(fields) AS field"
        ),
        events=events,
    )
