"""A mailbox: messages in order, threads, labels, and the history of all changes."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Final

from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.google.history import Change, History, Kind
from headrace_crm.sandbox.google.labels import Label, system_labels
from headrace_crm.sandbox.google.message import Message, header_of

_FIRST_HISTORY_ID: Final = 10_000
_MILLISECOND_SHIFT: Final = 20
"""Message ids begin with the time, as Gmail's do."""


class Mailbox:
    """What one account holds. Every method may be called from any thread; `lock` makes several of them one.

    `listener` is told of each change while the lock is held.
    """

    def __init__(self, email: str, *, clock: SandboxClock) -> None:
        self.email: Final = email
        self.lock: Final = RLock()
        self.listener: Callable[[Mailbox, Change], None] | None = None
        self._clock = clock
        self._messages: dict[str, Message] = {}
        self._threads: dict[str, list[Message]] = {}
        self._in_order: list[Message] = []
        self._thread_of: dict[str, str] = {}
        self._labels: dict[str, Label] = system_labels()
        self._history = History(first_id=_FIRST_HISTORY_ID)

    @property
    def history_id(self) -> int:
        """The id of the newest change."""
        return self._history.last_id

    @property
    def message_count(self) -> int:
        return len(self._messages)

    @property
    def thread_count(self) -> int:
        return len(self._threads)

    @property
    def labels(self) -> list[Label]:
        """Those of the system and of the user."""
        with self.lock:
            return list(self._labels.values())

    @property
    def messages(self) -> list[Message]:
        """All messages, oldest first, those in spam and trash too."""
        with self.lock:
            return list(self._in_order)

    def message(self, message_id: str) -> Message | None:
        return self._messages.get(message_id)

    def thread(self, thread_id: str) -> list[Message]:
        """The messages of a thread, oldest first; empty where there is none."""
        with self.lock:
            return sorted(self._threads.get(thread_id, ()), key=lambda message: message.sort_key)

    def newest_first(self, before: tuple[int, str] | None = None) -> Iterator[Message]:
        """Messages that come before a place in the order, or all; to be read to its end under the lock."""
        end = len(self._in_order)
        if before is not None:
            end = bisect_left(self._in_order, before, key=lambda message: message.sort_key)
        return (self._in_order[index] for index in range(end - 1, -1, -1))

    def has_labels(self, label_ids: Iterable[str]) -> bool:
        """True when all of these exist."""
        return all(label_id in self._labels for label_id in label_ids)

    def add_label(self, name: str) -> Label:
        """Adds a label of the user's; ValueError where the name is taken."""
        with self.lock:
            if any(label.name == name for label in self._labels.values()):
                raise ValueError(f"the label {name!r} exists; use its id, or another name")
            label = Label(f"Label_{len(self._labels) + 1}", name, "user")
            self._labels[label.id] = label
            return label

    def rename_label(self, label_id: str, name: str) -> Label:
        """Calls a label of the user's otherwise, which leaves no history; KeyError where there is none."""
        with self.lock:
            self._labels[label_id] = Label(self._labels[label_id].id, name, "user")
            return self._labels[label_id]

    def deliver(
        self,
        raw: bytes,
        *,
        labels: Iterable[str] = ("UNREAD", "INBOX"),
        at: datetime | None = None,
        thread_id: str | None = None,
    ) -> Message:
        """Adds a message, at `at` or now; its thread is the one given, or that of a message it refers to."""
        with self.lock:
            added = self._place(
                lambda: with_crlf(raw),
                at=at or self._clock.now(),
                labels=tuple(labels),
                thread_id=thread_id or self._thread_referred_to(with_crlf(raw)),
            )
            self.remember(added, added.header("Message-ID"))
            return self._changed("messageAdded", added)

    def place(
        self,
        make_raw: Callable[[], bytes],
        *,
        at: datetime,
        labels: tuple[str, ...],
        thread_id: str | None,
        text: str | None = None,
    ) -> Message:
        """Adds a message without a word in the history: mail from before everything the history remembers."""
        with self.lock:
            placed = self._place(make_raw, at=at, labels=labels, thread_id=thread_id, text=text)
            placed.history_id = self._history.next_id()
            self._history.begin()
            return placed

    def remember(self, message: Message, header: str) -> None:
        """Lets later messages find the thread of this one by its Message-ID."""
        if header:
            self._thread_of[header.strip().strip("<>")] = message.thread_id

    def relabel(self, message_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Message | None:
        """Adds and takes away labels; what changes nothing leaves no history. None where the message is gone."""
        with self.lock:
            message = self._messages.get(message_id)
            if message is None:
                return None
            gone = tuple(label for label in dict.fromkeys(remove) if label in message.labels)
            new = tuple(label for label in dict.fromkeys(add) if label not in message.labels)
            if gone:
                message.labels = tuple(label for label in message.labels if label not in gone)
                self._changed("labelRemoved", message, gone)
            if new:
                message.labels = (*message.labels, *new)
                self._changed("labelAdded", message, new)
            return message

    def trash(self, message_id: str) -> Message | None:
        """Moves a message to the trash; None where it is gone."""
        return self.relabel(message_id, add=("TRASH",), remove=("INBOX",))

    def untrash(self, message_id: str) -> Message | None:
        """Takes a message out of the trash; None where it is gone."""
        return self.relabel(message_id, remove=("TRASH",))

    def delete(self, message_id: str) -> bool:
        """Deletes a message for good; False where it is gone already."""
        with self.lock:
            message = self._messages.pop(message_id, None)
            if message is None:
                return False
            del self._in_order[bisect_left(self._in_order, message.sort_key, key=lambda each: each.sort_key)]
            thread = self._threads[message.thread_id]
            thread.remove(message)
            if not thread:
                del self._threads[message.thread_id]
            self._changed("messageDeleted", message)
            return True

    def changes_since(self, start: int, *, lifetime: timedelta) -> list[Change] | None:
        """The changes after the history id `start`; None where it is older than `lifetime`, or not yet given out."""
        with self.lock:
            self._history.forget_before(self._clock.now() - lifetime)
            return self._history.since(start)

    def lose_history(self) -> None:
        """Makes every history id given out so far too old."""
        with self.lock:
            self._history.next_id()
            self._history.begin()

    def _place(
        self,
        make_raw: Callable[[], bytes],
        *,
        at: datetime,
        labels: tuple[str, ...],
        thread_id: str | None,
        text: str | None = None,
    ) -> Message:
        internal_ms = int(at.astimezone(UTC).timestamp() * 1000)
        number = internal_ms << _MILLISECOND_SHIFT
        while f"{number:016x}" in self._messages:
            number += 1
        message_id = f"{number:016x}"
        message = Message(
            message_id=message_id,
            thread_id=thread_id or message_id,
            internal_ms=internal_ms,
            labels=labels,
            make_raw=make_raw,
            text=text,
        )
        self._messages[message_id] = message
        self._threads.setdefault(message.thread_id, []).append(message)
        insort(self._in_order, message, key=lambda each: each.sort_key)
        return message

    def _changed(self, kind: Kind, message: Message, changed: tuple[str, ...] = ()) -> Message:
        message.history_id = self._history.next_id()
        change = Change(
            id=message.history_id,
            at=self._clock.now(),
            kind=kind,
            message_id=message.id,
            thread_id=message.thread_id,
            labels=message.labels,
            changed=changed,
        )
        self._history.append(change)
        if self.listener is not None:
            self.listener(self, change)
        return message

    def _thread_referred_to(self, raw: bytes) -> str | None:
        referred = f"{header_of(raw, 'In-Reply-To')} {header_of(raw, 'References')}"
        for reference in reversed(referred.split()):
            thread_id = self._thread_of.get(reference.strip("<>,"))
            if thread_id is not None and thread_id in self._threads:
                return thread_id
        return None


def with_crlf(raw: bytes) -> bytes:
    """The same message with CRLF line ends, whichever it has."""
    return b"\r\n".join(raw.replace(b"\r\n", b"\n").split(b"\n"))
