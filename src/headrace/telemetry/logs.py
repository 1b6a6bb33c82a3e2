"""The subscriber that writes records to the standard `logging` tree, under `headrace`."""

import logging

from headrace.telemetry.record import Record


class LogRecords:
    """Logs each record: its name, then its fields as key=value; the error's traceback where there is one."""

    def hears(self, level: int) -> bool:
        """Whether the logger takes records of this level."""
        return logging.getLogger("headrace").isEnabledFor(level)

    def __call__(self, record: Record) -> None:
        logger = logging.getLogger("headrace")
        if not logger.isEnabledFor(record.level):
            return
        facts = " ".join(f"{key}={value}" for key, value in record.fields.items())
        logger.log(record.level, "%s %s", record.name, facts, exc_info=record.error)


log_record = LogRecords()
