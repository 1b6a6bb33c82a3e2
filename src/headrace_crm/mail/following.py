"""What follows as mail is stored: its people, at once where it is a little, else by `contact-extraction`."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from headrace import Transaction
from headrace_crm.mail.importing import begin_extraction
from headrace_crm.mail.owners import Owner

FindPeople: TypeAlias = Callable[[Transaction, Owner], Awaitable[bool]]
"""Finds the people of mail that was stored for a locked owner, not of much; True where that was all there was."""


async def follow_mail(tx: Transaction, owner: Owner, find_people: FindPeople | None) -> None:
    """Finds the people of what this transaction stored for a locked owner, in the same commit.

    So one message costs no job of its own for that, and whoever reads the log meets all its events at once. What is
    left where it was too much, or everything without `find_people`, is for `contact-extraction`.
    """
    if find_people is None or not await find_people(tx, owner):
        await begin_extraction(tx, owner.id)
