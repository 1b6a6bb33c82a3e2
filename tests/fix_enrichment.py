"""People to enrich, and providers that answer what a test tells them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from headrace import Headrace, MigrationSet, uuid7
from headrace.testing import VirtualClock
from headrace_crm.config.enrichment import EnrichmentSettings
from headrace_crm.contacts.events import CONTACT_EVENTS, ContactCreated, contact_stream
from headrace_crm.enrichment import jobs as enrichment_jobs
from headrace_crm.enrichment.outcome import Answer, Found
from headrace_crm.enrichment.profile import Asked, Field, Handle, Profile, claim_texts
from headrace_crm.enrichment.provider import Account, Accounts, Posts, Query
from headrace_crm.enrichment.providers.x import X
from headrace_crm.enrichment.sources import sources_of
from headrace_crm.enrichment.store import EnrichmentStore

MAY = datetime(2031, 5, 1, 12, tzinfo=UTC)
CENT = 10_000
_MESSAGE = (
    "INSERT INTO crm.message (owner_id, message_key, thread_id, direction, is_bulk, subject, sent_at, date_is_guessed,"
    " in_reply_to, reference_ids, is_automated, is_precedence_bulk, has_unsubscribe, is_list_post, body_text,"
    " attachments, labels, size_bytes, is_truncated, source) VALUES ($1, $2, $3, 'received', false, '', $4, false,"
    " '{}', '{}', false, false, false, false, $5, '[]', '{}', 1, false, 'test') RETURNING id"
)


class People:
    """The contacts of one owner, made without any mail being imported."""

    def __init__(self, app: Headrace, owner_id: UUID) -> None:
        self.app = app
        self.owner_id = owner_id

    async def add(self, name: str, *emails: str, words: str = "", sent_at: datetime = MAY) -> UUID:
        """A contact, as extraction makes it, who wrote `words` once."""
        contact_id = uuid7()
        addresses = list(emails) or [f"{name.replace(' ', '.').lower()}@example.org"]
        async with self.app.transaction() as tx:
            await tx.execute(
                "INSERT INTO crm.contact (id, owner_id, name, addresses) VALUES ($1, $2, $3, $4)",
                contact_id,
                self.owner_id,
                name,
                addresses,
            )
            if words:
                await self._write(tx.connection, contact_id, words, sent_at)
            created = ContactCreated(contact_id, self.owner_id)
            await tx.append(created, stream=contact_stream(contact_id))
        return contact_id

    async def write(self, contact_id: UUID, words: str, sent_at: datetime) -> None:
        """One more message of a contact."""
        async with self.app.transaction() as tx:
            await self._write(tx.connection, contact_id, words, sent_at)

    async def _write(self, connection, contact_id: UUID, words: str, sent_at: datetime) -> None:
        thread = await connection.fetchval("INSERT INTO crm.thread (owner_id) VALUES ($1) RETURNING id", self.owner_id)
        message = await connection.fetchval(_MESSAGE, self.owner_id, str(uuid7()), thread, sent_at, words)
        await connection.execute(
            "INSERT INTO crm.interaction (message_id, contact_id, owner_id, direction, occurred_at)"
            " VALUES ($1, $2, $3, 'received', $4)",
            message,
            contact_id,
            self.owner_id,
            sent_at,
        )

    async def values(self, contact_id: UUID) -> dict[str, object]:
        """A contact's profile, values only."""
        async with self.app.pool.acquire() as connection:
            profile = await EnrichmentStore(connection, contact_id).profile()
        return {name: field.value for name, field in profile.items()}

    async def states(self, contact_id: UUID) -> dict[str, str]:
        """What came of asking each source about a contact."""
        async with self.app.pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT source, state FROM crm.enrichment WHERE contact_id = $1 AND source <> 'signature'", contact_id
            )
        return dict(rows)

    async def spent(self, source: str) -> int:
        async with self.app.pool.acquire() as connection:
            return await connection.fetchval(
                "SELECT coalesce(sum(micros), 0)::bigint FROM crm.spending WHERE source = $1", source
            )

    async def count(self, query: str) -> int:
        async with self.app.pool.acquire() as connection:
            return await connection.fetchval(query)


def found(*, handles: Sequence[Handle] = (), confidence: float = 0.9, **values: object) -> Found:
    claims: dict[Field, object] = dict(values)
    return Found(Profile(claim_texts(confidence, claims), tuple(handles)))


class ToldProvider:
    """Answers with what `answers` has for an address: an outcome, a function of the moment, or an error to raise."""

    def __init__(self, source: Asked, *, most: int = 10 * CENT) -> None:
        self.source: Asked = source
        self.most = most
        self.answers: dict[str, object] = {}
        self.otherwise: object = found(title="Miller")
        self.asked: list[Query] = []
        self.charged: int | None = None
        self.before: Callable[[datetime], Awaitable[None]] | None = None
        """Done once, while the next call is under way."""

    async def look_up(self, query: Query, *, now: datetime) -> Answer:
        self.asked.append(query)
        if self.before is not None:
            change, self.before = self.before, None
            await change(now)
        answer = self.answers.get(query.email, self.otherwise)
        if callable(answer):
            answer = answer(now)
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, Answer):
            return answer
        charged = self.most if isinstance(answer, Found) else 0
        return Answer(answer, charged=charged if self.charged is None else self.charged)


class ToldNetwork(X):
    """Has the accounts it was given; remembers every call."""

    def __init__(self, accounts: Mapping[str, Account], *, price: int = CENT) -> None:
        self.account_price = price
        self.post_price = price // 2
        self.posts_at_once = 10
        self.have = dict(accounts)
        self.calls: list[tuple[str, ...]] = []
        self.read: list[str] = []
        self.instead: Callable[[datetime], object] | None = None

    async def accounts(self, handles: Sequence[str], *, now: datetime) -> Answer:
        assert 1 <= len(handles) <= self.accounts_at_once
        self.calls.append(tuple(handles))
        if self.instead is not None:
            return Answer(self.instead(now))
        there = {handle: self.have[handle] for handle in handles if handle in self.have}
        return Answer(Accounts(there, frozenset(handles) - set(there)), charged=len(there) * self.account_price)

    async def posts(self, account: Account, *, now: datetime) -> Answer:
        self.read.append(account.handle)
        return Answer(Posts(()))


@asynccontextmanager
async def enriching(
    database: str,
    *,
    clock: VirtualClock | None = None,
    network: ToldNetwork | None = None,
    providers: Sequence[ToldProvider] = (),
    settings: EnrichmentSettings | None = None,
) -> AsyncIterator[People]:
    """An app that does nothing but enrich, open, with an owner."""
    chosen = settings or EnrichmentSettings()
    app = Headrace(
        database, name="crm", migrations=[MigrationSet("headrace_crm", "headrace_crm")], clock=clock, say=lambda _: None
    )
    app.register(*CONTACT_EVENTS)
    sources = sources_of(chosen, network=network, providers={each.source: each for each in providers})
    enrichment_jobs.register(app, sources=sources, settings=chosen)
    async with app:
        owner_id = uuid7()
        async with app.transaction() as tx:
            await tx.execute("INSERT INTO crm.owner (id) VALUES ($1)", owner_id)
        yield People(app, owner_id)


def days(count: float) -> timedelta:
    return timedelta(days=count)
