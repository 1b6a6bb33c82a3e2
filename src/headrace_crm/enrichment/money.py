"""Spending: what may still be spent in a day and a month, decided before anything is spent."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Final

MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most that one source may cost in a day and in a month of UTC, in millionths of a dollar."""

    day: int
    month: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money set aside: `units` things of `price` each, counted as spent on `day` until it is settled."""

    source: str
    day: date
    units: int
    price: int

    @property
    def amount(self) -> int:
        """All of it."""
        return self.units * self.price


def affordable(wanted: int, *, price: int, spent_today: int, spent_this_month: int, caps: Caps) -> int:
    """How many of `wanted` things of `price` fit below both caps; what is free always fits.

    >>> affordable(100, price=10_000, spent_today=0, spent_this_month=950_000, caps=Caps(day=10**6, month=10**6))
    5
    """
    if price <= 0:
        return wanted
    room = min(caps.day - spent_today, caps.month - spent_this_month)
    return max(0, min(wanted, room // price))


def room_again_at(now: datetime, *, price: int, spent_this_month: int, caps: Caps) -> datetime:
    """When a cap that leaves no room now begins anew: tomorrow, or next month where the month's is the one."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if caps.month - spent_this_month >= price:
        return today + timedelta(days=1)
    return next_month(now)


def next_month(now: datetime) -> datetime:
    """The first moment of the month after `now`, in UTC."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)


def micros(dollars: Decimal) -> int:
    """Dollars in millionths, rounded up, so that a price is never taken for less than it is.

    >>> micros(Decimal("0.28"))
    280000
    """
    return int((dollars * MILLION).to_integral_value(ROUND_CEILING))


def dollars(amount: int) -> str:
    """Millionths as a person reads them.

    >>> dollars(1_234_567)
    '1.23 USD'
    """
    return f"{amount / MILLION:.2f} USD"
