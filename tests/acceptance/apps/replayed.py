"""The app whose replays are killed: its handler copies events in small batches, a little slowly."""

import asyncio
from collections.abc import Sequence

from fix_events import NoteTaken
from headrace import Headrace, StoredEvent, Transaction

app = Headrace(name="replayed")
app.register(NoteTaken)


@app.on(NoteTaken, mode="ordered", name="copy", start="now", batch_size=20)
async def copy(events: Sequence[StoredEvent], tx: Transaction) -> None:
    for event in events:
        await tx.execute("INSERT INTO public.copy VALUES ($1, $2)", event.position, event.data.text)
    await asyncio.sleep(0.01)  # long enough for a kill to come in the middle of a transaction
    await tx.enqueue("process-event", {"handler": "copy", "position": 1, "event_id": str(events[0].id)})
