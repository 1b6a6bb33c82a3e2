"""Whether a source may be asked now, decided before every call: not while it rests, and not beyond its caps."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from headrace import Headrace, Snooze, Transaction
from headrace_crm.enrichment.money import Reservation, dollars
from headrace_crm.enrichment.outcome import Answer, Limited, ProviderUnavailableError, Refused
from headrace_crm.enrichment.profile import Asked
from headrace_crm.enrichment.resting import Rest, current_rest, rest, rest_after
from headrace_crm.enrichment.sources import Sources
from headrace_crm.enrichment.spending import reserve, settle

T = TypeVar("T")

_AFTER_THE_END: Final = timedelta(seconds=1)
"""Clocks differ; who comes back a moment early is refused again."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Leave to make one call, for which money is set aside."""

    reservation: Reservation


async def admit(
    tx: Transaction, sources: Sources, source: Asked, *, units: int, price: int, now: datetime
) -> Admission | Refused | Limited:
    """Leave to ask a source for up to `units` things of `price`; else why not.

    The transaction must be committed before the call, so that nothing is asked that is not paid for already.
    """
    found = await current_rest(tx.connection, source, settings=sources.digests[source], now=now)
    if found is not None:
        return Refused(found.reason) if found.is_refused else Limited(found.until, found.reason)
    caps = sources.caps[source]
    granted = await reserve(tx.connection, source, units=units, price=price, caps=caps, now=now)
    if isinstance(granted, datetime):
        reason = f"the caps of {dollars(caps.day)} a day and {dollars(caps.month)} a month are reached"
        return Limited(granted, reason)
    return Admission(granted)


async def conclude(
    tx: Transaction, sources: Sources, source: Asked, admission: Admission, answer: Answer[T], *, now: datetime
) -> None:
    """Gives back what a call did not cost, and lets the source rest where its answer asks for it."""
    asked_for: Rest | None = None
    if isinstance(answer.outcome, Refused | Limited):
        asked_for = rest_after(answer.outcome, now)
    elif answer.resting_until is not None:
        asked_for = Rest(answer.resting_until, "its limit is used up", is_refused=False)
    # The source before its spending, as `reserve` has it: two orders would wait for each other.
    if asked_for is not None:
        await rest(tx.connection, source, asked_for, settings=sources.digests[source])
    await settle(tx.connection, admission.reservation, charged=answer.charged)


async def answered(app: Headrace, admission: Admission, call: Awaitable[Answer[T]]) -> Answer[T]:
    """The answer to a call; where there is none, what it surely did not cost is given back.

    Raises ProviderUnavailableError.
    """
    try:
        return await call
    except ProviderUnavailableError as error:
        if not error.is_billed:
            async with app.transaction() as tx:
                await settle(tx.connection, admission.reservation, charged=0)
        raise


def until(moment: datetime, now: datetime) -> Snooze:
    """What a job raises that may not go on before a moment."""
    return Snooze(max(moment - now, timedelta(0)) + _AFTER_THE_END)
