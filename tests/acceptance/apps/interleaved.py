"""The app of interleaving tests: `note_stats` row by row, in as many lanes as told, failing when it is told to."""

import os
from pathlib import Path

from projected import tell

from fix_events import NoteTaken
from fix_projections import NoteStats, add_note
from headrace import Headrace, StoredEvent, Telemetry

app = Headrace(name="interleaved", telemetry=Telemetry(tell))
app.register(NoteTaken)
_FAULT = Path(os.environ["INTERLEAVED_FAULT"])


@app.projection(
    "note_stats",
    NoteTaken,
    row=NoteStats,
    lanes=int(os.environ["INTERLEAVED_LANES"]),
    batch_size=7,
    rebuild_size=11,
    attempts=None,
)
def note_stats(row: NoteStats, one: StoredEvent) -> NoteStats:
    if _FAULT.exists():
        raise OSError("it fails for now")
    return add_note(row, one)
