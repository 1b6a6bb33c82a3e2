"""Which messages of a mailbox belong to the CRM, by their labels: pure."""

from collections.abc import Iterable
from typing import Final

LEFT_OUT: Final = frozenset({"SPAM", "TRASH", "DRAFT", "CHAT"})
"""Spam and trash are no dealings with anybody, drafts were not sent, chats are no mail."""


def is_wanted(labels: Iterable[str]) -> bool:
    """True for a message that is mirrored; one that gets such a label goes, and comes back without it."""
    return LEFT_OUT.isdisjoint(labels)
