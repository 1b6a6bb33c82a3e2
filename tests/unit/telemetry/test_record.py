"""Records and who hears them."""

import logging

import pytest

from headrace import Record, Telemetry
from headrace.telemetry.logs import log_record


class Hearing:
    """A subscriber that says which levels it takes."""

    def __init__(self, least: int) -> None:
        self.least = least
        self.records: list[Record] = []

    def hears(self, level: int) -> bool:
        return level >= self.least

    def __call__(self, record: Record) -> None:
        self.records.append(record)


def test_nobody_hears_anything_where_nobody_subscribed():
    assert not Telemetry().hears(logging.CRITICAL)


def test_a_plain_function_hears_everything():
    assert Telemetry(lambda _: None).hears(logging.DEBUG)


def test_one_that_hears_is_enough():
    telemetry = Telemetry(Hearing(logging.ERROR))
    assert not telemetry.hears(logging.DEBUG)
    telemetry.subscribe(Hearing(logging.DEBUG))
    assert telemetry.hears(logging.DEBUG)


@pytest.mark.parametrize(("level", "heard"), [(logging.DEBUG, True), (logging.INFO, False)])
def test_the_log_hears_what_its_logger_takes(monkeypatch: pytest.MonkeyPatch, level: int, heard: bool):
    monkeypatch.setattr(logging.getLogger("headrace"), "level", level)
    logging.getLogger("headrace").manager._clear_cache()
    assert log_record.hears(logging.DEBUG) == heard
    logging.getLogger("headrace").manager._clear_cache()


def test_a_record_is_handed_on_as_it_is():
    seen: list[Record] = []
    outer = Telemetry(seen.append)
    Telemetry(outer.hand_on).emit("tea.made", level=logging.INFO, cups=2)
    assert seen == [Record("tea.made", logging.INFO, {"cups": 2})]


def test_a_subscriber_that_raises_stops_nobody(caplog: pytest.LogCaptureFixture):
    seen: list[str] = []

    def breaks(record: Record) -> None:
        raise ValueError(record.name)

    Telemetry(breaks, lambda record: seen.append(record.name)).emit("tea.made")
    assert seen == ["tea.made"]
    assert "a telemetry subscriber failed on tea.made" in caplog.text
