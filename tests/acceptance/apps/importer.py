"""Imports so many events with ids, part by part; tells after each commit how many were new and how many were known."""

import asyncio
import sys
from uuid import NAMESPACE_OID, uuid5

import msgspec

from headrace import Headrace, Imported, PastEvent, Stream, event


@event("note.taken")
class NoteTaken(msgspec.Struct, frozen=True):
    text: str


def tell(imported: Imported) -> None:
    sys.stdout.write(f"{imported.event_count} {imported.known_count}\n")
    sys.stdout.flush()


async def main(dsn: str, count: int, commit_every: int) -> None:
    app = Headrace(dsn, name="importer", say=lambda _: None)
    app.register(NoteTaken)
    await app.open(migrating=None)
    events = (
        PastEvent(
            data=NoteTaken(str(number)),
            stream=Stream("contact", str(number % 10)),
            event_id=uuid5(NAMESPACE_OID, str(number)),
        )
        for number in range(count)
    )
    try:
        await app.import_events(events, commit_every=commit_every, on_commit=tell)
    finally:
        await app.close()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
