"""The tokens of all accounts under the first key of the ring, so that an old key can be left out."""

from typing import Final
from uuid import UUID

from headrace import Headrace, KeyService, Row
from headrace_crm.accounts import store
from headrace_crm.accounts.sealing import Place, open_token, seal_token

_BATCH: Final = 200


async def rotate_keys(app: Headrace) -> int:
    """Seals every token anew, in batches, each a transaction; of how many accounts. Raises SecretKeyError.

    Interrupted, it can be run again. Tokens that others seal meanwhile are under the first key of their ring: give
    every process the new ring before.
    """
    count, after = 0, UUID(int=0)
    while True:
        async with app.transaction() as tx:
            rows = await store.lock_page(tx.connection, after=after, limit=_BATCH)
            sealed = [await _resealed(app.key_service(), row) for row in rows]
            await store.reseal(tx.connection, sealed)
        count += len(rows)
        if len(rows) < _BATCH:
            return count
        after = rows[-1]["id"]


async def _resealed(keys: KeyService, row: Row) -> store.Resealed:
    async def anew(sealed: bytes | None, place: Place) -> bytes | None:
        if sealed is None:
            return None
        token = await open_token(keys, sealed, account_id=row["id"], place=place)
        return await seal_token(keys, token, account_id=row["id"], place=place)

    return store.Resealed(
        row["id"],
        await anew(row["access_token"], "access_token"),
        await anew(row["refresh_token"], "refresh_token"),
    )
