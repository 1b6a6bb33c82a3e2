"""The work of `collect-passages`: texts of messages, people and questions become passages."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from headrace import Headrace, Job, Row, Transaction, Unique
from headrace_crm.mail.reply_text import read_reply
from headrace_crm.search.embedding import EMBED_KIND, EmbedPassages
from headrace_crm.search.passage import Passage, contact_passage, message_passages, question_passage
from headrace_crm.search.store import (
    contacts_to_collect,
    count_vocabulary,
    insert_passages,
    outgrown_vocabularies,
    uncollected_messages,
)

COLLECT_KIND: Final = "collect-passages"
SOURCES_A_JOB: Final = 100


class Question(msgspec.Struct, frozen=True):
    """A question that was asked, to be remembered."""

    owner_id: UUID
    query_id: UUID
    text: str
    asked_at: datetime


class CollectPassages(msgspec.Struct, frozen=True):
    """Args of `collect-passages`: the messages, contacts and questions whose texts are to be found."""

    message_ids: tuple[int, ...] = ()
    contact_ids: tuple[UUID, ...] = ()
    questions: tuple[Question, ...] = ()


async def collect_passages(app: Headrace, job: Job, args: CollectPassages, *, language: str, embeds: bool) -> None:
    """Stores the passages of these sources in one transaction that completes the job.

    Messages that have passages are left alone, contacts are written anew. What was deleted meanwhile has none.
    Vectors follow in a job of their own, since a model may be slow or away.
    """
    async with app.pool.acquire() as connection:
        rows = await uncollected_messages(connection, args.message_ids) if args.message_ids else []
    passages = await asyncio.to_thread(_of_messages, rows)
    passages += [
        question_passage(each.owner_id, each.query_id, text=each.text, asked_at=each.asked_at)
        for each in args.questions
    ]
    async with job.transaction() as tx:
        if args.contact_ids:
            passages += [_of_contact(row) for row in await contacts_to_collect(tx.connection, args.contact_ids)]
        tx.result = {"passages": await _store(app, tx, passages, language=language, embeds=embeds)}


async def _store(app: Headrace, tx: Transaction, passages: Sequence[Passage], *, language: str, embeds: bool) -> int:
    stored = await insert_passages(tx.connection, passages, language=language, embeds=embeds)
    if not stored:
        return 0
    for owner_id in await outgrown_vocabularies(tx.connection, {each.owner_id for each in passages}):
        await count_vocabulary(tx.connection, owner_id, now=app.clock.now())
    if embeds:
        await tx.enqueue(EMBED_KIND, EmbedPassages(), unique=Unique("all", scope="waiting"))
    return stored


def _of_messages(rows: Sequence[Row]) -> list[Passage]:
    return [
        passage
        for row in rows
        for passage in message_passages(
            row["owner_id"],
            row["id"],
            subject=row["subject"],
            text=read_reply(row["body_text"]).text,
            sent_at=row["sent_at"],
        )
    ]


def _of_contact(row: Row) -> Passage:
    return contact_passage(
        row["owner_id"], row["id"], name=row["name"], addresses=row["addresses"], facts=(), at=row["created_at"]
    )
