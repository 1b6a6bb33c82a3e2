"""What is kept of the log of an attempt, and how it is caught."""

import functools
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from headrace import LogPolicy, uuid7
from headrace.jobs.job import Claim
from headrace.jobs.job_log import JobLog, Line
from headrace.jobs.log_backlog import LogBacklog
from headrace.jobs.log_capture import Capture, JobLogger, capturing, install
from headrace.jobs.logs import KeptLine, tell_dropped


class Sink:
    def __init__(self, room: int = 10_000) -> None:
        self.room = room
        self.lines: list[Line] = []
        self.dropped: list[int] = []

    def put_line(self, line: Line) -> bool:
        if len(self.lines) >= self.room:
            return False
        self.lines.append(line)
        return True

    def put_dropped(self, count: int) -> None:
        self.dropped.append(count)

    @property
    def told(self) -> list[str]:
        return [line.message for line in self.lines]


class Logged:
    """A job with a log."""

    kind = "paint"

    def __init__(self, policy: LogPolicy | None = None) -> None:
        self.sink = Sink()
        self.log_ = JobLog(policy or LogPolicy(), self.sink)

    def open_log(self) -> JobLog:
        return self.log_


@pytest.fixture
def job() -> Iterator[Logged]:
    before = logging.getLogRecordFactory()
    install()
    job = Logged()
    token = capturing.set(job)
    yield job
    capturing.reset(token)
    logging.setLogRecordFactory(before)


# Bounds


def test_lines_are_numbered_in_the_order_they_come():
    sink = Sink()
    log = JobLog(LogPolicy(), sink, now=lambda: 0.0)
    log.add(20, "shop", "one")
    log.add(30, "shop", "two", at=1.0)
    assert sink.lines == [
        Line(0, datetime(1970, 1, 1, tzinfo=UTC), 20, "shop", "one"),
        Line(1, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), 30, "shop", "two"),
    ]


def test_lines_over_the_number_are_counted_and_the_count_is_told_at_every_doubling_and_at_the_end():
    sink = Sink()
    log = JobLog(LogPolicy(lines=2), sink)
    for number in range(13):
        log.add(20, "shop", str(number))
    log.end()
    assert sink.told == ["0", "1"]
    assert sink.dropped == [1, 2, 4, 8, 11]


def test_lines_over_the_size_are_counted_and_smaller_ones_still_fit():
    sink = Sink()
    log = JobLog(LogPolicy(size=10), sink)
    for text in ("123456", "78901", "äö", "1"):
        log.add(20, "shop", text)
    assert sink.told == ["123456", "äö"], "sizes are bytes"
    assert log.dropped_count == 2


def test_a_long_line_is_cut_and_what_cannot_be_stored_is_written_as_an_escape():
    sink = Sink()
    log = JobLog(LogPolicy(), sink)
    log.add(20, "shop", "x" * 10_000)
    log.add(20, "shop", "a\x00b\ud800")
    assert len(sink.told[0]) == 8_000
    assert sink.told[1] == "a\\x00b\\ud800"


def test_lines_nobody_has_room_for_are_counted_and_leave_no_gap():
    sink = Sink(room=1)
    log = JobLog(LogPolicy(), sink)
    log.add(20, "shop", "one")
    log.add(20, "shop", "two")
    sink.room = 2
    log.add(20, "shop", "three")
    assert [(line.number, line.message) for line in sink.lines] == [(0, "one"), (1, "three")]
    assert sink.dropped == [1]


def test_nothing_is_kept_after_the_end():
    sink = Sink()
    log = JobLog(LogPolicy(lines=1), sink)
    log.add(20, "shop", "one")
    log.end()
    log.add(20, "shop", "two")
    log.drop(3)
    assert (sink.told, sink.dropped) == (["one"], [])


@pytest.mark.parametrize("option", ["level", "lines", "size"])
def test_a_policy_out_of_range_is_refused(option):
    with pytest.raises(ValueError, match=f"{option} must not be negative, got -1"):
        LogPolicy(**{option: -1})


def test_the_backlog_is_bounded_but_always_tells_what_is_missing():
    claim = Claim(uuid7(), 1, 7)
    backlog = LogBacklog(most=2)
    lines = [KeptLine(claim, Line(number, datetime.now(UTC), 20, "shop", "a")) for number in range(3)]
    assert [backlog.put(line) for line in lines] == [True, True, False]
    missing = tell_dropped(claim, 1, at=datetime.now(UTC))
    assert backlog.put(missing)
    taken = backlog.take(2)
    assert taken == lines[:2]
    backlog.put_back(taken)
    assert backlog.take(10) == [*lines[:2], missing]
    assert not backlog


# Catching


def test_any_logger_is_caught_propagating_or_not(job):
    silent = logging.getLogger("shop.silent")
    silent.propagate = False
    silent.warning("%d left", 3)
    assert [(line.logger, line.message, line.level) for line in job.sink.lines] == [("shop.silent", "3 left", 30)]


def test_records_below_the_level_are_not_kept(job):
    logger = logging.getLogger("shop.verbose")
    logger.setLevel(logging.DEBUG)
    logger.debug("too much")
    logger.info("enough")
    assert job.sink.told == ["enough"]


def test_what_is_logged_outside_the_context_of_a_handler_is_not_kept(job):
    thread = threading.Thread(target=logging.getLogger("shop").error, args=("elsewhere",))
    thread.start()
    thread.join()
    assert job.sink.told == []


def test_the_engines_own_records_are_not_the_handlers(job):
    logging.getLogger("headrace").error("job.raised")
    assert job.sink.told == []


def test_the_traceback_of_an_error_is_kept(job):
    try:
        raise ValueError("no paint")  # noqa: TRY301 - raised to be caught
    except ValueError:
        logging.getLogger("shop").exception("cannot paint")
        job_log(job).exception("cannot paint either")
    for text in job.sink.told:
        assert text.splitlines()[0].startswith("cannot paint")
        assert "raise ValueError" in text
        assert text.endswith("ValueError: no paint")


def job_log(job: Logged) -> JobLogger:
    return JobLogger(job)


def test_the_jobs_own_logger_keeps_what_logging_would_not_let_through(job, caplog):
    assert not logging.getLogger("headrace.job.paint").isEnabledFor(logging.INFO)
    job_log(job).info("%s and %s", "red", "blue")
    job_log(job).debug("too much")
    assert job.sink.told == ["red and blue"]
    assert caplog.records == []


def test_the_jobs_own_logger_logs_too_and_keeps_one_line(job, caplog):
    with caplog.at_level(logging.INFO, "headrace.job.paint"):
        job_log(job).info("red")
    assert job.sink.told == ["red"]
    [record] = caplog.records
    assert (record.name, record.message, record.funcName) == (
        "headrace.job.paint",
        "red",
        "test_the_jobs_own_logger_logs_too_and_keeps_one_line",
    )


def test_a_record_that_cannot_be_formatted_is_kept_as_what_it_is(job, caplog, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    silent = logging.getLogger("shop.silent")
    silent.propagate = False
    silent.warning("%d left", "three")
    assert job.sink.told == ["'%d left' % tuple: cannot be formatted: TypeError"]


def test_a_factory_wrapped_by_others_catches_a_record_once(job):
    ours = logging.getLogRecordFactory()
    logging.setLogRecordFactory(functools.partial(ours))
    install()
    logging.getLogger("shop").warning("once")
    assert job.sink.told == ["once"]


def test_installing_twice_is_installing_once(job):
    before = logging.getLogRecordFactory()
    install()
    assert logging.getLogRecordFactory() is before
    assert isinstance(before, Capture)
