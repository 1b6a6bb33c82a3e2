"""The projections of an open application: what is asked of them at run time."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import uuid4

from headrace.db.connecting import close
from headrace.db.connection import Connection
from headrace.db.pool import ConnectionPool
from headrace.errors import ConfigurationError
from headrace.events.event import Stream
from headrace.events.operate import position_at
from headrace.events.read import head_position
from headrace.events.schema import EventRegistry
from headrace.events.versions import StreamKey
from headrace.events.wait import wait_for
from headrace.projections import operate, store
from headrace.projections.as_of import fold_log, fold_streams
from headrace.projections.build import Build
from headrace.projections.declaration import Declarations

_PATIENCE = timedelta(hours=6)
_STREAM_BATCH = 1000


class Projections:
    """`app.projections`: waits for read models, rebuilds them, and shows them as they were."""

    def __init__(
        self, declarations: Declarations, registry: EventRegistry, *, pool: Callable[[], ConnectionPool]
    ) -> None:
        self._declarations = declarations
        self._registry = registry
        self._pool = pool

    async def wait_for(self, name: str, position: int, *, timeout: timedelta = timedelta(seconds=5)) -> None:
        """Returns once what the views of a projection show has every event up to a position.

        That of an event is what `Transaction.last_position` has after the block. Raises ProjectionNotFoundError,
        and NotCaughtUpError after `timeout`.
        """
        async with self._pool().acquire() as connection:
            build = await store.live_build(connection, name)
        # A build is never shown before it is as far as the one before it, so this one's being past is enough.
        await wait_for(self._pool(), build.name, position, timeout=timeout)

    async def builds(self, name: str | None = None) -> list[Build]:
        """The builds of a projection, or of all, in order, those that are gone included."""
        async with self._pool().acquire() as connection:
            return await store.list_builds(connection, name)

    async def rebuild(self, name: str, *, reason: str | None = None, actor: str | None = None) -> Build:
        """Begins another build of a projection, of the highest version declared; see `operate.rebuild`."""
        declaration = self._declarations.newest(name)
        async with self._pool().acquire() as connection, connection.transaction():
            return await operate.rebuild(connection, declaration, reason=reason, actor=actor)

    @asynccontextmanager
    async def as_of(
        self,
        name: str,
        moment: int | datetime,
        *,
        stream: Stream | None = None,
        tenant_id: str = "",
        version: int | None = None,
    ) -> AsyncGenerator[Connection]:
        """A read model as it was at a position, or before a moment, for a block: to be read under its tables' names.

        The log is folded up to there into tables of a transaction that is rolled back in the end, in bounded memory.
        With `stream` only that stream is folded, which is quick: right where each row is of one stream.
        `version` None is the highest declared. Raises ConfigurationError for a position beyond the head.

            async with app.projections.as_of("contact_stats", position) as past:
                await past.fetch("SELECT * FROM contact_stats")
        """
        declaration = self._declarations.newest(name) if version is None else self._declarations.get(name, version)
        head = await head_position(self._pool())
        session = await self._pool().connect("projection as of", patience=_PATIENCE)
        try:
            position = moment if isinstance(moment, int) else await position_at(session, moment)
            if not 0 <= position <= head:
                raise ConfigurationError(f"a projection can be had as of a position from 0 to {head}, got {position}")
            transaction = session.transaction()
            await transaction.__aenter__()
            # A name of its own: who makes the same one would wait for this transaction to end.
            await store.make_tables(session, declaration, f"{name}__as_of_{uuid4().hex[:12]}")
            if stream is None:
                size = declaration.rebuild_size
                await fold_log(session, self._registry, declaration, until=position, batch=size)
            else:
                key = StreamKey(tenant_id, stream.aggregate_type, stream.aggregate_id)
                await fold_streams(session, self._registry, declaration, [key], until=position, batch=_STREAM_BATCH)
            yield session
        finally:
            # Ends the transaction too, and all that was made in it.
            await asyncio.shield(close(session))
