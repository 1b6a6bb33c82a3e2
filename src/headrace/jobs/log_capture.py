"""Catching what a handler logs: by any logger of `logging`, in the attempt's context, and by `job.log`."""

import logging
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol

from headrace.jobs.job_log import JobLog

_OURS = "headrace"
_MARK = "headrace_kept"


class Logged(Protocol):
    """What has a log: a running job."""

    @property
    def kind(self) -> str: ...
    def open_log(self) -> JobLog: ...


capturing: ContextVar[Logged | None] = ContextVar("headrace_capturing", default=None)
"""The job whose handler runs in this context."""


class Capture:
    """A factory of log records that keeps those made while a handler runs.

    No handler of the root logger: one there would silence the last resort of a program that has set nothing
    up, make `basicConfig` do nothing, and miss loggers that do not propagate. It holds no state, so it may
    stay where it was put.
    """

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make(*args, **kwargs)
        job = capturing.get()
        if job is not None and record.name != _OURS and not hasattr(record, _MARK):
            setattr(record, _MARK, True)
            log = job.open_log()
            if log.keeps(record.levelno):
                log.add(record.levelno, record.name, _text(record), at=record.created)
        return record


def install() -> None:
    """Puts the factory around the present one, unless it is there."""
    present = logging.getLogRecordFactory()
    if not isinstance(present, Capture):
        logging.setLogRecordFactory(Capture(present))


class JobLogger(logging.LoggerAdapter[logging.Logger]):
    """`job.log`: what it is given is kept with the attempt whatever `logging` is set to, and logged as well."""

    def __init__(self, job: Logged) -> None:
        super().__init__(logging.getLogger(f"{_OURS}.job.{job.kind}"))
        self._job = job

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the name logging gave it
        return self._job.open_log().keeps(level) or self.logger.isEnabledFor(level)

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        log = self._job.open_log()
        if log.keeps(level):
            error = kwargs.get("exc_info")
            record = logging.LogRecord(self.logger.name, level, "", 0, msg, args, _exception(error))
            log.add(level, self.logger.name, _text(record))
        if self.logger.isEnabledFor(level):
            token = capturing.set(None)
            try:
                kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
                self.logger.log(level, msg, *args, **kwargs)
            finally:
                capturing.reset(token)


def _exception(given: Any) -> Any:
    if isinstance(given, BaseException):
        return (type(given), given, given.__traceback__)
    return sys.exc_info() if given is True else given or None


def _text(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except Exception as error:  # noqa: BLE001 - whatever the arguments are; logging itself tells of it where it is shown
        text = f"{record.msg!r} % {type(record.args).__name__}: cannot be formatted: {type(error).__name__}"
    if record.exc_info and record.exc_info[1] is not None:
        text += "\n" + "".join(traceback.format_exception(record.exc_info[1])).rstrip()
    return text
