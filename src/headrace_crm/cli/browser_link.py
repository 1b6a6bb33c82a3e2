"""Links a mailbox by a sign-in in a browser that comes back to this machine."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from headrace import Headrace
from headrace_crm.accounts.linking import finish_sign_in
from headrace_crm.accounts.loopback import Loopback
from headrace_crm.accounts.model import Account
from headrace_crm.accounts.signing_in import SignIn
from headrace_crm.config.google import GoogleSettings
from headrace_crm.mail.owners import claim_owner


async def link_by_browser(
    crm: Headrace,
    google: GoogleSettings,
    *,
    email: str | None,
    owner_addresses: tuple[str, ...] = (),
    patience: timedelta,
    go_to: Callable[[str], Awaitable[None]],
) -> Account:
    """Has `go_to` bring a browser to Google's consent, and links the mailbox it comes back with.

    The browser has `patience` to come back. Raises what `finish_sign_in` raises, and LinkError where nobody comes.
    """
    crm.key_service()  # better before somebody has signed in
    async with Loopback() as loopback:
        sign_in = SignIn.begin(loopback.redirect_uri, owner_addresses=owner_addresses)
        url = sign_in.url(google, email=email)
        # It has to listen for this sign-in before a quick browser comes back.
        answer, _ = await asyncio.gather(
            loopback.answer(sign_in.is_answered_by, patience=patience),
            go_to(url),
        )
        return await finish_sign_in(crm, google, sign_in, sign_in.code(answer), claim_owner=claim_owner)
