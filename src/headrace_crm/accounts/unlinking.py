"""Unlinking: nobody gets a token any more, the account's work stops, Gmail and Google are told, and no token is left.

Each step can be done twice, and each is committed before the next: an unlinking that was interrupted goes on where it
was, by hand or with `refresh-oauth-tokens`.
"""

import logging
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from headrace import Headrace, JobFilter, ScheduleNotFoundError, bind
from headrace_crm.accounts import oauth, store
from headrace_crm.accounts.events import AccountUnlinked, account_stream
from headrace_crm.accounts.sealing import open_token
from headrace_crm.accounts.stopping import stop_pushes
from headrace_crm.accounts.store import Held
from headrace_crm.config import GoogleSettings
from headrace_crm.kit.http import open_client

_REASON: Final = "account unlinked"


@dataclass(frozen=True, slots=True)
class Unlinked:
    """What was done: `was_stopped` is whether Gmail pushes no more, `was_revoked` whether Google knows.

    The counts are of jobs cancelled and schedules removed.
    """

    account_id: UUID
    email: str
    was_stopped: bool
    was_revoked: bool
    job_count: int
    schedule_count: int


async def unlink(
    app: Headrace, google: GoogleSettings, account_id: UUID, *, by: str, revoking: bool = True
) -> Unlinked:
    """Ends an account; one that has ended already is left as it is.

    Mail that was read stays. `revoking` False removes the tokens without telling Google, for keys or a Google
    that are gone. Where Gmail cannot be had to stop its pushes, the rest is done all the same: a push for a mailbox
    that is not linked is acknowledged, and nothing more. Raises AccountNotFoundError; OAuthError or SecretKeyError
    where the tokens cannot be revoked: then the account gives out no token any more, and the rest can be tried again.
    """
    async with app.transaction() as tx:
        held = await store.lock_tokens(tx.connection, account_id)
        if held.status != "unlinked":
            await store.begin_unlinking(tx.connection, account_id)
    job_count, schedule_count = await stop_work(app, account_id, by=by)
    was_stopped, was_revoked = False, False
    if revoking and held.status != "unlinked":
        was_stopped, was_revoked = await _tell_google(app, google, held)
    async with app.transaction() as tx:
        now_held = await store.lock_tokens(tx.connection, account_id)
        if now_held.status == "unlinking":
            await store.finish_unlinking(tx.connection, account_id, now=app.clock.now())
            with bind(user_id=str(held.owner_id)):
                await tx.append(
                    AccountUnlinked(held.owner_id, account_id, held.provider, held.email, was_revoked),
                    stream=account_stream(account_id),
                )
    return Unlinked(account_id, held.email, was_stopped, was_revoked, job_count, schedule_count)


async def stop_work(app: Headrace, account_id: UUID, *, by: str) -> tuple[int, int]:
    """Cancels the living jobs that name an account in their args, and removes such schedules; how many of each."""
    named = str(account_id)
    schedules = 0
    for schedule in await app.schedules.all():
        if schedule.source == "runtime" and named in str(schedule.args):
            try:
                await app.schedules.delete(schedule.name, by=by)
            except ScheduleNotFoundError:
                continue
            schedules += 1
    cancelled = await app.operations.cancel(JobFilter(args_contain=named), by=by, reason=_REASON)
    return cancelled.changed_count, schedules


async def _tell_google(app: Headrace, google: GoogleSettings, held: Held) -> tuple[bool, bool]:
    """Stops the pushes, then revokes the tokens, without which the first could not be done; whether each was."""
    if held.refresh_token is None:
        return False, False
    keys, now = app.key_service(), app.clock.now()
    token = await open_token(keys, held.refresh_token, account_id=held.id, place="refresh_token")
    reason: str | None = "no access token"
    async with open_client() as client:
        if held.access_token is not None and held.expires_at is not None and held.expires_at > now:
            access = await open_token(keys, held.access_token, account_id=held.id, place="access_token")
            reason = await stop_pushes(client, google, access=access)
        if reason is not None:
            app.telemetry.emit("account.still_watched", level=logging.WARNING, account=held.id, reason=reason)
        await oauth.revoke(client, google, token=token, now=now)
    return reason is None, True
