"""The subscriber that writes records to the standard `logging` tree, under `headrace`."""

import logging

from headrace.telemetry.record import Record


class LogRecords:
    """Logs each record: its name, then its fields as key=value; the error's traceback where there is one."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("headrace")
        self.hears = self._logger.isEnabledFor

    def __call__(self, record: Record) -> None:
        if not self._logger.isEnabledFor(record.level):
            return
        facts = " ".join(f"{key}={value}" for key, value in record.fields.items())
        self._logger.log(
            record.level,
            "%s %s",
            record.name,
            facts,
            exc_info=record.error,
            extra={"headrace_record": record.name, "headrace_fields": dict(record.fields)},
        )


log_record = LogRecords()
