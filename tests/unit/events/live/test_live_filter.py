from uuid import UUID

import pytest

from headrace.errors import ConfigurationError
from headrace.events.event import Stream
from headrace.events.live.filter import EVERYTHING, LiveFilter

NOTES, BOTH = frozenset({"note.taken"}), frozenset({"note.taken", "contact.created"})
ONE, OTHER = Stream("contact", "1"), Stream("contact", "2")
ID = UUID(int=1)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (EVERYTHING, EVERYTHING, EVERYTHING),
        (LiveFilter(types=BOTH), EVERYTHING, LiveFilter(types=BOTH)),
        (LiveFilter(types=BOTH), LiveFilter(types=NOTES), LiveFilter(types=NOTES)),
        (LiveFilter(types=NOTES), LiveFilter(types=BOTH - NOTES), None),
        (LiveFilter(tenant_id="a"), LiveFilter(tenant_id="a"), LiveFilter(tenant_id="a")),
        (LiveFilter(tenant_id="a"), LiveFilter(tenant_id="b"), None),
        (LiveFilter(tenant_id=""), LiveFilter(tenant_id="a"), None),
        (LiveFilter(user_id="a"), LiveFilter(user_id="b"), None),
        (LiveFilter(stream=ONE), LiveFilter(stream=OTHER), None),
        (LiveFilter(correlation_id=ID), LiveFilter(correlation_id=UUID(int=2)), None),
        (
            LiveFilter(types=BOTH, stream=ONE),
            LiveFilter(tenant_id="a", user_id="u", correlation_id=ID),
            LiveFilter(types=BOTH, stream=ONE, tenant_id="a", user_id="u", correlation_id=ID),
        ),
    ],
)
def test_a_filter_narrowed_by_another_fits_what_both_fit(one, other, both):
    assert one.narrowed(other) == both
    assert other.narrowed(one) == both


def test_a_filter_of_no_types_is_refused():
    with pytest.raises(ConfigurationError, match="fits nothing"):
        LiveFilter(types=frozenset())
