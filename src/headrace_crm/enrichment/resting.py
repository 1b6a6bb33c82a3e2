"""Sources that must not be asked for a while: because of a limit, or because they refuse everybody."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from headrace import Connection, statement
from headrace_crm.enrichment.money import next_month
from headrace_crm.enrichment.outcome import Limited, Refused
from headrace_crm.enrichment.profile import Asked

_PACKAGE: Final = "headrace_crm.enrichment"

TRY_REFUSED_AFTER: Final = timedelta(days=1)
"""How long wrong credentials are left alone: they may be mended at the provider, where nobody tells us."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Until when a source is not asked, and why; `is_refused` tells a refusal from a limit."""

    until: datetime
    reason: str
    is_refused: bool


async def current_rest(connection: Connection, source: Asked, *, settings: str, now: datetime) -> Rest | None:
    """The rest a source is in, if any. One for a refusal is over as soon as the settings refused are changed."""
    row = await connection.fetchrow(statement(_PACKAGE, "rest_of"), source, now)
    if row is None or (row["is_refused"] and row["settings"] != settings):
        return None
    return Rest(row["rests_until"], row["reason"], row["is_refused"])


async def rest(connection: Connection, source: Asked, rest: Rest, *, settings: str) -> None:
    """Lets a source rest; of two limits the later end counts, and a refusal outweighs a limit."""
    await connection.execute(
        statement(_PACKAGE, "let_rest"), source, rest.until, rest.is_refused, rest.reason, settings
    )


async def resume(connection: Connection, source: Asked, *, now: datetime) -> int:
    """Ends a source's rest, has those it refused asked for again, and returns how many they are."""
    await connection.execute(statement(_PACKAGE, "end_rest"), source)
    return len(await connection.fetch(statement(_PACKAGE, "renew_refused"), source, now))


def rest_after(refused: Refused | Limited, now: datetime) -> Rest | None:
    """The rest that an outcome asks of the whole source; None for one about a single person.

    A cap on usage lasts to the first of the next month, the usual billing cycle; other refusals are tried once a day.
    """
    if isinstance(refused, Limited):
        return Rest(refused.until, refused.reason, is_refused=False)
    if refused.scope == "person":
        return None
    until = next_month(now) if refused.is_capped else now + TRY_REFUSED_AFTER
    return Rest(until, refused.reason, is_refused=True)
