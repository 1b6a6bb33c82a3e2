"""Opens and closes sessions: what each asks of the server, or may not ask where a pooler stands between."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

import asyncpg

from headrace.db.connection import Connection
from headrace.db.liveness import SERVER_SIDE, probe_peer
from headrace.db.statements import statement
from headrace.errors import ConfigurationError

CONNECTION_ERRORS: tuple[type[BaseException], ...] = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a session cut in the middle of something may raise
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    TimeoutError,
)
"""What a lost, refused or restarting server raises; work is kept and tried again."""

CONNECT_SECONDS = 10


async def connect(
    dsn: str,
    *,
    application_name: str,
    patience: timedelta | None = None,
    is_pooled: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Connection:
    """Opens one session, named so that `pg_stat_activity` tells what it is for.

    A statement that takes longer than `patience` raises TimeoutError; None waits for ever. A pooler
    refuses `settings`, so `is_pooled` leaves them out, and prepares nothing either: the next
    transaction may be on another session. Raises ConfigurationError where the DSN cannot be read, and
    the driver's own errors where the server refuses.
    """
    try:
        session = await asyncpg.connect(
            dsn,
            timeout=CONNECT_SECONDS,
            command_timeout=None if patience is None else patience.total_seconds(),
            **options(application_name, is_pooled=is_pooled, settings=settings),
        )
    except (ValueError, asyncpg.InterfaceError) as error:
        raise bad_address(error) from error
    probe_peer(session)
    return cast("Connection", session)


def options(application_name: str, *, is_pooled: bool, settings: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the driver is told about a session."""
    if is_pooled:
        return {"server_settings": {"application_name": application_name}, "statement_cache_size": 0}
    return {
        "server_settings": {"application_name": application_name, **SERVER_SIDE, **(settings or {})},
        # Long statements are those that take longest to parse and plan. Without this the driver would do so every time.
        "max_cacheable_statement_size": 0,
    }


async def close(connection: Connection) -> None:
    """Closes a session in good order; a broken one is simply dropped."""
    session = cast("asyncpg.Connection[Any]", connection)
    try:
        async with asyncio.timeout(1):
            await session.close()
    except CONNECTION_ERRORS:
        session.terminate()


async def is_behind_pooler(dsn: str, *, application_name: str) -> bool:
    """Whether a pooler answers at this address: it names a process that is not the one that works."""
    session = await connect(dsn, application_name=application_name, is_pooled=True)
    try:
        worked_by = await session.fetchval(statement("headrace.db", "backend_pid"))
        return worked_by != cast("asyncpg.Connection[Any]", session).get_server_pid()
    finally:
        await close(session)


def bad_address(error: BaseException) -> ConfigurationError:
    """What is raised for an address the driver cannot use."""
    return ConfigurationError(
        f"the database address cannot be used: {error}; write it as postgresql://user:password@host:5432/database"
    )
