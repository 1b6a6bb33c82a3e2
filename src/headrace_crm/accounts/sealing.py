"""Tokens under the key ring: each is bound to the account and the place it is stored at."""

from typing import Final, Literal, TypeAlias
from uuid import UUID

from headrace import KeyService

Place: TypeAlias = Literal["access_token", "refresh_token"]

_CONTEXT: Final = "headrace_crm account {} {}"


async def seal_token(keys: KeyService, token: str, *, account_id: UUID, place: Place) -> bytes:
    """The token as it is stored; it opens under the same keys, for the same account and place alone."""
    return await keys.wrap(token.encode(), context=_context(account_id, place))


async def open_token(keys: KeyService, sealed: bytes, *, account_id: UUID, place: Place) -> str:
    """The token in clear. Raises SecretKeyError where its key is not on the ring."""
    return (await keys.unwrap(sealed, context=_context(account_id, place))).decode()


def _context(account_id: UUID, place: Place) -> bytes:
    return _CONTEXT.format(account_id, place).encode()
