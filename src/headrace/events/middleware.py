"""Middleware of events: what an application runs around every append and every handler, in the order it was added."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol, cast

import msgspec

from headrace.context import Context
from headrace.errors import ConfigurationError
from headrace.events.bus import Handler
from headrace.events.event import StoredEvent, Stream

PARTS = ("before_append", "after_append", "after_commit", "around_handler")

CallNext = Callable[[], Awaitable[Any]]


class EventDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is about to be checked and encoded: its data, when it occurred, and who and what caused it.

    `data` is the object given to `append`. Make a changed one with `msgspec.structs.replace(draft, ...)`.
    """

    data: object
    stream: Stream | None
    occurred_at: datetime
    context: Context


BeforeAppend = Callable[[EventDraft], EventDraft]
AfterAppend = Callable[[Sequence[StoredEvent], Any], Awaitable[None]]
AfterCommit = Callable[[Sequence[StoredEvent]], Awaitable[None]]
AroundHandler = Callable[[Handler, Sequence[StoredEvent], CallNext], Awaitable[Any]]


class BeforeAppendMiddleware(Protocol):
    """A middleware with a part before an event is encoded, when nothing is locked yet."""

    def before_append(self, draft: EventDraft) -> EventDraft:
        """The event to append; the one given, or a changed one."""
        ...


class AfterAppendMiddleware(Protocol):
    """A middleware with a part in the transaction that appends."""

    def after_append(self, events: Sequence[StoredEvent], tx: Any) -> Coroutine[Any, Any, None]:
        """Called with the events just appended, before their `sync` handlers."""
        ...


class AfterCommitMiddleware(Protocol):
    """A middleware with a part after the commit."""

    def after_commit(self, events: Sequence[StoredEvent]) -> Coroutine[Any, Any, None]:
        """Called with the events a transaction of the app has committed."""
        ...


class HandlerMiddleware(Protocol):
    """A middleware with a part in every call of a handler."""

    def around_handler(
        self, handler: Handler, events: Sequence[StoredEvent], call_next: CallNext
    ) -> Coroutine[Any, Any, Any]:
        """Awaits `call_next()` and returns what that returns."""
        ...


EventPart = BeforeAppendMiddleware | AfterAppendMiddleware | AfterCommitMiddleware | HandlerMiddleware


class EventMiddleware:
    """The middleware of one application's events.

    The first one added sees a new event first, and stands outermost around a handler. `changes_events` and
    `follows_commits` tell whether any of them has a part there, `follows_appends` whether one has a part after the
    append, in its transaction or after the commit.
    """

    def __init__(self) -> None:
        self.changes_events = False
        self.follows_appends = False
        self.follows_commits = False
        self._before_append: tuple[BeforeAppend, ...] = ()
        self._after_append: tuple[AfterAppend, ...] = ()
        self._after_commit: tuple[AfterCommit, ...] = ()
        self._around_handler: tuple[AroundHandler, ...] = ()

    def add(self, middleware: object) -> bool:
        """Adds the parts an object has in events; whether it has any.

        Raises ConfigurationError for one that cannot be called.
        """
        found = {name: part for name in PARTS if (part := getattr(middleware, name, None)) is not None}
        for name, part in found.items():
            if not callable(part):
                raise ConfigurationError(
                    f"{name} of {type(middleware).__qualname__} must be a method, got {part!r:.50}"
                )
        for name, part in found.items():
            setattr(self, f"_{name}", (*getattr(self, f"_{name}"), part))
        self.changes_events = bool(self._before_append)
        self.follows_commits = bool(self._after_commit)
        self.follows_appends = bool(self._after_append or self._after_commit)
        return bool(found)

    def before_append(self, draft: EventDraft) -> EventDraft:
        """The event as the last of them leaves it. Raises ConfigurationError where one returns another event."""
        for change in self._before_append:
            draft = _require_same(change(draft), draft, by=change)
        return draft

    async def after_append(self, events: Sequence[StoredEvent], tx: Any) -> None:
        """Calls each of them with the events, in the transaction that appended them."""
        for follow in self._after_append:
            await follow(events, tx)

    async def after_commit(self, events: Sequence[StoredEvent], *, on_error: Callable[[str, Exception], None]) -> None:
        """Calls each of them with the events; an error of one goes to `on_error`, and the next is called."""
        for follow in self._after_commit:
            try:
                await follow(events)
            except Exception as error:  # noqa: BLE001 - the commit stands, whatever they raise
                on_error(_name(follow), error)

    async def around_handler(self, handler: Handler, events: Sequence[StoredEvent], call: CallNext) -> Any:
        """Calls a handler inside all of them."""
        for around in reversed(self._around_handler):
            call = partial(around, handler, events, call)
        return await call()


def _name(part: object) -> str:
    return cast("str", getattr(part, "__qualname__", repr(part)))


def _require_same(changed: object, draft: EventDraft, *, by: BeforeAppend) -> EventDraft:
    if not isinstance(changed, EventDraft):
        raise ConfigurationError(
            f"{_name(by)} must return the event to append, got {type(changed).__name__}; "
            "return the draft it was given, or msgspec.structs.replace(draft, ...)"
        )
    if type(changed.data) is not type(draft.data) or changed.stream != draft.stream:
        raise ConfigurationError(
            f"{_name(by)} changed the class of an event's data or its stream, from "
            f"{type(draft.data).__qualname__} in {draft.stream} to {type(changed.data).__qualname__} in "
            f"{changed.stream}; a middleware may change the data's fields, occurred_at and the context"
        )
    return changed
