"""Has Gmail push no more for an account that is unlinked, as far as that can be had."""

import asyncio
from typing import Final

import httpx

from headrace_crm.accounts.oauth import PATIENCE
from headrace_crm.config import GoogleSettings

_STOP: Final = "/gmail/v1/users/me/stop"


async def stop_pushes(client: httpx.AsyncClient, google: GoogleSettings, *, access: str) -> str | None:
    """Ends the watch of a mailbox, if there is one; why it was not ended, None where it was.

    A token that is refused is not renewed: where refresh tokens rotate, the one that is stored could not be revoked
    any more after that. Source: Gmail API, users.stop.
    """
    url = google.gmail_url.rstrip("/") + _STOP
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            answer = await client.post(url, headers={"authorization": f"Bearer {access}"})
    except (httpx.HTTPError, TimeoutError) as error:
        # Only the kind: a client's error may quote the request it belongs to.
        return type(error).__name__
    return None if answer.is_success else f"status {answer.status_code}"
