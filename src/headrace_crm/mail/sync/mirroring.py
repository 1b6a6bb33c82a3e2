"""Brings what is stored of a mailbox in line with how its messages were found to be."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Transaction
from headrace_crm.mail.model import UnparsedMessage
from headrace_crm.mail.owners import Owner
from headrace_crm.mail.parse import parse_message
from headrace_crm.mail.provider import Fetched, Gone
from headrace_crm.mail.read_message import ReadMessage
from headrace_crm.mail.removing import remove_messages
from headrace_crm.mail.staging import MAX_MESSAGE_BYTES
from headrace_crm.mail.storing import Stored, store_messages
from headrace_crm.mail.sync.changes import Known
from headrace_crm.mail.sync.labels import is_wanted
from headrace_crm.mail.sync.listing import SOURCE
from headrace_crm.mail.sync.store import MirrorStore

_HEXADECIMAL: Final = 16


@dataclass(frozen=True, slots=True)
class Look:
    """A message as it was found at the server; `read` is it parsed, where the whole of it was fetched."""

    fetched: Fetched
    read: ReadMessage | None


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What was done: `relabelled` counts messages whose labels are others now."""

    stored: Stored = field(default_factory=Stored)
    removed: int = 0
    relabelled: int = 0

    @property
    def is_changed(self) -> bool:
        """True where anything stored is another now."""
        return bool(self.stored.new or self.stored.unparsed or self.removed or self.relabelled)


def look(fetched: Fetched, *, now: datetime) -> Look:
    """Reads a message as `crm import` reads it from a file; `now` decides which dates are believed."""
    if fetched.raw is None:
        return Look(fetched, None)
    raw = fetched.raw[:MAX_MESSAGE_BYTES]
    outcome = parse_message(raw, now=now, envelope_at=fetched.received_at, is_truncated=len(raw) < len(fetched.raw))
    if isinstance(outcome, UnparsedMessage):
        return Look(fetched, ReadMessage(outcome.message_key, raw, outcome))
    outcome = replace(outcome, labels=fetched.labels, provider_thread_id=takeout_thread(fetched.thread_id))
    return Look(fetched, ReadMessage(outcome.message_key, raw, outcome))


def takeout_thread(thread_id: str) -> str:
    """A thread's id as a Takeout file has it: the decimal of Gmail's hexadecimal; another server's stays as it is.

    >>> takeout_thread("18c2f0a1b2c3d4e5")
    '1784132364113106149'
    """
    try:
        return str(int(thread_id, _HEXADECIMAL))
    except ValueError:
        return thread_id


async def mirror(
    tx: Transaction,
    owner: Owner,
    store: MirrorStore,
    found: Sequence[Look | Gone],
    *,
    import_id: UUID | None,
    now: datetime,
) -> Mirrored:
    """Stores, relabels and removes messages as they were found, each once; the owner must be locked.

    What is older than what is known of a stored message changes nothing, and what is known to be gone stays so.
    """
    known = await store.known([each.id if isinstance(each, Gone) else each.fetched.id for each in found])
    written: list[Known] = []
    coming: list[ReadMessage] = []
    released: list[str] = []
    relabelled: list[tuple[str, Sequence[str]]] = []
    for each in found:
        before = known.get(each.id if isinstance(each, Gone) else each.fetched.id)
        if before is None or before.is_gone:
            continue
        if isinstance(each, Gone):
            written.append(replace(before, message_key=None, is_gone=True))
        else:
            after = _after(before, each)
            if after is None:
                continue
            written.append(after)
            if after.message_key is not None and before.message_key is None and each.read is not None:
                coming.append(each.read)
            elif after.message_key is not None and set(after.labels) != set(before.labels):
                relabelled.append((after.message_key, after.labels))
        if before.message_key is not None and written[-1].message_key is None:
            released.append(before.message_key)
    await store.write(written, now=now)
    stored = await store_messages(tx, owner, coming, import_id=import_id, source=SOURCE)
    await store.relabel(relabelled)
    removed = await remove_messages(tx, owner, await store.released(released))
    return Mirrored(stored, removed, len(relabelled))


def _after(before: Known, found: Look) -> Known | None:
    """What is known after a look; None where it tells nothing newer."""
    fetched = found.fetched
    if before.message_key is not None and fetched.history_id < before.history_id:
        return None
    if not is_wanted(fetched.labels):
        key = None
    elif before.message_key is not None:
        key = before.message_key
    elif found.read is not None:
        key = found.read.message_key
    else:
        return None
    return replace(before, message_key=key, history_id=fetched.history_id, labels=fetched.labels)
