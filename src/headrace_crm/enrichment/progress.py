"""How far an enrichment has come, for those who wait for it."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from headrace import Connection, statement

_PACKAGE: Final = "headrace_crm.enrichment"


async def unanswered(connection: Connection, contact_ids: Collection[UUID]) -> int:
    """How many questions about these contacts have been asked and not answered yet."""
    return await connection.fetchval(statement(_PACKAGE, "unanswered"), sorted(contact_ids))
