"""The subscriber that writes records to the standard `logging` tree, under `headrace`."""

import logging

from headrace.telemetry.record import Record


def log_record(record: Record) -> None:
    """Logs one record: its name, then its fields as key=value; the error's traceback where there is one."""
    logger = logging.getLogger("headrace")
    if not logger.isEnabledFor(record.level):
        return
    facts = " ".join(f"{key}={value}" for key, value in record.fields.items())
    logger.log(record.level, "%s %s", record.name, facts, exc_info=record.error)
