"""The app of rebuild tests: `note_stats` in SQL and row by row, rebuilt in small batches that are told."""

from typing import Any

from fix_projections import declare
from headrace import Headrace, Record, Telemetry


def tell(record: Record) -> None:
    if record.name.startswith(("subscription.", "projection.", "service.")):
        print(record.name, record.fields, flush=True)  # noqa: T201 - for who reads its log


def make(fold: str, **options: Any) -> Headrace:
    app = Headrace(name="projected", telemetry=Telemetry(tell))
    declare(app, fold, lanes=2, batch_size=40, rebuild_size=60, **options)
    return app


def in_sql() -> Headrace:
    return make("sql")


def keyed() -> Headrace:
    return make("keyed")
