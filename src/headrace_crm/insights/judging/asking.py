"""Asks for the job `judge-contact-letters`, which has a language model judge the letters of one person."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from headrace import Transaction, Unique

JUDGE_KIND: Final = "judge-contact-letters"
_DELAY: Final = timedelta(minutes=1)
_MAX_WAIT: Final = timedelta(minutes=10)
"""Little that a model sees is told before a day is over: letters that come one after the other are judged together."""


class JudgeContact(msgspec.Struct, frozen=True):
    """Args of `judge-contact-letters`: whose contact, and which."""

    owner_id: UUID
    contact_id: UUID


async def ask_about(tx: Transaction, owner_id: UUID, contact_ids: Iterable[UUID]) -> None:
    """Has a model judge the letters of these contacts, soon, if the caller's transaction commits."""
    for contact_id in sorted(contact_ids):
        await tx.enqueue(
            JUDGE_KIND,
            JudgeContact(owner_id, contact_id),
            unique=Unique(str(contact_id), scope="waiting", on_conflict="debounce", max_wait=_MAX_WAIT),
            delay=_DELAY,
        )
