"""Letters between an owner and people, put into the database as storing and extraction would, without an import."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from headrace import Headrace, uuid7
from headrace_crm.insights.generating import look_at_all
from headrace_crm.insights.jobs import look_again
from headrace_crm.mail.full_name import full_name
from headrace_crm.mail.owners import set_as_of

ME = "me@work.example"
MARCH = datetime(2026, 3, 2, 12, tzinfo=UTC)
_MESSAGE = (
    "INSERT INTO crm.message (owner_id, message_key, thread_id, direction, is_bulk, sender_email, subject, sent_at,"
    " date_is_guessed, in_reply_to, reference_ids, is_automated, is_precedence_bulk, has_unsubscribe, is_list_post,"
    " body_text, attachments, labels, size_bytes, is_truncated, source) VALUES ($1, $2, $3, $4, false, $5, $6, $7,"
    " false, '{}', '{}', false, false, false, false, $8, '[]', '{}', 1, false, 'test') RETURNING id"
)


class Letters:
    """The mail of one owner, `ME`, whose insights take the 2nd of March 2026, a Monday, for now."""

    def __init__(self, app: Headrace, owner_id: UUID) -> None:
        self.app = app
        self.owner_id = owner_id
        self.emails: dict[UUID, str] = {}

    @classmethod
    async def begin(cls, app: Headrace, *, address: str = ME) -> "Letters":
        owner_id = uuid7()
        async with app.transaction() as tx:
            await tx.execute("INSERT INTO crm.owner (id) VALUES ($1)", owner_id)
            await tx.execute("INSERT INTO crm.owner_address (owner_id, email) VALUES ($1, $2)", owner_id, address)
            await set_as_of(tx.connection, owner_id, MARCH)
        return cls(app, owner_id)

    async def add(self, name: str) -> UUID:
        """A contact of this name, who writes from one address."""
        contact_id, email = uuid7(), f"{name.lower().replace(' ', '.')}@example.org"
        async with self.app.transaction() as tx:
            await tx.execute(
                "INSERT INTO crm.contact (id, owner_id, name, addresses) VALUES ($1, $2, $3, $4)",
                contact_id,
                self.owner_id,
                name,
                [email],
            )
            await tx.execute("INSERT INTO crm.address (owner_id, email) VALUES ($1, $2)", self.owner_id, email)
            await tx.execute(
                "INSERT INTO crm.contact_address (owner_id, email, contact_id) VALUES ($1, $2, $3)",
                self.owner_id,
                email,
                contact_id,
            )
            await tx.execute(
                "INSERT INTO crm.address_name (owner_id, email, is_own, name, full_name, seen_count)"
                " VALUES ($1, $2, true, $3, $4, 1)",
                self.owner_id,
                email,
                name,
                full_name(name),
            )
        self.emails[contact_id] = email
        return contact_id

    async def write(
        self,
        contact_id: UUID,
        direction: str,
        days_ago: float,
        text: str = "Words.",
        *,
        thread: int | None = None,
        subject: str = "Mills",
    ) -> tuple[int, int | None]:
        """One letter; its id and its thread, a new one unless given."""
        sent_at = MARCH - timedelta(days=days_ago)
        sender, reader = (ME, self.emails[contact_id]) if direction == "sent" else (self.emails[contact_id], ME)
        async with self.app.transaction() as tx:
            if thread is None:
                thread = await tx.fetchval("INSERT INTO crm.thread (owner_id) VALUES ($1) RETURNING id", self.owner_id)
            message_id = await tx.fetchval(
                _MESSAGE, self.owner_id, str(uuid7()), thread, direction, sender, subject, sent_at, text
            )
            for position, (role, email) in enumerate((("from", sender), ("to", reader))):
                await tx.execute(
                    "INSERT INTO crm.message_address (message_id, position, owner_id, role, email, name)"
                    " VALUES ($1, $2, $3, $4, $5, '')",
                    message_id,
                    position,
                    self.owner_id,
                    role,
                    email,
                )
            await tx.execute(
                "INSERT INTO crm.interaction (message_id, contact_id, owner_id, direction, occurred_at)"
                " VALUES ($1, $2, $3, $4, $5)",
                message_id,
                contact_id,
                self.owner_id,
                direction,
                sent_at,
            )
        return message_id, thread

    async def talk(self, contact_id: UUID, *days_ago: float) -> None:
        """Threads of a letter and its answer an hour later, so many days ago."""
        for each in days_ago:
            _, thread = await self.write(contact_id, "received", each)
            await self.write(contact_id, "sent", each - 1 / 24, thread=thread)

    async def look(self, *contact_ids: UUID) -> dict[str, int]:
        """Rules look at these people, or at everybody written here."""
        async with self.app.transaction() as tx:
            await look_again(tx, self.owner_id, contact_ids or tuple(self.emails))
        return await look_at_all(self.app, self.owner_id)
