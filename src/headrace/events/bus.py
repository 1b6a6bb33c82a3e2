"""Who wants to hear of which events, and how they are delivered."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

from headrace.errors import ConfigurationError
from headrace.events.event import StoredEvent, event_type
from headrace.events.subscription import Start, Subscription

Mode = Literal["sync", "job", "ordered", "live"]
"""`sync` inside the emitting transaction, `job` by a job per event, `ordered` in batches by position, `live` in this
process as it happens."""

OnError = Literal["raise", "log"]
"""What the error of a `sync` handler does: abort the transaction, or undo the handler alone and be logged."""

HandlerFunction = Callable[..., Awaitable[Any]]

Around = Callable[["Handler", Sequence[StoredEvent]], AbstractContextManager[Any]]
"""What is put around each call of a handler with its events, such as a span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """One handler: a stable name, the types it wants (None for all), and its one mode of delivery.

    `lanes`, `batch_size`, `start` and `attempts` matter to `job` and `ordered`, `on_error` to `sync`, none of them to
    `live`. The name is what its checkpoint is stored under: a new name begins anew.
    """

    name: str
    types: frozenset[str] | None
    mode: Mode
    function: HandlerFunction
    lanes: int = 1
    batch_size: int = 500
    start: Start = "beginning"
    attempts: int | None = 5
    on_error: OnError = "raise"

    def __post_init__(self) -> None:
        if self.mode == "sync" and self.lanes != 1:
            raise ConfigurationError(
                f"handler {self.name!r} runs in the emitting transaction and has no lanes, got {self.lanes}; "
                "leave lanes out or use mode='ordered'"
            )
        if self.mode == "live" and (self.lanes != 1 or self.start != "beginning"):
            raise ConfigurationError(
                f"handler {self.name!r} is shown what happens from now on and has neither lanes nor a start, got "
                f"{self.lanes} and {self.start!r}; leave them out or use mode='ordered'"
            )
        if self.mode != "sync" and self.on_error != "raise":
            raise ConfigurationError(
                f"handler {self.name!r} has on_error={self.on_error!r}, which only mode='sync' knows; "
                "the others retry, or are shown the next event"
            )
        _ = self.subscription

    @property
    def subscription(self) -> Subscription | None:
        """The durable subscription of a `job` or `ordered` handler; the others have none."""
        if self.mode in ("sync", "live"):
            return None
        return Subscription(
            self.name,
            types=self.types,
            mode=self.mode,
            lanes=self.lanes,
            batch_size=self.batch_size,
            start=self.start,
            attempts=self.attempts,
        )

    def wants(self, name: str) -> bool:
        """Whether it is to hear of events of this type."""
        return self.types is None or name in self.types


class Bus:
    """The handlers of one application, in the order they were added."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._sync_handlers: list[Handler] = []
        self.around: Around | None = None

    def __iter__(self) -> Iterator[Handler]:
        return iter(self._handlers.values())

    def add(self, handler: Handler) -> None:
        """Adds a handler. Raises ConfigurationError where its name is taken."""
        if handler.name in self._handlers:
            raise ConfigurationError(
                f"a handler named {handler.name!r} is already there; names are where checkpoints are kept, "
                "give each handler its own"
            )
        self._handlers[handler.name] = handler
        if handler.mode == "sync":
            self._sync_handlers.append(handler)

    def get(self, name: str) -> Handler:
        """The handler of this name. Raises ConfigurationError where there is none."""
        handler = self._handlers.get(name)
        if handler is None:
            listed = ", ".join(sorted(self._handlers)) or "none"
            raise ConfigurationError(f"no handler is named {name!r} (known: {listed})")
        return handler

    def sync_handlers(self, name: str) -> list[Handler]:
        """The handlers to run inside the transaction that appends an event of this type."""
        if not self._sync_handlers:
            return []
        return [handler for handler in self._sync_handlers if handler.wants(name)]

    def subscriptions(self) -> list[Handler]:
        """The handlers that read the log at a checkpoint of their own."""
        return [handler for handler in self if handler.mode in ("job", "ordered")]

    def live_handlers(self) -> list[Handler]:
        """The handlers that are shown events as they happen."""
        return [handler for handler in self if handler.mode == "live"]


def type_names(types: Iterable[type | str]) -> frozenset[str]:
    """The names of event types given as classes marked with `@event` or as names.

    Raises UnknownEventError for a class without the mark, ConfigurationError for none at all.
    """
    names = frozenset(wanted if isinstance(wanted, str) else event_type(wanted).name for wanted in types)
    if not names:
        raise ConfigurationError("a handler of no event types would never run; name at least one type")
    return names
