from datetime import timedelta

import pytest

from headrace import ConfigurationError, EventRetention
from headrace.events.event_class import partition_span, unwanted_class
from headrace.events.retention import EventPartition, Extent, decide_fate

DAY = timedelta(days=1)
PARTITION = EventPartition("event_operational_20310501", "operational", None, None, None, None)
SOME, NONE = Extent(3, 7, 9), Extent(0, 0, 0)
KEPT, ARCHIVED = EventRetention(), EventRetention(archive="archive")


@pytest.mark.parametrize(
    ("period", "span"),
    [(7 * DAY, DAY), (timedelta(hours=3), DAY), (30 * DAY, 3 * DAY), (39 * DAY, 3 * DAY), (None, 30 * DAY)],
)
def test_partitions_are_a_tenth_of_the_period_wide_in_whole_days(period, span):
    assert partition_span(period) == span


@pytest.mark.parametrize(
    ("types", "unwanted"),
    [
        (None, ""),
        (["a.b"], "lifecycle"),
        (["job.failed"], "domain"),
        (["job.failed", "a.b"], ""),
        (["jobs.x"], "lifecycle"),
    ],
)
def test_a_reader_passes_over_the_class_that_cannot_have_its_types(types, unwanted):
    assert unwanted_class(types) == unwanted


@pytest.mark.parametrize(
    ("extent", "retention", "needed_by", "fate"),
    [
        (SOME, ARCHIVED, None, "export"),
        (SOME, ARCHIVED, "subscription 's'", "hold"),
        (SOME, KEPT, None, "hold"),
        (SOME, EventRetention(unarchived=("operational",)), None, "drop"),
        (SOME, EventRetention(unarchived=("operational",), archive="archive"), None, "export"),
        (NONE, KEPT, None, "drop"),
        (NONE, ARCHIVED, "subscription 's'", "drop"),
    ],
)
def test_what_becomes_of_a_partition_whose_time_is_over(extent, retention, needed_by, fate):
    assert decide_fate(PARTITION, extent, retention, needed_by=needed_by)[0] == fate


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"operational": timedelta(0)}, "operational must be positive, got 0:00:00"),
        ({"more": {"domain": DAY}}, "have options of their own"),
        ({"more": {"No": DAY}}, "a retention class has a name like 'audit'"),
        ({"unarchived": ("audit",)}, "unarchived names no class 'audit'"),
    ],
)
def test_a_retention_that_makes_no_sense_is_refused(options, message):
    with pytest.raises(ConfigurationError, match=message):
        EventRetention(**options)


def test_every_class_has_its_period():
    assert EventRetention(more={"audit": None}, domain=9 * DAY).periods == {
        "domain": 9 * DAY,
        "operational": 30 * DAY,
        "lifecycle": 7 * DAY,
        "audit": None,
    }
