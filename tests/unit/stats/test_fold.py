from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from headrace import StoredEvent
from headrace_crm.contacts.events import (
    ContactCreated,
    InteractionEmailReceived,
    InteractionEmailSent,
    InteractionRetracted,
)
from headrace_crm.stats.fold import fold

OWNER, BO, CY = UUID(int=9), UUID(int=1), UUID(int=2)
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def stored(data: object, day: int = 0) -> StoredEvent:
    at = DAY + timedelta(days=day)
    return StoredEvent(
        position=1, id=uuid4(), type="", schema_version=1, tenant_id="", user_id=None, stream=None,
        stream_version=None, data=data, source="", correlation_id=uuid4(), causation_id=None,
        causation_kind=None, actor=None, traceparent=None, occurred_at=at, recorded_at=at,
    )  # fmt: skip


def test_events_of_a_contact_are_summed_up():
    bo, cy = fold(
        [
            stored(InteractionEmailSent(BO, OWNER, 1), 3),
            stored(InteractionEmailReceived(CY, OWNER, 2), 1),
            stored(InteractionEmailSent(BO, OWNER, 3), 1),
            stored(InteractionEmailReceived(BO, OWNER, 4), 2),
        ]
    )
    assert (bo.contact_id, bo.sent, bo.received, bo.event_count) == (BO, 2, 1, 3)
    assert (bo.first_sent_at, bo.last_sent_at) == (DAY + timedelta(days=1), DAY + timedelta(days=3))
    assert bo.first_received_at == bo.last_received_at == DAY + timedelta(days=2)
    assert (cy.contact_id, cy.sent, cy.received) == (CY, 0, 1)


def test_a_retraction_takes_away_and_narrows():
    (bo,) = fold([stored(InteractionRetracted(BO, OWNER, "sent", 1))])
    assert (bo.sent, bo.received, bo.is_narrowed, bo.event_count) == (-1, 0, True, 1)


def test_who_was_touched_otherwise_has_one_change_that_adds_nothing():
    bo, cy = fold([stored(InteractionEmailSent(BO, OWNER, 1))], touched=[(OWNER, CY), (OWNER, BO)])
    assert (bo.sent, bo.event_count) == (1, 2)
    assert (cy.sent, cy.received, cy.last_sent_at, cy.event_count) == (0, 0, None, 1)


def test_other_events_change_nothing():
    assert fold([stored(ContactCreated(BO, OWNER))]) == []


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50)), min_size=2), st.data())
def test_folding_in_parts_adds_up_to_folding_at_once(interactions, data):
    events = [
        stored((InteractionEmailSent if sent else InteractionEmailReceived)(BO, OWNER, day), day)
        for sent, day in interactions
    ]
    cut = data.draw(st.integers(1, len(events) - 1))
    (whole,) = fold(events)
    (first,), (second,) = fold(events[:cut]), fold(events[cut:])
    assert (whole.sent, whole.received) == (first.sent + second.sent, first.received + second.received)
    last = [moment for moment in (first.last_sent_at, second.last_sent_at) if moment]
    assert whole.last_sent_at == max(last, default=None)
