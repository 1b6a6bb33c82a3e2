"""Keeps the table of event types true for those who append in plain SQL."""

from datetime import timedelta

import msgspec

from headrace.db.connection import Pool
from headrace.db.statements import statement
from headrace.events.json_schema import json_schema, shape
from headrace.events.schema import EventRegistry
from headrace.service import Service
from headrace.telemetry import Telemetry

_PACKAGE = "headrace.events"


class TypeKeeper(Service):
    """Writes the event types an app registers, with their schemas, when it starts, and again hourly.

    A version that no app registers any more stays: older producers may still append it.
    """

    def __init__(self, pool: Pool, registry: EventRegistry, *, app_name: str, telemetry: Telemetry) -> None:
        super().__init__("type keeper", telemetry=telemetry, idle=timedelta(hours=1))
        self._pool = pool
        self._registry = registry
        self._app_name = app_name

    async def run_once(self) -> timedelta | None:
        known = [(stamp, json_schema(stamp, cls)) for stamp, cls in self._registry.classes()]
        described = [
            {
                "name": stamp.name,
                "version": stamp.version,
                "retention": stamp.retention,
                "schema": schema,
                "personal": sorted(self._registry.personal_of(stamp.name)),
                **msgspec.to_builtins(shape(schema)),
            }
            for stamp, schema in known
        ]
        async with self._pool.acquire() as connection:
            await connection.execute(
                statement(_PACKAGE, "register_types"), msgspec.json.encode(described).decode(), self._app_name
            )
        return None
