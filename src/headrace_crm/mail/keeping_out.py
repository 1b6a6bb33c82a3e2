"""Keeps people who were forgotten out of mail that is about to be stored.

Only digests are known of their addresses and of the ids of their messages, made with a key of the database.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from headrace import Connection, statement
from headrace_crm.mail.cutting_out import Forgotten, addresses_in_raw, addresses_of, cut_out, names_of
from headrace_crm.mail.model import ParsedMessage
from headrace_crm.mail.owners import Owner
from headrace_crm.mail.read_message import ReadMessage

_PACKAGE: Final = "headrace_crm.mail"


def digest(key: bytes, mark: str) -> bytes:
    """What stands for an address or a Message-ID that must not be known: HMAC-SHA-256 of it in lower case."""
    return hmac.digest(key, mark.strip().lower().encode(), hashlib.sha256)


async def erasure_key(connection: Connection) -> bytes | None:
    """The key that digests are made with; None before the first erasure."""
    return await connection.fetchval(statement(_PACKAGE, "erasure_key"))


async def mark_erased(connection: Connection, key: bytes, marks: Iterable[str]) -> None:
    """Has these addresses, and messages of these ids, be kept out from now on."""
    await connection.execute(statement(_PACKAGE, "insert_marks"), [digest(key, mark) for mark in set(marks)])


async def blank_mirrored(connection: Connection, owner: Owner, keys: Collection[str]) -> None:
    """Has mirrors of servers know messages by no key: they are not stored, and not to be fetched for ever."""
    await connection.execute(statement(_PACKAGE, "blank_mirrored"), owner.id, sorted(keys))


async def keep_out(connection: Connection, owner: Owner, read: Sequence[ReadMessage]) -> list[ReadMessage]:
    """The messages without anybody who was forgotten; those of which nothing stays are left out.

    The owner must be locked: an erasure takes every owner's lock to mark whom it erases, so none is missed. The ids of
    what the person wrote are marked as it is met, so that answers which quote it are known when they come.
    """
    key = await erasure_key(connection)
    if key is None or not read:
        return list(read)
    erased = await _erased_among(connection, key, set[str]().union(*map(_marks, read)))
    if not erased:
        return list(read)
    parsed = [each.outcome for each in read if isinstance(each.outcome, ParsedMessage)]
    theirs = {each.message_id for each in parsed if each.sender and each.sender.email in erased and each.message_id}
    await mark_erased(connection, key, theirs)
    whom = Forgotten(erased.__contains__, names_of(parsed, erased), frozenset(erased | theirs))
    kept = [_kept(each, whom, owner) for each in read]
    gone = [each.message_key for each, left in zip(read, kept, strict=True) if left is None]
    if gone:
        await blank_mirrored(connection, owner, gone)
    return [each for each in kept if each is not None]


async def _erased_among(connection: Connection, key: bytes, marks: Collection[str]) -> set[str]:
    digests = {digest(key, mark): mark for mark in marks}
    rows = await connection.fetch(statement(_PACKAGE, "erased_among"), list(digests))
    return {digests[row["digest"]] for row in rows}


def _marks(read: ReadMessage) -> set[str]:
    message = read.outcome
    if not isinstance(message, ParsedMessage):
        return addresses_in_raw(read.raw)
    own = () if message.message_id is None else (message.message_id,)
    return addresses_of(message) | {*own, *message.in_reply_to, *message.references}


def _kept(read: ReadMessage, whom: Forgotten, owner: Owner) -> ReadMessage | None:
    message = read.outcome
    if not isinstance(message, ParsedMessage):
        # Nobody knows which part of it is whose.
        return None if any(map(whom.is_theirs, addresses_in_raw(read.raw))) else read
    is_answer = not whom.message_ids.isdisjoint((*message.in_reply_to, *message.references))
    if not is_answer and not any(map(whom.is_theirs, addresses_of(message))):
        # Somebody else may be called so.
        return read
    left = cut_out(message, whom, owners=owner.addresses, is_in_their_thread=is_answer)
    return None if left is None else replace(read, outcome=left)
