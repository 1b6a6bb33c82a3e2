from itertools import count
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.mail.conversations import Conversations, StoredLinks, link_id, place_batch
from headrace_crm.mail.thread import ThreadLinks, merge_threads


class Shelf:
    """What a store keeps of threads, in memory."""

    def __init__(self) -> None:
        self.bound: dict[UUID, int] = {}
        self.offered: set[tuple[UUID, int]] = set()
        self.threads: dict[str, int] = {}
        self.open: set[int] = set()
        self.fresh = count(1)

    def add(self, keys: list[str], links: list[ThreadLinks]) -> Conversations:
        claimed = {link_id(link) for each in links for link in each.claimed}
        offers: dict[UUID, list[int]] = {}
        for key, thread in sorted(self.offered):
            if key in claimed:
                offers.setdefault(key, []).append(thread)
        placed = place_batch(links, stored=StoredLinks(self.bound, offers), fresh=self.fresh)
        assert not self.open & set(placed.opened)
        assert set(placed.absorbed) <= self.open
        self.open = (self.open | set(placed.opened)) - set(placed.absorbed)

        def moved(thread: int) -> int:
            return placed.absorbed.get(thread, thread)

        self.threads = {key: moved(thread) for key, thread in self.threads.items()}
        self.bound = placed.bound | {key: moved(thread) for key, thread in self.bound.items()}
        self.offered = {(key, moved(thread)) for key, thread in self.offered} | placed.offered
        self.threads.update(zip(keys, placed.threads, strict=True))
        return placed


def partition(threads: dict) -> set[frozenset]:
    groups: dict = {}
    for key, thread in threads.items():
        groups.setdefault(thread, set()).add(key)
    return {frozenset(group) for group in groups.values()}


few = st.sampled_from("abcdef")
subjects = st.sampled_from(["s1", "s2", "s3"])


@st.composite
def mailboxes(draw: st.DrawFn) -> list[tuple[str, ThreadLinks]]:
    messages = []
    for number in range(draw(st.integers(1, 12))):
        key = f"m{number}"
        ids = (key, *draw(st.lists(few, max_size=2)), *draw(st.lists(st.integers(0, 11).map("m{}".format), max_size=1)))
        offered = tuple(draw(st.lists(subjects, max_size=2, unique=True)))
        claimed = tuple(draw(st.lists(subjects, max_size=1)))
        messages.append((key, ThreadLinks(tuple(dict.fromkeys(ids)), offered, claimed)))
    return messages


@given(mailboxes(), st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_order_and_division_into_batches_gives_the_same_threads(mailbox, random, size):
    whole = partition(merge_threads(mailbox))
    shuffled = mailbox[:]
    random.shuffle(shuffled)
    shelf = Shelf()
    for begin in range(0, len(shuffled), size):
        batch = shuffled[begin : begin + size]
        shelf.add([key for key, _ in batch], [links for _, links in batch])
    assert partition(shelf.threads) == whole
    assert shelf.open == set(shelf.threads.values())
    assert set(shelf.bound.values()) <= shelf.open


def test_the_oldest_thread_survives_a_merge():
    shelf = Shelf()
    shelf.add(["a", "b"], [ThreadLinks(("a",), (), ()), ThreadLinks(("b",), (), ())])
    placed = shelf.add(["c"], [ThreadLinks(("c", "b", "a"), (), ())])
    assert placed.threads == [1]
    assert placed.absorbed == {2: 1}
    assert placed.opened == []


def test_threads_that_come_and_go_within_a_batch_are_never_stored():
    placed = place_batch(
        [ThreadLinks(("a",), (), ()), ThreadLinks(("b",), (), ()), ThreadLinks(("c", "a", "b"), (), ())],
        stored=StoredLinks({}, {}),
        fresh=count(7),
    )
    assert placed.threads == [7, 7, 7]
    assert placed.opened == [7]
    assert placed.absorbed == {}
