"""The demo's mailbox from the sign-in until all of it is mirrored, and whether it is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx

from headrace import count_jobs, list_jobs
from headrace_crm.accounts.model import Account
from headrace_crm.cli.browser_link import link_by_browser
from headrace_crm.cli.demo_stage import DemoStage
from headrace_crm.cli.sync_bars import SyncBars, SyncLook
from headrace_crm.cli.waiting import wait_until
from headrace_crm.demo.cast import owner_of, read_cast
from headrace_crm.errors import CrmError
from headrace_crm.insights.backlog import settled_with_insights
from headrace_crm.mail.importing import import_state
from headrace_crm.mail.sync import store as mailboxes
from headrace_crm.mail.sync.args import INITIAL_KIND
from headrace_crm.mail.sync.labels import is_wanted
from headrace_crm.mail.sync.steering import read_standing
from headrace_crm.mail.sync.store import MirrorStore

_PATIENCE: Final = timedelta(seconds=30)
_MOST_FAILED: Final = 5

Watcher = Callable[[SyncLook], Awaitable[None]]


class DemoFailedError(CrmError):
    """What the demo shows did not come about."""


@dataclass(frozen=True, slots=True)
class Equality:
    """How many messages there are to be mirrored, how many of them are stored as they are, and how many too many."""

    expected: int
    equal: int
    surplus: int

    @property
    def is_whole(self) -> bool:
        """True where what is stored is what is there, message for message and label for label."""
        return self.equal == self.expected and not self.surplus


async def sign_in(stage: DemoStage) -> Account:
    """Links the sandbox's account, as a browser does whose owner agrees."""

    async def go_to(url: str) -> None:
        async with httpx.AsyncClient(follow_redirects=True) as browser:
            (await browser.get(url)).raise_for_status()

    return await link_by_browser(
        stage.app,
        stage.google,
        email=stage.sandbox.google.mailbox().email,
        owner_addresses=owner_of(read_cast()).addresses,
        patience=_PATIENCE,
        go_to=go_to,
    )


async def wait_mirrored(stage: DemoStage, account: Account, bars: SyncBars, *, watch: Watcher | None = None) -> None:
    """Waits until all mail is stored and people and scores have followed; `watch` is told every look.

    Raises DemoFailedError where a job has failed, WorkersLostError where no worker is left.
    """

    async def is_done() -> bool:
        look = await _look(stage, account)
        bars.show(look)
        if watch is not None:
            await watch(look)
        return look.is_done

    await wait_until(is_done, workers=stage.workers, check=lambda: _require_no_failure(stage))


async def wait_idle(stage: DemoStage) -> None:
    """Waits until no job is due or running. Raises as `wait_mirrored` does."""

    async def is_idle() -> bool:
        async with stage.app.pool.acquire() as connection:
            jobs = await count_jobs(connection)
        return not jobs.get("pending", 0) and not jobs.get("processing", 0)

    await wait_until(is_idle, workers=stage.workers, check=lambda: _require_no_failure(stage))


async def compare(stage: DemoStage, account: Account) -> Equality:
    """Holds what is stored against the sandbox's mailbox."""
    there = {message.id: message.labels for message in stage.sandbox.google.mailbox().messages}
    wanted = {message_id: set(labels) for message_id, labels in there.items() if is_wanted(labels)}
    async with stage.app.pool.acquire() as connection:
        state = await mailboxes.get_mailbox(connection, account.id)
        known = await MirrorStore(connection, state).known(wanted)
        stored, _ = await mailboxes.count_mailbox(connection, account.id)
    held = {each.provider_id: set(each.labels) for each in known.values() if each.message_key is not None}
    equal = sum(held.get(message_id) == labels for message_id, labels in wanted.items())
    return Equality(len(wanted), equal, stored - len(held))


async def _look(stage: DemoStage, account: Account) -> SyncLook:
    app = stage.app
    async with app.pool.acquire() as connection:
        [first] = await list_jobs(connection, kind=INITIAL_KIND, limit=1) or [None]
        newest = await import_state(connection, account.id if first is None else first.id)
        left = await settled_with_insights(connection, account.owner_id, now=app.clock.now())
    return SyncLook(newest=newest, standing=await read_standing(app, account.id), left=left)


async def _require_no_failure(stage: DemoStage) -> None:
    async with stage.app.pool.acquire() as connection:
        failed = await list_jobs(connection, states={"failed", "dead", "cancelled"}, limit=_MOST_FAILED)
    for job in failed:
        raise DemoFailedError(f"job {job.id} ({job.kind}) is {job.state}: {job.error}; run the demo again")
