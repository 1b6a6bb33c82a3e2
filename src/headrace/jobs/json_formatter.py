"""Log lines as JSON, each with the job and the context it was written in."""

import logging
import traceback
from datetime import UTC, datetime
from typing import Any

import msgspec

from headrace.context import current
from headrace.jobs.log_capture import capturing


class JsonFormatter(logging.Formatter):
    """Formats a log record as one JSON object on one line.

    It has `time`, `level`, `logger` and `message`. Inside a job also `job`, `kind` and `attempt`, and of the context
    bound there `correlation`, `tenant`, `user` and `actor`, where they are given; with an exception `error`. A record
    of telemetry has its name as `record` and its `fields` besides.

        handler.setFormatter(JsonFormatter())
    """

    def format(self, record: logging.LogRecord) -> str:
        context, job = current(), capturing.get()
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, tz=UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "record": getattr(record, "headrace_record", None),
            "fields": getattr(record, "headrace_fields", None),
            "job": getattr(job, "id", None),
            "kind": getattr(job, "kind", None),
            "attempt": getattr(job, "attempt", None),
            "correlation": context.correlation_id,
            "tenant": context.tenant_id or None,
            "user": context.user_id,
            "actor": context.actor,
            "error": _error(record),
        }
        given = {name: value for name, value in line.items() if value is not None}
        return msgspec.json.encode(given, enc_hook=str).decode()


def _error(record: logging.LogRecord) -> dict[str, str] | None:
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return None
    return {
        "type": type(error).__name__,
        "message": str(error),
        "traceback": "".join(traceback.format_exception(error)).rstrip(),
    }
