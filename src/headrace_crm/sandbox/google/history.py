"""What has happened to a mailbox, in order, as long as it is remembered."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

Kind: TypeAlias = Literal["messageAdded", "messageDeleted", "labelAdded", "labelRemoved"]
FIELDS: Final[dict[Kind, str]] = {
    "messageAdded": "messagesAdded",
    "messageDeleted": "messagesDeleted",
    "labelAdded": "labelsAdded",
    "labelRemoved": "labelsRemoved",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one message; `labels` are those it has after it, `changed` those added or removed."""

    id: int
    at: datetime
    kind: Kind
    message_id: str
    thread_id: str
    labels: tuple[str, ...]
    changed: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As `history.list` shows it."""
        reference = {"id": self.message_id, "threadId": self.thread_id}
        entry: dict[str, Any] = {"message": {**reference, "labelIds": list(self.labels)}}
        if self.changed:
            entry["labelIds"] = list(self.changed)
        return {"id": str(self.id), "messages": [reference], FIELDS[self.kind]: [entry]}


class History:
    """Changes by ascending id.

    Ids grow by steps that differ, as Gmail's do: no client may count on them. What is older than `floor` is
    forgotten, and a start below it cannot be answered.
    """

    def __init__(self, *, first_id: int) -> None:
        self._changes: list[Change] = []
        self._floor = first_id
        self._last = first_id

    @property
    def last_id(self) -> int:
        """The id of the mailbox as it is now."""
        return self._last

    def next_id(self) -> int:
        """The id of the change about to be made."""
        self._last += 1 + self._last * 7 % 13
        return self._last

    def append(self, change: Change) -> None:
        """Remembers a change under the id just given out."""
        self._changes.append(change)

    def forget_before(self, moment: datetime) -> None:
        """Forgets what happened before `moment`; the mailbox's present id stays good until something happens."""
        kept = bisect_right(self._changes, moment, key=lambda change: change.at)
        if kept:
            self._floor = self._changes[kept - 1].id
            del self._changes[:kept]

    def begin(self) -> None:
        """Lets the history begin here: every id before the present one is too old."""
        self._changes.clear()
        self._floor = self._last

    def since(self, start: int) -> list[Change] | None:
        """The changes after `start`; None where `start` is forgotten, or lies in the future."""
        if not self._floor <= start <= self._last:
            return None
        return self._changes[bisect_right(self._changes, start, key=lambda change: change.id) :]
