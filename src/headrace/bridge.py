"""The only place where jobs meet events: handlers of events, run in transactions, jobs and batches."""

import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from headrace.context import RECORDS_OF_JOBS, Context, bind, record_step
from headrace.db.connection import Pool
from headrace.errors import ConfigurationError, UnknownEventError
from headrace.events.bus import Bus, Handler, HandlerFunction, Mode
from headrace.events.cascade import circle, hop, hops, told
from headrace.events.event import StoredEvent
from headrace.events.handling import handling
from headrace.events.live.broadcaster import Broadcaster
from headrace.events.live.filter import LiveFilter
from headrace.events.live.handling import LiveHandling
from headrace.events.prepare import caused_by
from headrace.events.read import read
from headrace.events.schema import EventRegistry
from headrace.jobs.enqueue import draft
from headrace.jobs.handle import Job
from headrace.jobs.outcome import Discard
from headrace.telemetry import Telemetry
from headrace.transaction import Transaction

PROCESS_EVENT = "process-event"

_ENQUEUE_OPTIONS = frozenset(inspect.signature(draft).parameters) - {"kind", "args"}

F = TypeVar("F", bound=HandlerFunction)

Apply = Callable[[Transaction, Sequence[StoredEvent]], Awaitable[None]]


class ProcessEvent(msgspec.Struct, frozen=True):
    """The args of a `process-event` job: which handler, on which event."""

    handler: str
    position: int
    event_id: UUID


class EnqueueOn:
    """What `app.on(...).enqueue(...)` runs: one job of a kind for every event that `when` lets through.

    `args` makes the job's args of an event, None for no job; without it jobs have none. `options` are those of
    `enqueue`; one that is a function is called with the event. Raises ConfigurationError for one that `enqueue` does
    not have.
    """

    def __init__(
        self,
        handler: str,
        kind: str,
        args: Callable[[StoredEvent], Any] | None,
        *,
        when: Callable[[StoredEvent], object] | None,
        options: dict[str, Any],
    ) -> None:
        unknown = sorted(set(options) - _ENQUEUE_OPTIONS)
        if unknown:
            raise ConfigurationError(
                f"enqueue has no option {unknown[0]!r}, given for jobs of kind {kind!r}; "
                f"it has {', '.join(sorted(_ENQUEUE_OPTIONS))}"
            )
        self._handler = handler
        self._kind = kind
        self._args = args
        self._when = when
        self._fixed = {name: value for name, value in options.items() if not callable(value)}
        self._made = {name: value for name, value in options.items() if callable(value)}

    async def __call__(self, events: Sequence[StoredEvent], unit: Transaction) -> None:
        for event in events:
            if self._when is not None and not self._when(event):
                continue
            args = None if self._args is None else self._args(event)
            if args is None and self._args is not None:
                continue
            options: dict[str, Any] = self._fixed | {name: make(event) for name, make in self._made.items()}
            with bind(caused_by(event, self._handler)):
                await unit.enqueue(self._kind, args, **options)


