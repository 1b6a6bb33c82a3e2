"""Writes passages, and counts their words."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Connection, Row, statement
from headrace_crm.search.passage import Passage
from headrace_crm.search.vocabulary import is_outgrown

_PACKAGE: Final = "headrace_crm.search"


async def insert_passages(
    connection: Connection, passages: Sequence[Passage], *, language: str
) -> list[tuple[int, Passage]]:
    """Stores those of these passages that are not there; the new ones, with their ids.

    `language` is the text search configuration their words are taken by.
    """
    if not passages:
        return []
    rows = await connection.fetch(
        statement(_PACKAGE, "insert_passages"),
        [each.owner_id for each in passages],
        [each.kind for each in passages],
        [each.message_id for each in passages],
        [each.contact_id for each in passages],
        [each.question_id for each in passages],
        [each.number for each in passages],
        [each.title for each in passages],
        [each.body for each in passages],
        [each.occurred_at for each in passages],
        language,
    )
    stored = {_key(each.message_id, each.contact_id, each.question_id, each.number): each for each in passages}
    return [
        (row["id"], stored[_key(row["message_id"], row["contact_id"], row["question_id"], row["number"])])
        for row in rows
    ]


async def await_vectors(connection: Connection, passage_ids: Sequence[int]) -> None:
    """Has passages wait for their vectors."""
    await connection.execute(statement(_PACKAGE, "await_vectors"), passage_ids)


async def uncollected_messages(connection: Connection, message_ids: Sequence[int]) -> list[Row]:
    """Those of these messages that have no passage and should: id, owner_id, subject, body_text, sent_at."""
    return await connection.fetch(statement(_PACKAGE, "uncollected_messages"), message_ids)


async def contacts_to_collect(connection: Connection, contact_ids: Collection[UUID]) -> list[Row]:
    """Contacts as they are now, and without their passages, which are to be written anew."""
    chosen = sorted(contact_ids)
    rows = await connection.fetch(statement(_PACKAGE, "contacts_to_collect"), chosen)
    await connection.execute(statement(_PACKAGE, "delete_contact_passages"), chosen)
    return rows


async def keep_question(
    connection: Connection, query_id: UUID, owner_id: UUID | None, text: str, *, now: datetime
) -> None:
    """Keeps the words of a question; `owner_id` None for one about the mail of several owners."""
    await connection.execute(statement(_PACKAGE, "keep_question"), query_id, owner_id, text, now)


async def questions_to_collect(connection: Connection, query_ids: Collection[UUID]) -> list[Row]:
    """Those of these questions that are about one owner's mail: query_id, owner_id, text, asked_at."""
    return await connection.fetch(statement(_PACKAGE, "questions_to_collect"), sorted(query_ids))


async def hold_erasures(connection: Connection) -> None:
    """Has erasures wait until the caller's transaction ends, and waits for one that changes texts."""
    await connection.execute(statement(_PACKAGE, "hold_erasures"))


async def outgrown_vocabularies(connection: Connection, owner_ids: Collection[UUID]) -> list[UUID]:
    """Those of these owners whose words should be counted again, in order."""
    rows = await connection.fetch(statement(_PACKAGE, "vocabulary_standing"), sorted(owner_ids))
    return [row["owner_id"] for row in rows if is_outgrown(row["counted"], row["present"])]


async def count_vocabulary(connection: Connection, owner_id: UUID, *, now: datetime) -> None:
    """Counts an owner's words anew, in the caller's transaction."""
    await connection.execute(statement(_PACKAGE, "lock_vocabulary"), owner_id)
    await connection.execute(statement(_PACKAGE, "forget_words"), owner_id)
    await connection.execute(statement(_PACKAGE, "count_words"), owner_id)
    await connection.execute(statement(_PACKAGE, "count_passages"), owner_id, now)


async def passages_of_message(connection: Connection, message_id: int) -> list[tuple[int, str]]:
    """The passages that a message is found by, each with its number from 0."""
    rows = await connection.fetch(statement(_PACKAGE, "passages_of_message"), message_id)
    return [(row["number"], row["body"]) for row in rows]


def _key(
    message_id: int | None, contact_id: UUID | None, question_id: UUID | None, number: int
) -> tuple[int | UUID | None, int]:
    return message_id or contact_id or question_id, number
