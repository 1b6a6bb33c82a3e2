"""Which messages are one conversation, whatever order they are read in.

Two rules, both functions of the set of messages:

1. Messages that share an id are one thread: their own id, an id of In-Reply-To or References (also one that
   nobody has seen), or the provider's thread id.
2. A reply that carries no reference at all *claims* the conversations of the same subject between the same
   two addresses, of its own or the month before. Every message *offers* such keys; a key binds all who offer
   or claim it once somebody claims it. Two unrelated messages with the same subject thus stay apart until a
   reply needs them.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from headrace_crm.mail.model import ParsedMessage

SUBJECT_WINDOW_DAYS: Final = 30
_MAX_PAIRS: Final = 8
_MIN_SUBJECT_CHARS: Final = 3
_SECONDS_A_DAY: Final = 86_400

_REPLY_WORD: Final = r"(?:re|aw|antw|antwort|sv|vs|ref|rif|odp|res)"
_COUNT: Final = r"\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:\uff1a]"
_TAG: Final = r"\[[^\]]{1,60}\]"
_PREFIX: Final = re.compile(rf"\s*(?:(?:{_REPLY_WORD}|fwd?|wg|tr|rv|enc|doorst){_COUNT}|{_TAG})", re.IGNORECASE)
_REPLY: Final = re.compile(rf"\s*(?:{_TAG}\s*)*{_REPLY_WORD}{_COUNT}", re.IGNORECASE)
_SPACES: Final = re.compile(r"\s+")

ThreadT = TypeVar("ThreadT", int, str)


@dataclass(frozen=True, slots=True)
class ThreadLinks:
    """What ties a message to others.

    `ids` bind always. `offered` bind once any message claims them; `claimed` is empty for all but replies
    without references.
    """

    ids: tuple[str, ...]
    offered: tuple[str, ...]
    claimed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placement(Generic[ThreadT]):
    """Where a message goes: `thread` is None when it opens a new one; `absorbed` threads merge into it."""

    thread: ThreadT | None
    absorbed: tuple[ThreadT, ...]


def thread_links(message: ParsedMessage) -> ThreadLinks:
    """Return the links of one message; texts of at most some 400 characters, fit for an index.

    Ids keep their spelling (`local@host`), provider threads begin with `thread:`, subjects with `subject:`.
    """
    ids = dict.fromkeys((message.message_key, *message.in_reply_to, *message.references))
    if message.provider_thread_id:
        ids[f"thread:{message.provider_thread_id}"] = None
    subject = normalise_subject(message.subject)
    if len(subject) < _MIN_SUBJECT_CHARS or message.sender is None:
        return ThreadLinks(tuple(ids), (), ())
    month = int(message.sent_at.timestamp()) // (_SECONDS_A_DAY * SUBJECT_WINDOW_DAYS)
    others = dict.fromkeys(address.email for address in message.to + message.cc)
    sender = message.sender.email
    pairs = [(sender, other) for other in others if other != sender][:_MAX_PAIRS]
    offered = tuple(_subject_key(subject, pair, month) for pair in pairs)
    if message.in_reply_to or message.references or not is_reply_subject(message.subject):
        return ThreadLinks(tuple(ids), offered, ())
    # A reply to all answers one of its To addresses, who may have written to the others alone.
    first = [(to.email, other) for to in message.to[:1] for other in others if other != to.email][:_MAX_PAIRS]
    claimed = (_subject_key(subject, pair, at) for pair in (*pairs, *first) for at in (month, month - 1))
    return ThreadLinks(tuple(ids), offered, tuple(dict.fromkeys(claimed)))


def normalise_subject(subject: str) -> str:
    """Return a subject without reply, forward and `[list]` prefixes, case-folded, blanks single."""
    position = 0
    while match := _PREFIX.match(subject, position):
        position = match.end()
    return _SPACES.sub(" ", subject[position:]).strip().casefold()


def is_reply_subject(subject: str) -> bool:
    """True when a subject begins as a reply (`Re:`, `AW:`, `[list] Re[2]:`), not as a forward."""
    return _REPLY.match(subject) is not None


def merge_threads(messages: Iterable[tuple[str, ThreadLinks]]) -> dict[str, str]:
    """Group messages, given as (key, links), and return each key's thread: the smallest key in it."""
    parents: dict[str, str] = {}

    def root_of(node: str) -> str:
        parents.setdefault(node, node)
        while parents[node] != node:
            parents[node] = parents[parents[node]]
            node = parents[node]
        return node

    known = [(f"message:{key}", key, links) for key, links in messages]
    active = {link for _, _, links in known for link in links.claimed}
    for node, _, links in known:
        bound = (*links.ids, *links.claimed, *(link for link in links.offered if link in active))
        for link in bound:
            parents[root_of(f"link:{link}")] = root_of(node)
    smallest: dict[str, str] = {}
    for node, key, _ in known:
        root = root_of(node)
        smallest[root] = min(smallest.get(root, key), key)
    return {key: smallest[root_of(node)] for node, key, _ in known}


def place_in_threads(
    links: ThreadLinks, *, bound: Mapping[str, ThreadT], offers: Mapping[str, Iterable[ThreadT]]
) -> Placement[ThreadT]:
    """Place one more message among stored ones, so that the outcome is that of `merge_threads` over all.

    Args:
        links: of the new message.
        bound: for each of `links.ids` and each *claimed* key already stored: the thread it belongs to. A key
            that is only offered so far must be absent.
        offers: for each of `links.claimed`: the threads of the messages that offer it.

    Returns:
        The smallest thread id involved survives; the others are absorbed. The caller then stores `ids` and
        `claimed` as bound to it, `offered` as offers, and repoints what was absorbed.

    """
    keys = (*links.ids, *links.offered, *links.claimed)
    threads = {bound[key] for key in keys if key in bound}
    for key in links.claimed:
        threads.update(offers.get(key, ()))
    if not threads:
        return Placement(None, ())
    first, *rest = sorted(threads)
    return Placement(first, tuple(rest))


def _subject_key(subject: str, pair: tuple[str, str], month: int) -> str:
    text = "\0".join((subject, *sorted(pair), str(month)))
    return f"subject:{hashlib.sha256(text.encode()).hexdigest()}"
