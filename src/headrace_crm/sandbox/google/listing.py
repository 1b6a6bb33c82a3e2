"""What a listing shows: newest first, by label, by search, page by page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from headrace_crm.sandbox.answer import Answer
from headrace_crm.sandbox.google.call import Asked
from headrace_crm.sandbox.google.message import Message
from headrace_crm.sandbox.google.paging import page_size, page_token, read_token
from headrace_crm.sandbox.google.query import is_hidden, read_query
from headrace_crm.sandbox.google.refusal import forbidden, invalid
from headrace_crm.sandbox.google.scopes import READERS

_KEY_PARTS: Final = 2


@dataclass(frozen=True, slots=True)
class Page:
    """A page of messages; `estimate` is a guess at the size of the whole, as Gmail's is."""

    messages: list[Message]
    next_token: str | None
    estimate: int


def listed(asked: Asked, *, now: datetime, one_a_thread: bool = False) -> Page | Answer:
    """The page that is asked for, or what is wrong with the question.

    With `one_a_thread` only the newest fitting message of each thread is there.
    """
    size = page_size(asked.one("maxResults"))
    if size is None:
        return invalid(f"Invalid value at 'max_results' (TYPE_UINT32), \"{asked.one('maxResults')}\"")
    if asked.one("q") and READERS.isdisjoint(asked.grant.scopes):
        return forbidden("Metadata scope does not support 'q' parameter")
    before = None
    if token := asked.one("pageToken"):
        parts = read_token(token)
        if parts is None or len(parts) != _KEY_PARTS or not parts[0].isdecimal():
            return invalid("Invalid pageToken")
        before = (int(parts[0]), parts[1])
    if not asked.mailbox.has_labels(asked.many("labelIds")):
        return invalid(f"Invalid label: {', '.join(asked.many('labelIds'))}")
    found = _fitting(asked, now=now, before=before, one_a_thread=one_a_thread)
    messages = list(islice(found, size))
    more = next(found, None) is not None
    is_whole = not asked.one("q") and not asked.many("labelIds")
    estimate = asked.mailbox.message_count if is_whole else len(messages) + more
    return Page(messages, page_token(*messages[-1].sort_key) if more else None, estimate)


def _fitting(asked: Asked, *, now: datetime, before: tuple[int, str] | None, one_a_thread: bool) -> Iterator[Message]:
    query = read_query(asked.one("q"), labels=asked.mailbox.labels, now=now)
    wanted = frozenset(asked.many("labelIds"))
    shows_hidden = asked.flag("includeSpamTrash") or query.shows_hidden or not wanted.isdisjoint({"SPAM", "TRASH"})

    def fits(message: Message) -> bool:
        is_shown = shows_hidden or not is_hidden(message)
        return is_shown and wanted.issubset(message.labels) and query.fits(message)

    def is_newest_that_fits(message: Message) -> bool:
        thread = asked.mailbox.thread(message.thread_id)
        return not any(fits(other) for other in thread if other.sort_key > message.sort_key)

    for message in asked.mailbox.newest_first(before):
        if fits(message) and (not one_a_thread or is_newest_that_fits(message)):
            yield message
