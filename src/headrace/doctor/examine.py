"""Gathers the facts, over one connection. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from headrace.db.connection import Connection
from headrace.db.migrate import MigrationSet, migration_status
from headrace.db.statements import statement
from headrace.doctor.facts import (
    BuildFacts,
    Facts,
    Holder,
    Interrupted,
    Log,
    OpenWriter,
    Running,
    Server,
    Subscriber,
    Table,
    Unerased,
    Worker,
)
from headrace.jobs.queues import list_queues

_PACKAGE = "headrace.doctor"
_MOST_STRAYS = 10_000
_MOST_DUE = 100_000


async def examine(
    connection: Connection, *, migrations: Sequence[MigrationSet], timeouts: Mapping[str, timedelta | None]
) -> Facts:
    """All facts as they are now; `timeouts` are those of the kinds this app knows."""
    server = await _server(connection)
    holders = tuple(Holder(**one) for one in await _rows(connection, statement(_PACKAGE, "horizon")))
    pending = [name for one in await migration_status(connection, sets=migrations) for name in one.pending]
    if pending:
        return Facts(server=server, pending=tuple(pending), holders=holders)
    days = (await _rows(connection, statement(_PACKAGE, "days"), _MOST_STRAYS))[0]
    return Facts(
        server=server,
        holders=holders,
        tables=tuple(Table(**one) for one in await _rows(connection, statement(_PACKAGE, "tables"))),
        missing_partitions=tuple(days["missing"]),
        stray_count=days["stray_count"],
        queues=tuple(await list_queues(connection)),
        unhandled=tuple(
            (one["kind"], one["count"]) for one in await _rows(connection, statement(_PACKAGE, "kinds"), _MOST_DUE)
        ),
        workers=tuple(Worker(**one) for one in await _rows(connection, statement(_PACKAGE, "workers"))),
        running=tuple(
            Running(**one, timeout_seconds=_seconds(timeouts.get(one["kind"])))
            for one in await _rows(connection, statement(_PACKAGE, "running"))
        ),
        log=next((Log(**one) for one in await _rows(connection, statement(_PACKAGE, "log"))), None),
        open_writers=tuple(OpenWriter(**one) for one in await _rows(connection, statement(_PACKAGE, "open_writers"))),
        subscribers=tuple(Subscriber(**one) for one in await _rows(connection, statement(_PACKAGE, "subscriptions"))),
        builds=tuple(BuildFacts(**one) for one in await _rows(connection, statement(_PACKAGE, "builds"))),
        unerased=tuple(Unerased(**one) for one in await _rows(connection, statement(_PACKAGE, "erasures"))),
        interrupted=tuple(Interrupted(**one) for one in await _rows(connection, statement(_PACKAGE, "interrupted"))),
    )


async def _server(connection: Connection) -> Server:
    before = datetime.now(UTC)
    server = Server(**(await _rows(connection, statement(_PACKAGE, "server")))[0])
    after = datetime.now(UTC)
    # It looked at its clock somewhere between the two: what lies inside is no skew.
    skew = max((server.moment - after).total_seconds(), 0.0) or min((server.moment - before).total_seconds(), 0.0)
    return replace(server, skew_seconds=skew)


async def _rows(connection: Connection, query: str, *values: object) -> list[dict[str, Any]]:
    return [dict(row.items()) for row in await connection.fetch(query, *values)]


def _seconds(limit: timedelta | None) -> float | None:
    return None if limit is None else limit.total_seconds()
