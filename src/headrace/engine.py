"""`Engine`, an application's way to its database: opened, closed, and the transactions in between."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

from headrace.adapters.asyncpg import CommitWatch
from headrace.adapters.borrow import borrow
from headrace.adapters.borrowed import Borrowed
from headrace.bridge import Reactions
from headrace.clock import Clock, SystemClock
from headrace.db.address import database_address, direct_address
from headrace.db.connection import Connection
from headrace.db.listener import EVENTS_CHANNEL, JOBS_CHANNEL, Listener
from headrace.db.migrate import ENGINE, MigrationSet, migrate, require_current
from headrace.db.notifier import Notifier
from headrace.db.pool import ConnectionPool
from headrace.errors import ConfigurationError
from headrace.events.append_records import tell_appended
from headrace.events.bus import Bus
from headrace.events.event import NewEvent
from headrace.events.lifecycle import JOB_RECORDS
from headrace.events.live.broadcaster import Broadcaster
from headrace.events.partition import ensure_classes
from headrace.events.retention import EventRetention
from headrace.events.schema import EventRegistry
from headrace.events.vault import Vault
from headrace.jobs.enqueue_records import tell_enqueued
from headrace.jobs.job import NewJob
from headrace.jobs.registry import Registry
from headrace.jobs.results import Results
from headrace.keyring import KeyRing, KeyService
from headrace.projections.declaration import Declarations
from headrace.replay.quiet import QuietTransaction
from headrace.replay.withheld import require_unsealed, withholding
from headrace.sync import written_to
from headrace.telemetry import Telemetry
from headrace.telemetry.logs import log_record
from headrace.transaction import Transaction

_JOBS = (JOBS_CHANNEL,)
_EVENTS = (EVENTS_CHANNEL,)


class Engine:
    """What is registered, and the database it is used on.

    `dsn` None takes HEADRACE_DATABASE_URL, and where that is unset an embedded PostgreSQL in
    `./.headrace`.
    """

    def __init__(
        self,
        dsn: str | None,
        *,
        name: str,
        direct_dsn: str | None,
        migrations: Sequence[MigrationSet],
        pool_size: int,
        resets_sessions: bool,
        clock: Clock | None,
        telemetry: Telemetry | None,
        event_retention: EventRetention | None,
        secret_keys: KeyService | None,
        say: Callable[[str], None],
    ) -> None:
        self.name = name
        self.migrations: tuple[MigrationSet, ...] = (ENGINE, *migrations)
        self.clock: Clock = clock or SystemClock()
        self.telemetry = telemetry or Telemetry(log_record)
        self.kinds = Registry()
        self.event_retention = event_retention or EventRetention()
        self.events = EventRegistry(classes=self.event_retention.periods)
        for record in JOB_RECORDS:
            self.events.register(record)
        self.events.sealer = Vault(self.key_service)
        self.handlers = Bus()
        self.declarations = Declarations()
        self.after_commit: Callable[[], Awaitable[None]] | None = None
        """Awaited after each commit of jobs or events by this app; for `headrace.testing`."""
        self._secret_keys = secret_keys
        self._dsn = dsn
        self._direct_dsn = direct_dsn
        self._pool_size = pool_size
        self._resets_sessions = resets_sessions
        self._say = say
        self._pool: ConnectionPool | None = None
        self._notifier: Notifier | None = None
        self._listener: Listener | None = None
        self._broadcaster: Broadcaster | None = None
        self._results = Results(
            kinds=self.kinds, pool=lambda: self.pool, listener=lambda: self.listener, telemetry=self.telemetry
        )
        self._exits = AsyncExitStack()
        self._watch = CommitWatch(self.notify)
        self._reactions = Reactions(self.handlers, self.events, telemetry=self.telemetry)

    def use(self, dsn: str, *, clock: Clock | None = None) -> None:
        """Chooses another database, and another clock where one is given, before the app is opened."""
        if self._pool is not None:
            raise ConfigurationError(f"app {self.name!r} is open; choose the database before opening it")
        self._dsn, self._direct_dsn = dsn, None
        self.clock = clock or self.clock

    async def open(self, *, migrating: bool | None = True) -> None:
        """Reaches the database. The schema is brought up to date, only checked (False) or left alone (None)."""
        if self._pool is not None:
            raise ConfigurationError(f"app {self.name!r} is open already")
        if self.events.has_personal:
            self.key_service()  # better no worker than one that cannot read what it is handed
        async with AsyncExitStack() as exits:
            dsn = await exits.enter_async_context(database_address(self._dsn, say=self._say))
            direct_dsn = direct_address(self._direct_dsn, given=self._dsn)
            pool = ConnectionPool(
                dsn,
                direct_dsn=direct_dsn,
                size=self._pool_size,
                application_name=self.name,
                resets=self._resets_sessions,
            )
            await pool.open()
            exits.push_async_callback(pool.close)
            async with pool.acquire() as connection:
                if migrating:
                    await migrate(connection, sets=self.migrations)
                    if self.event_retention.more:
                        await ensure_classes(connection, self.event_retention)
                elif migrating is False:
                    await require_current(connection, sets=self.migrations)
            notifier = Notifier(pool, telemetry=self.telemetry)
            notifier.start()
            exits.push_async_callback(notifier.stop)
            listener = Listener(pool, telemetry=self.telemetry)
            exits.push_async_callback(listener.stop)
            exits.push_async_callback(self._results.stop)
            broadcaster = Broadcaster(pool, self.events, listener=listener, telemetry=self.telemetry)
            exits.push_async_callback(broadcaster.stop)
            self._pool, self._notifier, self._listener, self._broadcaster = pool, notifier, listener, broadcaster
            self._exits = exits.pop_all()

    async def close(self) -> None:
        """Sends the last wake-ups and closes everything in reverse order."""
        self._watch.close()
        self._pool = self._notifier = self._listener = self._broadcaster = None
        await self._exits.aclose()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def is_open(self) -> bool:
        return self._pool is not None

    @property
    def pool(self) -> ConnectionPool:
        """The pool of connections; raises ConfigurationError while the app is closed."""
        if self._pool is None:
            raise ConfigurationError(f"app {self.name!r} is closed; use it inside `async with app:`")
        return self._pool

    @property
    def listener(self) -> Listener:
        """What hears the wake-ups of this process, once someone starts it; raises ConfigurationError while closed."""
        if self._listener is None:
            raise ConfigurationError(f"app {self.name!r} is closed; use it inside `async with app:`")
        return self._listener

    @property
    def broadcaster(self) -> Broadcaster:
        """What hands events to all who watch in this process; raises ConfigurationError while closed."""
        if self._broadcaster is None:
            raise ConfigurationError(f"app {self.name!r} is closed; use it inside `async with app:`")
        return self._broadcaster

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        """One transaction for state, events and jobs; committed at the end of the block, or not at all."""
        require_unsealed()
        async with self.pool.loan() as loan:
            unit = self._unit(loan.session)
            try:
                async with loan.session.transaction():
                    yield unit
                    await unit.flush()
                    await unit.require_sound()
            finally:
                unit.end()
            loan.is_clean = not unit.is_touched
        await self._announce(unit.stored, unit.appended, written_to(unit))
        if unit.followed:
            await self.events.middleware.after_commit(unit.followed, on_error=self._tell_after_commit)

    def _tell_after_commit(self, part: str, error: Exception) -> None:
        self.telemetry.emit("event.middleware_failed", level=logging.ERROR, middleware=part, error=error)

    def key_service(self) -> KeyService:
        """What keeps the keys of subjects. Raises ConfigurationError where none is given or in the environment."""
        if self._secret_keys is None:
            self._secret_keys = KeyRing.from_environment()
        return self._secret_keys

    def notify(self, channel: str, about: str = "") -> None:
        """Sends a wake-up on a channel, soon; `about` tells what it is about, where that concerns not all."""
        if self._notifier is not None:
            self._notifier.notify(channel, about)

    def _notify_all(self, channels: Collection[str]) -> None:
        for channel in channels:
            self.notify(channel)

    def _unit(self, connection: Any) -> Transaction:
        options: dict[str, Any] = {
            "kinds": self.kinds,
            "events": self.events,
            "source": self.name,
            "clock": self.clock,
            "run_sync_handlers": self._reactions.run_sync,
            "keeps_stored": self.telemetry.hears(logging.DEBUG),
            "results": self._results,
        }
        withheld = withholding()
        if withheld is not None:
            return QuietTransaction(connection, withheld=withheld, **options)
        return Transaction(connection, **options)

    @asynccontextmanager
    async def _unit_on(self, connection: Any) -> AsyncGenerator[Transaction]:
        if connection is None:
            async with self.transaction() as unit:
                yield unit
            return
        borrowed = borrow(connection)
        unit = self._unit(borrowed)
        yield unit
        await unit.flush()
        unit.end()
        self._wrote_on(borrowed, connection, unit.stored, unit.appended, written_to(unit))

    def _wrote_on(
        self,
        borrowed: Connection,
        connection: Any,
        stored: Sequence[NewJob],
        appended: Sequence[NewEvent],
        channels: Collection[str],
    ) -> None:
        """After statements on a caller's connection: tells what was stored, and wakes who waits once it commits."""
        if stored:
            tell_enqueued(self.telemetry, stored)
        if appended:
            tell_appended(self.telemetry, appended)
        if self._notifier is None or not channels:
            return  # nobody to tell through; workers poll
        if not (isinstance(borrowed, Borrowed) and borrowed.after_commit(channels, self._notify_all)):
            self._watch.add(borrowed, channels, of=connection)

    async def _announce(
        self, stored: Sequence[NewJob], appended: Sequence[NewEvent], channels: Collection[str]
    ) -> None:
        """After a commit: tells what was stored and wakes who waits for it."""
        if (stored or appended) and self.telemetry.hears(logging.DEBUG):
            tell_enqueued(self.telemetry, stored)
            tell_appended(self.telemetry, appended)
        self._notify_all(channels)
        if channels and self.after_commit is not None:
            await self.after_commit()
