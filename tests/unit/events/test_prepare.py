from datetime import UTC, datetime
from uuid import uuid4

import pytest

from fix_events import ContactCreated, known_events, new
from headrace.context import Context, bind
from headrace.errors import ConfigurationError
from headrace.events.event import Appended, Stream
from headrace.events.prepare import caused_by, prepare


def test_outside_any_context_an_event_begins_its_own_correlation():
    made = new(ContactCreated("Ada"))
    assert made.correlation_id == made.id
    assert made.causation_id is None


def test_an_event_inherits_who_and_why_from_its_context():
    correlation, cause = uuid4(), uuid4()
    with bind(
        correlation_id=correlation,
        causation_id=cause,
        causation_kind="job",
        tenant_id="acme",
        user_id="u1",
        actor="import",
        traceparent="00-aa-bb-01",
    ):
        made = new(ContactCreated("Ada"))

    assert made.id not in {correlation, cause}
    assert (made.correlation_id, made.causation_id, made.causation_kind) == (correlation, cause, "job")
    assert (made.tenant_id, made.user_id, made.actor, made.traceparent) == (
        "acme",
        "u1",
        "import",
        "00-aa-bb-01",
    )


def test_what_an_event_causes_carries_its_correlation_and_names_it_as_the_cause():
    with bind(tenant_id="acme", user_id="u1"):
        first = new(ContactCreated("Ada"), stream="1")
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    with bind(caused_by(first.stored(Appended(1, 1, moment)), "h")):
        second = new(ContactCreated("Bo"))

    assert second.correlation_id == first.correlation_id
    assert (second.causation_id, second.causation_kind) == (first.id, "event")
    assert (second.tenant_id, second.user_id) == ("acme", "u1")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"expected": -2}, "got -2"),
        ({"expected": 3}, "needs a stream"),
        ({"stream": Stream("contact", "")}, "aggregate id must have 1 to 200 characters, none of them NUL, got 0"),
        ({"stream": Stream("contact", "x" * 201)}, "aggregate id .* got 201: 'xxx"),
        ({"stream": Stream("con\0tact", "1")}, "aggregate type .* none of them NUL"),
        ({"context": Context(tenant_id="t" * 201)}, "tenant id .* got 201"),
        ({"occurred_at": datetime(2026, 1, 1)}, "must be aware"),  # noqa: DTZ001 - naive on purpose
    ],
)
def test_options_that_make_no_sense_are_refused(options, words):
    with pytest.raises(ConfigurationError, match=words):
        prepare(known_events(), ContactCreated("Ada"), source="tests", **options)
