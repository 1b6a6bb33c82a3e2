import json
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from fix_events import known_events
from headrace.events.cloud_event import cloud_event
from headrace.events.live.event import LiveEvent

MOMENT = datetime(2030, 1, 2, 3, 4, 5, 600, tzinfo=UTC)
ID, OTHER = UUID(int=1), UUID(int=2)


class Row(dict):
    """A row as the driver gives it: by name, and unpacked by place."""

    def __iter__(self):
        return iter(self.values())


def row(**changed) -> Row:
    """A row of the log, its columns in the order of `read.sql`."""
    return Row(
        {
            "position": 42,
            "id": ID,
            "type": "note.taken",
            "schema_version": 1,
            "tenant_id": "",
            "user_id": None,
            "aggregate_type": None,
            "aggregate_id": None,
            "stream_version": None,
            "data": '{"text": "a"}',
            "source": "shop",
            "correlation_id": OTHER,
            "causation_id": None,
            "causation_kind": None,
            "actor": None,
            "traceparent": None,
            "occurred_at": MOMENT,
            "recorded_at": MOMENT,
            "path": None,
        }
        | changed
    )


def test_what_an_event_does_not_have_is_left_out():
    assert json.loads(cloud_event(row())) == {
        "specversion": "1.0",
        "id": str(ID),
        "source": "shop",
        "type": "note.taken",
        "time": "2030-01-02T03:04:05.000600Z",
        "sequence": "0000000000000000042",
        "schemaversion": 1,
        "data": {"text": "a"},
        "recordedtime": "2030-01-02T03:04:05.000600Z",
        "correlationid": str(OTHER),
        "datacontenttype": "application/json",
    }


def test_all_that_is_known_of_an_event_is_there():
    whole = json.loads(
        cloud_event(
            row(
                tenant_id="t",
                user_id="u",
                aggregate_type="contact",
                aggregate_id="7/8",
                stream_version=3,
                causation_id=ID,
                causation_kind="job",
                actor="user:u",
                traceparent="00-1-2-01",
                path="a > b",
            )
        )
    )
    assert whole["subject"] == "contact/7/8"
    assert whole["streamversion"] == 3
    assert (whole["causationid"], whole["causationkind"]) == (str(ID), "job")
    assert (whole["tenantid"], whole["userid"], whole["actor"]) == ("t", "u", "user:u")
    assert whole["traceparent"] == "00-1-2-01"
    assert "path" not in whole


def test_every_attribute_has_a_name_that_cloud_events_allow():
    from headrace.events.cloud_event import CloudEvent

    for field in msgspec.structs.fields(CloudEvent):
        assert field.name.isalnum(), field.name
        assert field.name.islower(), field.name
        assert len(field.name) <= 20


def test_sequences_sort_as_positions_do():
    positions = [9, 10, 99, 2**63 - 1]
    found = [json.loads(cloud_event(row(position=position)))["sequence"] for position in positions]
    assert sorted(found) == found
    assert [int(one) for one in found] == positions


@pytest.mark.parametrize(
    ("name", "uri"), [("shop", "shop"), ("my shop", "my%20shop"), ("https://a/b?c", "https://a/b?c")]
)
def test_the_source_is_the_apps_name_as_a_uri(name, uri):
    assert json.loads(cloud_event(row(source=name)))["source"] == uri


def test_a_server_sent_event_has_its_position_as_id_and_one_line_of_data():
    event = LiveEvent(row(data='{"text": "a\\nb\\r"}'), known_events())
    lines = event.frame().decode().split("\n")
    assert lines[:2] == ["id: 42", "event: note.taken"]
    assert json.loads(lines[2].removeprefix("data: "))["data"] == {"text": "a\nb\r"}
    assert lines[3:] == ["", ""]
    assert event.frame() is event.frame()


def test_a_type_with_line_breaks_cannot_end_its_line():
    event = LiveEvent(row(type="a\r\ndata: forged\n\nid: 9"), known_events())
    assert event.frame().decode().split("\n")[1] == "event: a data: forged  id: 9"
