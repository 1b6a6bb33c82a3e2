"""Answers that were given: kept with their questions, read again, and dropped."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Connection, Row, statement
from headrace_crm.search.answer import Answer, Citation

_PACKAGE: Final = "headrace_crm.search"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """A question with the answer it was given; the fields of `Answer` have their meaning.

    Of `cited_count` passages those in `citations` are still there.
    """

    query_id: UUID
    question: str
    asked_at: datetime
    text: str
    answered_by: str
    note: str | None
    since: datetime | None
    before: datetime | None
    about: tuple[str, ...]
    cited_count: int
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was answered, as it is listed."""

    query_id: UUID
    question: str
    asked_at: datetime
    answered_by: str
    cited_count: int


async def keep_answer(connection: Connection, query_id: UUID, answer: Answer) -> None:
    """Keeps an answer; its question must be kept, in the same transaction."""
    await connection.execute(
        statement(_PACKAGE, "keep_answer"),
        query_id,
        answer.text,
        answer.answered_by,
        answer.note,
        answer.since,
        answer.before,
        list(answer.about),
        len(answer.citations),
    )
    cited = answer.citations
    await connection.execute(
        statement(_PACKAGE, "keep_citations"),
        query_id,
        [each.number for each in cited],
        [each.message_id for each in cited],
        # A message says itself whose it is.
        [None if each.message_id is not None else each.contact_id for each in cited],
        [each.quote for each in cited],
    )


async def read_answer(connection: Connection, query_id: UUID) -> KeptAnswer | None:
    """A question with its answer; None where it was never answered, or is forgotten."""
    row = await connection.fetchrow(statement(_PACKAGE, "read_answer"), query_id)
    if row is None:
        return None
    citations = await connection.fetch(statement(_PACKAGE, "citations_of"), query_id)
    return KeptAnswer(
        query_id=query_id,
        question=row["question"],
        asked_at=row["asked_at"],
        text=row["text"],
        answered_by=row["answered_by"],
        note=row["note"],
        since=row["since"],
        before=row["before"],
        about=tuple(row["about"]),
        cited_count=row["cited_count"],
        citations=tuple(_citation(each) for each in citations),
    )


async def list_answers(connection: Connection, *, before: UUID | None = None, limit: int = 20) -> list[Asked]:
    """What was asked and answered, newest first, below the question `before`."""
    rows = await connection.fetch(statement(_PACKAGE, "list_answers"), before, limit)
    return [
        Asked(row["query_id"], row["question"], row["asked_at"], row["answered_by"], row["cited_count"]) for row in rows
    ]


async def drop_question(connection: Connection, query_id: UUID) -> bool:
    """Removes a question, its answer and what it is found by, in the caller's transaction; False where it is gone."""
    # Whoever has read the question and not stored its passage yet is waited for.
    await connection.execute(statement(_PACKAGE, "hold_collecting"))
    dropped = await connection.fetchval(statement(_PACKAGE, "drop_question"), query_id)
    await connection.execute(statement(_PACKAGE, "drop_question_passage"), query_id)
    return dropped is not None


def _citation(row: Row) -> Citation:
    addresses = row["addresses"] or ()
    address = row["sender_email"] or (addresses[0] if addresses else "")
    return Citation(
        row["number"],
        row["message_id"],
        row["thread_id"],
        row["contact_id"],
        row["name"] or row["sender_name"] or address,
        address,
        row["title"],
        row["occurred_at"],
        row["quote"],
    )
