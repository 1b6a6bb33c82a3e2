"""Sets money aside before a call, and gives back after it what was not charged."""

from datetime import UTC, datetime
from typing import Final

from headrace import Connection, statement
from headrace_crm.enrichment.money import Caps, Reservation, affordable, room_again_at
from headrace_crm.enrichment.profile import Asked

_PACKAGE: Final = "headrace_crm.enrichment"


async def reserve(
    connection: Connection, source: Asked, *, units: int, price: int, caps: Caps, now: datetime
) -> Reservation | datetime:
    """Sets aside the price of up to `units` things, at least one; where there is no room for one, when there will be.

    It must be committed before the call. A process that dies between the call and `settle` leaves the whole of it
    spent, so the caps hold whatever it really cost. The source's row is locked to the end of the transaction.
    """
    await connection.execute(statement(_PACKAGE, "lock_source"), source)
    day = now.astimezone(UTC).date()
    row = await connection.fetchrow(statement(_PACKAGE, "spent"), source, day)
    assert row is not None  # noqa: S101 - an aggregate always has a row
    granted = affordable(units, price=price, spent_today=row["today"], spent_this_month=row["this_month"], caps=caps)
    if granted == 0:
        return room_again_at(now, price=price, spent_this_month=row["this_month"], caps=caps)
    reservation = Reservation(source, day, granted, price)
    await connection.execute(statement(_PACKAGE, "spend"), source, day, reservation.amount)
    return reservation


async def settle(connection: Connection, reservation: Reservation, *, charged: int) -> None:
    """Gives back what was set aside and not charged."""
    rest = reservation.amount - charged
    if rest > 0:
        await connection.execute(statement(_PACKAGE, "give_back"), reservation.source, reservation.day, rest)


async def spent(connection: Connection, source: Asked, now: datetime) -> tuple[int, int]:
    """What a source cost today and this month, in millionths of a dollar, what is set aside included."""
    row = await connection.fetchrow(statement(_PACKAGE, "spent"), source, now.astimezone(UTC).date())
    assert row is not None  # noqa: S101 - an aggregate always has a row
    return row["today"], row["this_month"]