class Reactions:
    """Delivers events to the handlers of a bus, each by its one mode."""

    def __init__(self, bus: Bus, registry: EventRegistry, *, telemetry: Telemetry) -> None:
        self._bus = bus
        self._registry = registry
        self._telemetry = telemetry

    async def run_sync(self, unit: Transaction, events: Sequence[StoredEvent]) -> None:
        """Runs the middleware and the `sync` handlers inside the transaction that appended the events.

        An error aborts the transaction, unless the handler has on_error="log": then what it wrote is
        rolled back to a savepoint and the error is recorded.
        """
        if events:
            await self._registry.middleware.after_append(events, unit)
        for event in events:
            for handler in self._bus.sync_handlers(event.type):
                with bind(self._caused(handler, event)):
                    await self._run_one(handler, event, unit)

    def delivery(self, handler: Handler) -> Apply:
        """What a consumer does with a batch for this handler, inside the transaction of its checkpoint."""
        if handler.mode == "ordered":
            return self._deliver_batch(handler)
        return self._dispatch_jobs(handler)

    def live(self, broadcaster: Broadcaster) -> list[LiveHandling]:
        """The loops that show events to the `live` handlers of this process."""
        return [
            LiveHandling(
                broadcaster,
                handler.name,
                wanted=LiveFilter(types=handler.types),
                show=self._show(handler),
                telemetry=self._telemetry,
            )
            for handler in self._bus.live_handlers()
        ]

    def replayed(self, handler: Handler) -> Apply:
        """What a replay does with a batch for this handler: what it does when events are new, in one transaction."""
        return self._run_each(handler) if handler.mode == "sync" else self.delivery(handler)

    async def process(self, args: ProcessEvent, job: Job, pool: Pool) -> Any:
        """Runs a `job` handler on its event. Raises Discard where the event is gone from the log."""
        handler = self._bus.get(args.handler)
        async for event in read(pool, self._registry, after=args.position - 1, until=args.position, batch=1):
            with bind(self._caused(handler, event)):
                return await self._call(handler, (event,), event, job)
        raise Discard(f"event {args.event_id} at position {args.position} is no longer in the log")

    async def _run_one(self, handler: Handler, event: StoredEvent, unit: Transaction) -> None:
        if handler.on_error == "raise":
            await self._call(handler, (event,), event, unit)
            return
        try:
            async with unit.savepoint():
                await self._call(handler, (event,), event, unit)
        except Exception as error:  # noqa: BLE001 - asked for with on_error="log"
            self._telemetry.emit(
                "event.handler_failed",
                level=logging.ERROR,
                error=error,
                handler=handler.name,
                event=event.id,
                type=event.type,
            )

    async def _call(self, handler: Handler, events: Sequence[StoredEvent], *args: Any) -> Any:
        """Calls a handler inside all that is around it."""
        middleware, call = self._registry.middleware, partial(handler.function, *args)
        if self._bus.around is None and not self._telemetry.hears(logging.DEBUG):
            return await middleware.around_handler(handler, events, call)
        with handling(handler, events, around=self._bus.around, telemetry=self._telemetry):
            return await middleware.around_handler(handler, events, call)

    def _caused(self, handler: Handler, event: StoredEvent) -> Context:
        """The context for a handler of an event; tells of a circle that it closes."""
        step = hop(event.type, handler.name)
        found = circle(event.path, step)
        if found is not None:
            self._telemetry.emit(
                "event.circle",
                level=logging.WARNING,
                handler=handler.name,
                event=event.id,
                type=event.type,
                path=told("\n".join(found)),
            )
        return caused_by(event, handler.name)

    def _show(self, handler: Handler) -> Callable[[StoredEvent], Awaitable[None]]:
        async def show(event: StoredEvent) -> None:
            with bind(self._caused(handler, event)):
                await self._call(handler, (event,), event)

        return show

    def _run_each(self, handler: Handler) -> Apply:
        async def run(unit: Transaction, events: Sequence[StoredEvent]) -> None:
            for event in events:
                with bind(self._caused(handler, event)):
                    await self._run_one(handler, event, unit)

        return run

    def _deliver_batch(self, handler: Handler) -> Apply:
        async def deliver(unit: Transaction, events: Sequence[StoredEvent]) -> None:
            # A batch has one cause only where it has one event; but it is as deep as its deepest.
            # That one of them is a record of a job is not to be forgotten either.
            deepest = self._caused(handler, max(events, key=_depth))
            context = bind(deepest) if len(events) == 1 else bind(path=deepest.path)
            with context:
                await self._call(handler, events, events, unit)

        return deliver

    def _dispatch_jobs(self, handler: Handler) -> Apply:
        async def dispatch(unit: Transaction, events: Sequence[StoredEvent]) -> None:
            for event in events:
                with bind(caused_by(event, handler.name)):
                    await unit.enqueue(PROCESS_EVENT, ProcessEvent(handler.name, event.position, event.id))

        return dispatch


def _depth(event: StoredEvent) -> tuple[bool, int]:
    is_record = event.type.startswith(RECORDS_OF_JOBS) or record_step(event.path) is not None
    return is_record, len(hops(event.path))


def require_known(registry: EventRegistry, names: frozenset[str]) -> None:
    """Raises UnknownEventError for a type no class is registered for."""
    for name in sorted(names - registry.types):
        raise UnknownEventError(name)


def require_readable(names: frozenset[str], mode: Mode) -> None:
    """Raises ConfigurationError for a `sync` handler of records of jobs, which the database writes by itself."""
    if mode == "sync" and any(name.startswith(RECORDS_OF_JOBS) for name in names):
        raise ConfigurationError(
            f"a sync handler cannot have {sorted(names)}: records of jobs are written by the database, behind the "
            "transaction that would run it; use mode='job' or 'ordered'"
        )


class On:
    """A handler about to be registered: decorate a function with it, or call `enqueue`."""

    def __init__(self, bus: Bus, types: frozenset[str], *, name: str | None, mode: Mode, **options: Any) -> None:
        self._bus = bus
        self._types = types
        self._name = name
        self._mode: Mode = mode
        self._options = options

    def __call__(self, function: F) -> F:
        name = self._name or getattr(function, "__name__", "")
        self._bus.add(Handler(name=name, types=self._types, mode=self._mode, function=function, **self._options))
        return function

    def enqueue(
        self,
        kind: str,
        args: Callable[[StoredEvent], Any] | None = None,
        *,
        when: Callable[[StoredEvent], object] | None = None,
        **options: Any,
    ) -> None:
        """Enqueues a job of `kind` for every event, in the transaction that moves the checkpoint.

        `args` makes the args of an event, None for no job; without it the jobs have none. `when` says whether there is
        a job at all. `options` are those of `Headrace.enqueue`, such as `delay` or `unique`, or functions that make
        them of an event. Raises ConfigurationError for an option that is none.
        """
        name = self._name or f"{'+'.join(sorted(self._types))} -> {kind}"
        self._bus.add(
            Handler(
                name=name,
                types=self._types,
                mode="ordered",
                function=EnqueueOn(name, kind, args, when=when, options=options),
                **self._options,
            )
        )
