"""Logging in and out of the pages, told by events."""

from headrace import Transaction, bind
from headrace.console import Principal, SessionChange
from headrace_crm.accounts.users import UserSignedIn, UserSignedOut, token_stream


async def tell_session(tx: Transaction, principal: Principal, change: SessionChange) -> None:
    """Appends that a session began or ended, in the transaction that does it."""
    if principal.token_id is None:
        return
    told = (
        UserSignedIn(principal.token_id, principal.role) if change == "signed_in" else UserSignedOut(principal.token_id)
    )
    with bind(actor=principal.name):
        await tx.append(told, stream=token_stream(principal.token_id))
