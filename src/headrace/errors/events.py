"""Errors about events: what is appended, and who reads it."""

from collections.abc import Sequence
from uuid import UUID

from headrace.errors.root import ConfigurationError, HeadraceError


class UnknownEventError(ConfigurationError):
    """No class is registered for this event type."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"event {name!r} is not registered; decorate its class with @event(type, version=1) "
            "and register it with app.register(...)"
        )
        self.name = name


class InvalidEventError(HeadraceError):
    """The data of an event does not fit its type, or is too large."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"data of event {name!r} refused: {reason}")
        self.name = name
        self.reason = reason


class WrongVersionError(HeadraceError):
    """The stream is not at the version the caller expected; nothing was appended."""

    def __init__(self, stream: str, *, expected: int, actual: int) -> None:
        super().__init__(
            f"stream {stream} is at version {actual}, expected {expected}; "
            "read the stream again, decide anew and append with the new version"
        )
        self.stream = stream
        self.expected = expected
        self.actual = actual


class EventIdTakenError(HeadraceError):
    """An event is stored under this id already, and says something else; nothing was appended.

    `stored` and `given` describe the two whole: type, version, stream and JSON. `position` is None
    where both were given together.
    """

    def __init__(self, event_id: UUID, *, position: int | None, stored: str, given: str) -> None:
        where = "given before" if position is None else f"stored at position {position}"
        super().__init__(
            f"event {event_id} is {where} as {_shortened(stored)}, given as "
            f"{_shortened(given)}; an id names one event for ever, append the other under an id of its own"
        )
        self.event_id = event_id
        self.position = position
        self.stored = stored
        self.given = given


class ImportStoppedError(HeadraceError):
    """An import that commits part by part has ended in the middle; the parts committed before stay.

    `event_number` counts from 1 and is None where no single event is to blame. `event_count` were appended and
    `known_count` had been stored before: so many of the events given are done. The next `in_doubt_count` may be in
    or not, where the connection was lost while they were being committed.
    """

    def __init__(
        self, reason: str, *, event_number: int | None, event_count: int, known_count: int, in_doubt_count: int = 0
    ) -> None:
        done = event_count + known_count
        where = "" if event_number is None else f" at event {event_number}"
        doubt = f"whether the {in_doubt_count} after them are in is not known; " if in_doubt_count else ""
        super().__init__(
            f"the import stopped{where}: {reason}; the first {done} events are in, {known_count} of them since before; "
            f"{doubt}import what follows them, or all again where each has an event_id"
        )
        self.reason = reason
        self.event_number = event_number
        self.event_count = event_count
        self.known_count = known_count
        self.in_doubt_count = in_doubt_count


class SubscriptionNotFoundError(HeadraceError):
    """No subscription of this name has begun."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"no subscription {name!r} has begun; `headrace subscriptions list` shows those that have, "
            "a worker with its handler begins one"
        )
        self.name = name


class SubscriptionServedError(HeadraceError):
    """A subscription is to be removed, and a living worker has its handler. Nothing was changed."""

    def __init__(self, name: str, workers: Sequence[str]) -> None:
        super().__init__(
            f"subscription {name!r} has its handler in {len(workers)} living workers: {', '.join(workers)}; "
            "deploy a program without it, then remove the subscription"
        )
        self.name = name
        self.workers = tuple(workers)


class ParkedStreamNotFoundError(HeadraceError):
    """A subscription has no stream parked at this event, or is resuming it already."""

    def __init__(self, name: str, position: int) -> None:
        super().__init__(
            f"subscription {name!r} has no stream parked at event {position}; "
            "`headrace subscriptions parked` shows what it has"
        )
        self.name = name
        self.position = position


class ProjectionNotFoundError(HeadraceError):
    """No projection of this name has begun, or it has no build of this number."""

    def __init__(self, name: str, build: int | None = None) -> None:
        what = f"projection {name!r}" if build is None else f"build {build} of projection {name!r}"
        super().__init__(f"there is no {what}; `headrace projections list` names those that a worker has begun")
        self.name = name
        self.build = build


class ViewerDroppedError(HeadraceError):
    """A live iteration did not keep up with what happens, and was ended; nothing is lost.

    `position` is that of the last event handed out: `after=position` goes on behind it. `buffer` is how many
    events were allowed to wait.
    """

    def __init__(self, position: int, *, buffer: int) -> None:
        super().__init__(
            f"more than {buffer} events waited to be looked at; go on with live(after={position}), "
            "do less for each event, or allow more with buffer="
        )
        self.position = position
        self.buffer = buffer


class RehearsalError(HeadraceError):
    """A handler failed in a dry run, at one of the events from `first` to `last`; all of it was undone."""

    def __init__(self, handler: str, *, first: int, last: int, reason: str) -> None:
        super().__init__(
            f"handler {handler!r} fails at one of the events at positions {first} to {last}: {reason}; "
            f"begin at --after {first - 1} with --batch-size 1 to see at which"
        )
        self.handler = handler
        self.first = first
        self.last = last
        self.reason = reason


class ReplayNotFoundError(HeadraceError):
    """No replay with this id is stored."""

    def __init__(self, replay_id: UUID) -> None:
        super().__init__(f"no replay {replay_id} is stored; `headrace replays list` shows what is")
        self.replay_id = replay_id


class SubjectNotFoundError(HeadraceError):
    """No event has personal values of this subject."""

    def __init__(self, subject: str, *, tenant_id: str) -> None:
        where = f" of tenant {tenant_id!r}" if tenant_id else ""
        super().__init__(
            f"subject {subject!r}{where} has no key: no event has personal values of it; check its id and tenant"
        )
        self.subject = subject
        self.tenant_id = tenant_id


def _shortened(text: str, *, most: int = 300) -> str:
    return text if len(text) <= most else f"{text[:most]}..."
