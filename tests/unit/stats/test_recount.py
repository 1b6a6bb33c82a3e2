from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from headrace import StoredEvent
from headrace_crm.contacts.events import InteractionEmailReceived, InteractionEmailSent, InteractionRetracted
from headrace_crm.stats.fold import fold
from headrace_crm.stats.recount import Recount

OWNER, BO = UUID(int=9), UUID(int=1)
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def stored(data: object, day: int) -> StoredEvent:
    at = DAY + timedelta(days=day)
    return StoredEvent(
        position=1, id=uuid4(), type="", schema_version=1, tenant_id="", user_id=None, stream=None,
        stream_version=None, data=data, source="", correlation_id=uuid4(), causation_id=None,
        causation_kind=None, actor=None, traceparent=None, occurred_at=at, recorded_at=at,
    )  # fmt: skip


@given(st.lists(st.tuples(st.integers(1, 8), st.booleans()), max_size=40))
def test_a_recount_comes_to_what_the_fold_of_the_same_events_does(steps):
    """Each step tells a message's interaction, or takes back the one told of."""
    told: dict[int, bool] = {}
    events = []
    for message_id, is_sent in steps:
        if message_id in told:
            side = "sent" if told.pop(message_id) else "received"
            events.append(stored(InteractionRetracted(BO, OWNER, side, message_id), message_id))
        else:
            told[message_id] = is_sent
            kind = InteractionEmailSent if is_sent else InteractionEmailReceived
            events.append(stored(kind(BO, OWNER, message_id), message_id))
    recount = Recount()
    recount.add(events)
    changes = fold(events)
    assert (len(recount.sent), len(recount.received)) == ((changes[0].sent, changes[0].received) if changes else (0, 0))
    days = [DAY + timedelta(days=message_id) for message_id in told]
    assert (recount.first_at, recount.last_at) == (min(days, default=None), max(days, default=None))
