"""From what a person calls a mailbox to which account it is."""

from uuid import UUID

from headrace import Headrace
from headrace_crm.accounts import store
from headrace_crm.accounts.model import GOOGLE, AccountNotFoundError


async def find_account(crm: Headrace, named: str) -> UUID:
    """The account of an address, or of an id. Raises AccountNotFoundError."""
    async with crm.pool.acquire() as connection:
        if "@" in named:
            return (await store.find_account(connection, GOOGLE, named)).id
        try:
            return (await store.get_account(connection, UUID(named))).id
        except ValueError:
            raise AccountNotFoundError(named) from None
