from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.enrichment.money import Caps, affordable, dollars, micros, next_month, room_again_at

amounts = st.integers(0, 10**8)


@given(st.integers(0, 200), st.integers(0, 10**6), st.tuples(amounts, amounts), st.tuples(amounts, amounts))
def test_what_is_granted_never_passes_a_cap_and_one_more_would(wanted, price, before, most):
    (today, earlier), (day, month) = before, most
    caps = Caps(day=day, month=month)
    spent = {"spent_today": today, "spent_this_month": today + earlier}
    units = affordable(wanted, price=price, caps=caps, **spent)
    assert 0 <= units <= wanted
    if price == 0:
        assert units == wanted
    if price and units:
        assert today + units * price <= day
        assert today + earlier + units * price <= month
    if price and units < wanted:
        more = (units + 1) * price
        assert today + more > day or today + earlier + more > month


def test_room_comes_with_the_next_day_unless_it_is_the_month_that_is_full():
    now = datetime(2031, 12, 30, 23, 59, tzinfo=UTC)
    caps = Caps(day=100, month=1_000)
    assert room_again_at(now, price=10, spent_this_month=500, caps=caps) == datetime(2031, 12, 31, tzinfo=UTC)
    assert room_again_at(now, price=10, spent_this_month=995, caps=caps) == datetime(2032, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("day", [1, 15, 28, 29, 30, 31])
def test_the_next_month_begins_on_its_first_day(day: int):
    assert next_month(datetime(2031, 1, day, 5, tzinfo=UTC)) == datetime(2031, 2, 1, tzinfo=UTC)


def test_a_price_is_never_rounded_down():
    assert micros(Decimal("0.0000001")) == 1
    assert micros(Decimal("0.28")) == 280_000
    assert dollars(280_000) == "0.28 USD"
