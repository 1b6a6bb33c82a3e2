"""Projections to test with: notes counted for each stream, by a fold in SQL, in Python, and row by row."""

from typing import Any

import msgspec

from fix_events import ContactCreated, ContactRenamed, NoteTaken
from headrace import Headrace, Stream

TABLE = (
    "CREATE TABLE note_stats (key text PRIMARY KEY, notes bigint NOT NULL, letters bigint NOT NULL, last text NOT NULL)"
)
SQL = """
INSERT INTO note_stats AS known
SELECT aggregate_id, count(*), sum(length(data ->> 'text')), (array_agg(data ->> 'text' ORDER BY position DESC))[1]
FROM batch
WHERE aggregate_id IS NOT NULL AND 1 / (length(data ->> 'text') - 13) IS NOT NULL
GROUP BY aggregate_id ORDER BY aggregate_id
ON CONFLICT (key) DO UPDATE SET notes = known.notes + excluded.notes, letters = known.letters + excluded.letters,
                                last = excluded.last
"""
SHOWN = "SELECT key, notes, letters, last FROM note_stats ORDER BY key"
POISON = "indigestible!"
"""No fold here can stomach a text of thirteen letters."""


class NoteStats(msgspec.Struct, frozen=True):
    notes: int = 0
    letters: int = 0
    last: str = ""


def add_note(row: NoteStats, event: Any) -> NoteStats:
    text = event.data.text
    if len(text) == len(POISON):
        raise ValueError(f"cannot stomach {text}")
    return NoteStats(row.notes + 1, row.letters + len(text), text)


async def write_notes(events: Any, connection: Any) -> None:
    for event in events:
        if event.stream is None:
            continue
        one = add_note(NoteStats(), event)
        await connection.execute(
            "INSERT INTO note_stats AS known VALUES ($1, 1, $2, $3) ON CONFLICT (key) DO UPDATE"
            " SET notes = known.notes + 1, letters = known.letters + excluded.letters, last = excluded.last",
            event.stream.aggregate_id,
            one.letters,
            one.last,
        )


def declare(app: Headrace, fold: str, **options: Any) -> None:
    """Declares `note_stats` with one of the three folds: sql, python or keyed."""
    app.register(NoteTaken, ContactCreated, ContactRenamed)
    match fold:
        case "sql":
            app.projection("note_stats", NoteTaken, ddl=TABLE, **options).sql(SQL)
        case "python":
            app.projection("note_stats", NoteTaken, ddl=TABLE, **options)(write_notes)
        case _:
            app.projection("note_stats", NoteTaken, row=NoteStats, **options)(add_note)


async def take_notes(app: Headrace, count: int, *, first: int = 0, streams: int = 7) -> int:
    """Appends so many notes, and other events between them; the position of the last."""
    async with app.transaction() as tx:
        for number in range(first, first + count):
            await tx.append(NoteTaken("x" * (number % 5) + str(number)), stream=Stream("note", str(number % streams)))
            if number % 3 == 0:
                await tx.append(ContactCreated(str(number)), stream=Stream("contact", str(number)))
    assert tx.last_position is not None
    return tx.last_position


async def folded(connection: Any) -> list[tuple[Any, ...]]:
    """What `note_stats` has to be, by plain Python over the whole log."""
    rows = await connection.fetch(
        "SELECT aggregate_id, data ->> 'text' FROM headrace.event WHERE type = 'note.taken'"
        " AND aggregate_id IS NOT NULL ORDER BY position"
    )
    found: dict[str, tuple[int, int, str]] = {}
    for key, text in rows:
        notes, letters, _ = found.get(key, (0, 0, ""))
        found[key] = (notes + 1, letters + len(text), text)
    return [(key, *found[key]) for key in sorted(found)]


async def shown(connection: Any) -> list[tuple[Any, ...]]:
    """What the view shows."""
    return [tuple(row) for row in await connection.fetch(SHOWN)]


async def forget(app: Headrace) -> None:
    """Empties the database of everything an earlier example left."""
    async with app.pool.acquire() as connection:
        await connection.execute(
            "DO $$ DECLARE one text; BEGIN"
            " FOR one IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'note\\_stats\\_\\_%' LOOP"
            " EXECUTE format('DROP SCHEMA %I CASCADE', one); END LOOP; END $$;"
            "TRUNCATE headrace.event, headrace.stream, headrace.subscription, headrace.checkpoint, headrace.lane_floor,"
            " headrace.parked_stream, headrace.parked_event, headrace.subscription_action, headrace.projection,"
            " headrace.projection_build CASCADE"
        )
