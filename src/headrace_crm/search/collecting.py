"""The work of `collect-passages`: texts of messages, people and questions become passages."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from headrace import Headrace, Job, Row, Transaction, Unique
from headrace_crm.mail.reply_text import read_reply
from headrace_crm.search.embedder import Embedder
from headrace_crm.search.embedding import EMBED_KIND, EmbedPassages, batch_of, embed_at_once
from headrace_crm.search.passage import Passage, contact_passage, facts_of, message_passages, question_passage
from headrace_crm.search.store import (
    await_vectors,
    contacts_to_collect,
    count_vocabulary,
    hold_erasures,
    insert_passages,
    outgrown_vocabularies,
    questions_to_collect,
    uncollected_messages,
)

COLLECT_KIND: Final = "collect-passages"
SOURCES_A_JOB: Final = 100


class CollectPassages(msgspec.Struct, frozen=True):
    """Args of `collect-passages`: the messages, contacts and questions whose texts are to be found."""

    message_ids: tuple[int, ...] = ()
    contact_ids: tuple[UUID, ...] = ()
    question_ids: tuple[UUID, ...] = ()


async def collect_passages(
    app: Headrace, job: Job, args: CollectPassages, *, language: str, embedder: Embedder | None
) -> None:
    """Stores the passages of these sources in one transaction that completes the job.

    Messages that have passages are left alone, contacts are written anew. What was deleted meanwhile has none.
    A few passages get their vectors at once where the model is near; else those follow in a job of their own, since
    a model may be slow or away.
    """
    async with job.transaction() as tx:
        # Before anything is read: an erasure waits for what was read, and nothing is read that it has yet to take.
        await hold_erasures(tx.connection)
        rows = await uncollected_messages(tx.connection, args.message_ids) if args.message_ids else []
        passages = await asyncio.to_thread(_of_messages, rows)
        if args.question_ids:
            passages += [_of_question(row) for row in await questions_to_collect(tx.connection, args.question_ids)]
        if args.contact_ids:
            passages += [_of_contact(row) for row in await contacts_to_collect(tx.connection, args.contact_ids)]
        tx.result = {"passages": await _store(app, tx, passages, language=language, embedder=embedder)}


async def _store(
    app: Headrace, tx: Transaction, passages: Sequence[Passage], *, language: str, embedder: Embedder | None
) -> int:
    stored = await insert_passages(tx.connection, passages, language=language)
    if not stored:
        return 0
    for owner_id in await outgrown_vocabularies(tx.connection, {each.owner_id for each in passages}):
        await count_vocabulary(tx.connection, owner_id, now=app.clock.now())
    if embedder is not None:
        batch = batch_of((passage_id, each.title, each.body) for passage_id, each in stored)
        if not await embed_at_once(tx.connection, embedder, batch):
            await await_vectors(tx.connection, batch.passage_ids)
            await tx.enqueue(EMBED_KIND, EmbedPassages(), unique=Unique("all", scope="waiting"))
    return len(stored)


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


def _of_question(row: Row) -> Passage:
    return question_passage(row["owner_id"], row["query_id"], text=row["text"], asked_at=row["asked_at"])


def _of_contact(row: Row) -> Passage:
    return contact_passage(
        row["owner_id"],
        row["id"],
        name=row["name"],
        addresses=row["addresses"],
        facts=facts_of({name: found["value"] for name, found in msgspec.json.decode(row["fields"]).items()}),
        at=row["created_at"],
    )
