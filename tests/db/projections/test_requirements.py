"""The requirements' contact stats and user activity as projections, with given, when, then."""

from typing import Any

import msgspec

from headrace import Stream, bind, event
from headrace.testing import given

CONTACT = Stream("contact", "ada")


@event("interaction.email_sent")
class EmailSent(msgspec.Struct, frozen=True):
    subject: str


@event("interaction.email_received")
class EmailReceived(msgspec.Struct, frozen=True):
    subject: str


@event("email.synced")
class EmailSynced(msgspec.Struct, frozen=True):
    count: int


@event("contact.created")
class ContactAdded(msgspec.Struct, frozen=True):
    name: str


def reads(query: str, *expected: tuple[Any, ...]):
    """A check that a query answers these rows."""

    async def check(app) -> None:
        async with app.pool.acquire() as connection:
            assert [tuple(row) for row in await connection.fetch(query)] == list(expected)

    return check


async def test_contact_stats_count_and_keep_the_last(app):
    app.register(EmailSent, EmailReceived)

    class ContactStats(msgspec.Struct, frozen=True):
        sent: int = 0
        received: int = 0
        last: str = ""

    @app.projection("contact_stats", EmailSent, EmailReceived, row=ContactStats)
    def fold(row, one):
        is_sent = isinstance(one.data, EmailSent)
        return ContactStats(row.sent + is_sent, row.received + (not is_sent), one.data.subject)

    await (
        given(app, EmailSent("Hello"), EmailReceived("Re: Hello"), stream=CONTACT)
        .when(EmailSent("Lunch?"), stream=CONTACT)
        .then(reads("SELECT key, sent, received, last FROM contact_stats", ("ada", 2, 1, "Lunch?")))
    )


async def test_user_activity_adds_up_by_user_and_day(app):
    app.register(EmailSynced, ContactAdded)
    app.projection(
        "user_activity",
        EmailSynced,
        ContactAdded,
        ddl="CREATE TABLE user_activity (user_id text, day date, emails int8, contacts int8, UNIQUE (user_id, day))",
    ).sql("""
        INSERT INTO user_activity AS known
        SELECT user_id, (occurred_at AT TIME ZONE 'UTC')::date,
               coalesce(sum((data ->> 'count')::bigint) FILTER (WHERE type = 'email.synced'), 0),
               count(*) FILTER (WHERE type = 'contact.created')
        FROM batch WHERE user_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (user_id, day) DO UPDATE
        SET emails = known.emails + excluded.emails, contacts = known.contacts + excluded.contacts
    """)

    with bind(user_id="u1"):
        await (
            given(app, EmailSynced(3), ContactAdded("Ada"))
            .when(EmailSynced(4), EmailSynced(0))
            .then(
                reads("SELECT user_id, sum(emails), sum(contacts) FROM user_activity GROUP BY 1", ("u1", 7, 1)),
                reads("SELECT max(day) >= '2020-01-01' FROM user_activity", (True,)),
            )
        )
