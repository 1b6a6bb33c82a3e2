"""Places a batch of new messages among stored threads: pure, and the same in any order of batches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from uuid import UUID

from headrace_crm.mail.thread import ThreadLinks, place_in_threads


@dataclass(frozen=True, slots=True)
class StoredLinks:
    """What the store knows of the keys of a batch: bound keys, and who offers the claimed ones."""

    bound: Mapping[UUID, int]
    offers: Mapping[UUID, Sequence[int]]


@dataclass(slots=True)
class Conversations:
    """Where each message of a batch goes, and what the store must write for it.

    `threads` has one id for each message, in order; `opened` are the ids among them that are new,
    `absorbed` the stored ones that merged, each with what it merged into. `bound` and `offered` are the
    keys to write, after the absorbed ones are repointed.
    """

    threads: list[int] = field(default_factory=list[int])
    opened: list[int] = field(default_factory=list[int])
    absorbed: dict[int, int] = field(default_factory=dict[int, int])
    bound: dict[UUID, int] = field(default_factory=dict[UUID, int])
    offered: set[tuple[UUID, int]] = field(default_factory=set[tuple[UUID, int]])


def link_id(link: str) -> UUID:
    """The fixed-size form in which a link is stored and compared."""
    return UUID(bytes=blake2b(link.encode(), digest_size=16).digest())


def place_batch(messages: Sequence[ThreadLinks], *, stored: StoredLinks, fresh: Iterator[int]) -> Conversations:
    """Decide the threads of new messages, one after the other.

    `fresh` yields unused thread ids, ascending and higher than any stored, so that the oldest thread
    survives a merge. Threads opened and absorbed within the batch appear nowhere.
    """
    placing = _Placing(stored, fresh)
    for links in messages:
        placing.place(links)
    return placing.outcome()


class _Placing:
    def __init__(self, stored: StoredLinks, fresh: Iterator[int]) -> None:
        self._stored = stored
        self._fresh = fresh
        self._into: dict[int, int] = {}
        self._bound: dict[UUID, int] = {}
        self._offers: dict[UUID, set[int]] = {}
        self._threads: list[int] = []
        self._opened: set[int] = set()

    def place(self, links: ThreadLinks) -> None:
        keys = {link: link_id(link) for link in (*links.ids, *links.offered, *links.claimed)}
        bound = {link: thread for link, key in keys.items() if (thread := self._thread_of(key)) is not None}
        offers = {link: self._offering(keys[link]) for link in links.claimed}
        placement = place_in_threads(links, bound=bound, offers=offers)
        if placement.thread is None:
            thread = next(self._fresh)
            self._opened.add(thread)
        else:
            thread = placement.thread
        for absorbed in placement.absorbed:
            self._into[absorbed] = thread
        for link in (*links.ids, *links.claimed):
            self._bound[keys[link]] = thread
        for link in links.offered:
            self._offers.setdefault(keys[link], set()).add(thread)
        self._threads.append(thread)

    def outcome(self) -> Conversations:
        threads = [self._root(thread) for thread in self._threads]
        return Conversations(
            threads=threads,
            opened=sorted(self._opened.intersection(threads)),
            absorbed={old: self._root(new) for old, new in self._into.items() if old not in self._opened},
            bound={key: self._root(thread) for key, thread in self._bound.items()},
            offered={(key, self._root(thread)) for key, threads in self._offers.items() for thread in threads},
        )

    def _thread_of(self, key: UUID) -> int | None:
        thread = self._bound.get(key, self._stored.bound.get(key))
        return None if thread is None else self._root(thread)

    def _offering(self, key: UUID) -> Iterable[int]:
        threads = (*self._stored.offers.get(key, ()), *self._offers.get(key, ()))
        return {self._root(thread) for thread in threads}

    def _root(self, thread: int) -> int:
        while thread in self._into:
            thread = self._into[thread]
        return thread
