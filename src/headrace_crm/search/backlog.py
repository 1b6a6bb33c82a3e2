"""What search has left to do for an owner."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from headrace import Connection, list_jobs, statement
from headrace_crm.search.embedding import EMBED_KIND

_PACKAGE: Final = "headrace_crm.search"


@dataclass(frozen=True, slots=True)
class SearchBacklog:
    """Messages that cannot be found yet, and passages that wait for a vector while a job is there to make it."""

    messages: int
    passages: int


async def search_backlog(connection: Connection, owner_id: UUID) -> SearchBacklog:
    """Read from the data itself. Passages whose job was put off, since its model is away, are not waited for."""
    messages = await connection.fetchval(statement(_PACKAGE, "uncollected_count"), owner_id)
    passages = await connection.fetchval(statement(_PACKAGE, "unembedded_count"), owner_id)
    # Asked last: who waits looks often, and no index has the few jobs that wait among all that were.
    if passages and not await list_jobs(connection, kind=EMBED_KIND, states={"pending", "processing"}, limit=1):
        passages = 0
    return SearchBacklog(messages, passages)
