"""An event as it leaves the database: one JSON document in the format of CloudEvents 1.0.

See https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md, and the extensions for correlation, recorded
time, sequence and distributed tracing there. Data is passed on as it is stored: `schemaversion` says in which version.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec

from headrace.db.connection import Row

CONTENT_TYPE = "application/cloudevents+json"

_POSITION_DIGITS = 19
_URI_CHARACTERS = "!#$&'()*+,/:;=?@[]~"


class CloudEvent(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The document: its attributes in the order they are written; those that are None are left out.

    `sequence` is the position as digits of equal number, so that text sorts as numbers do.
    """

    specversion: str
    id: UUID
    source: str
    type: str
    time: datetime
    sequence: str
    schemaversion: int
    data: msgspec.Raw
    recordedtime: datetime
    correlationid: UUID
    datacontenttype: str = ""
    subject: str | None = None
    streamversion: int | None = None
    causationid: UUID | None = None
    causationkind: str | None = None
    tenantid: str = ""
    userid: str | None = None
    actor: str | None = None
    traceparent: str | None = None


_encode = msgspec.json.Encoder().encode


def cloud_event(row: Row) -> bytes:
    """The JSON of an event given its row, whose columns stand in the order of `read.sql`. It has no line breaks."""
    (
        position, event_id, name, version, tenant_id, user_id, aggregate_type, aggregate_id,
        stream_version, data, source, correlation_id, causation_id, causation_kind, actor,
        traceparent, occurred_at, recorded_at, _path,
    ) = row  # fmt: skip
    return _encode(
        CloudEvent(
            specversion="1.0",
            id=event_id,
            source=_uri(source),
            type=name,
            time=occurred_at,
            sequence=sequence(position),
            schemaversion=version,
            data=_raw(data),
            recordedtime=recorded_at,
            correlationid=correlation_id,
            datacontenttype="application/json",
            subject=None if aggregate_type is None else f"{aggregate_type}/{aggregate_id}",
            streamversion=stream_version,
            causationid=causation_id,
            causationkind=causation_kind,
            tenantid=tenant_id,
            userid=user_id,
            actor=actor,
            traceparent=traceparent,
        )
    )


def sequence(position: int) -> str:
    """A position as text that sorts as positions do."""
    return str(position).zfill(_POSITION_DIGITS)


def _raw(data: str) -> Any:
    # jsonb as text has no line breaks of its own: PostgreSQL writes it on one line, and escapes those in strings.
    return msgspec.Raw(data.encode())


@lru_cache(maxsize=1024)
def _uri(source: str) -> str:
    """An app's name as a URI reference, which CloudEvents asks of a source."""
    return quote(source, safe=_URI_CHARACTERS) or "/"
