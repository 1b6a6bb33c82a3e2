"""The demo from an empty database to the last score, and what it tells of it."""

import os
import time
from collections.abc import Mapping, Sequence
from uuid import UUID

import typer

from headrace import count_events, count_failures, count_jobs, database_address, fresh_database
from headrace.terminal import print_table
from headrace_crm.accounts.model import Account
from headrace_crm.accounts.unlinking import unlink
from headrace_crm.cli.contacts import print_contacts
from headrace_crm.cli.demo_killer import Killer
from headrace_crm.cli.demo_news import News, bring_news
from headrace_crm.cli.demo_stage import UNITS, DemoStage, demo_stage
from headrace_crm.cli.demo_sync import DemoFailedError, compare, sign_in, wait_idle, wait_mirrored
from headrace_crm.cli.session import DEMO_DATABASE, Choice, say
from headrace_crm.cli.sync_bars import SyncBars
from headrace_crm.demo.cast import owner_of, read_cast
from headrace_crm.scores.people import Person, list_contacts

_SHOWN = 12
_EVERYBODY = 100_000
_DAY = "%Y-%m-%d"


async def run_demo(choice: Choice, *, messages: int, seed: int, worker_count: int) -> None:
    """Plays the demo in its own database. Raises DemoFailedError where what is stored is not what is there."""
    async with database_address(choice.database, say=say) as address:
        database = await fresh_database(address, DEMO_DATABASE)
        async with demo_stage(database, os.environ, seed=seed, messages=messages, worker_count=worker_count) as stage:
            _tell_mailbox(stage)
            await _play(stage)


def _tell_mailbox(stage: DemoStage) -> None:
    mailbox = stage.sandbox.google.mailbox()
    first, last = (time.gmtime(message.internal_ms / 1000) for message in (mailbox.messages[0], mailbox.messages[-1]))
    say(
        f"a Gmail mailbox of {owner_of(read_cast()).name}, who does not exist, at a sandbox on {stage.sandbox.url}: "
        f"{mailbox.message_count} messages between {time.strftime(_DAY, first)} and {time.strftime(_DAY, last)}"
    )


async def _play(stage: DemoStage) -> None:
    began = time.monotonic()
    account = await sign_in(stage)
    say(f"linked {account.email} by OAuth: a code, its proof (PKCE) and a redirect to this machine")
    with SyncBars() as bars:
        killer = Killer(stage.app, stage.workers, bars)
        await wait_mirrored(stage, account, bars, watch=killer)
        seconds = time.monotonic() - began
        before = await _people(stage, account)
        news = await bring_news(stage, account, list(before.values()))
        bars.note(f"new mail in the sandbox: {'; '.join(news.lines)}; all of it stored {news.seconds:.2f} s later")
        await wait_mirrored(stage, account, bars)
    await wait_idle(stage)
    after = await _people(stage, account)
    print_contacts(list(after.values())[:_SHOWN], title="Strongest relationships")
    _tell_changes(before, after)
    await _tell_counts(stage, account, news, killer, seconds=seconds)
    # The sandbox ends here, and so does what the account could be used for. Its mail stays.
    await unlink(stage.app, stage.google, account.id, by="crm demo")
    _tell_next(list(after.values()))


async def _people(stage: DemoStage, account: Account) -> dict[UUID, Person]:
    async with stage.app.pool.acquire() as connection:
        people = await list_contacts(connection, account.owner_id, limit=_EVERYBODY)
    return {person.id: person for person in people}


def _tell_changes(before: Mapping[UUID, Person], after: Mapping[UUID, Person]) -> None:
    """Who is another by the new mail: counts, and the strength that follows."""
    changed = [
        (person.name, before.get(each), person)
        for each, person in after.items()
        if each not in before or before[each].received != person.received
    ]
    typer.echo("")
    print_table(
        ("name", "received", "strength"),
        [
            (
                name,
                f"{person.received} (was {'none' if was is None else was.received})",
                f"{person.strength or 0:.1f} (was {'none' if was is None else f'{was.strength or 0:.1f}'})",
            )
            for name, was, person in changed
        ],
        title="What the new mail changed",
    )


async def _tell_counts(stage: DemoStage, account: Account, news: News, killer: Killer, *, seconds: float) -> None:
    equality = await compare(stage, account)
    google = stage.sandbox.google
    async with stage.app.pool.acquire() as connection:
        jobs = await count_jobs(connection)
        events = await count_events(connection)
        failures = await count_failures(connection)
    later = jobs.get("scheduled", 0)
    ended = sum(jobs.values()) - later
    typer.echo("")
    print_table(
        ("what", "count"),
        [
            ("messages at the sandbox, without spam and trash", equality.expected),
            ("of them stored, with the labels they have there", equality.equal),
            ("stored that are not there", equality.surplus),
            ("worker processes killed with SIGKILL", 0 if killer.killed_pid is None else 1),
            ("jobs taken from the killed worker and run again", failures.get("headrace.WorkerLost", 0)),
            ("jobs completed", jobs.get("completed", 0)),
            ("jobs not completed", ended - jobs.get("completed", 0)),
            ("jobs that are due later", later),
            ("events in the log", sum(events.values())),
            (f"quota units of the fullest minute, of {UNITS:,}", f"{google.most_units_in_a_minute():,}"),
            ("requests refused for too many", google.refused_overruns()),
            ("seconds from the sign-in to the last score", f"{seconds:.1f}"),
            ("seconds from new mail to stored, by push", f"{news.seconds:.2f}"),
        ],
    )
    if not equality.is_whole:
        raise DemoFailedError("what is stored is not what is in the mailbox; see the counts above")


def _tell_next(people: Sequence[Person]) -> None:
    name = people[0].name
    typer.echo(
        "\nTry next:\n"
        "  .venv/bin/crm --demo contacts                       everybody, strongest first\n"
        f"  .venv/bin/crm --demo show '{name}'\n"
        f"  .venv/bin/crm --demo ask 'what did {name} write about?'\n"
        "  .venv/bin/crm --demo insights                       whom to answer, whom to write to, and why\n"
        "  .venv/bin/crm --demo serve --new-token you          the console at http://127.0.0.1:8080, and a token\n"
        "  .venv/bin/crm accounts link google                  your own mailbox (docs/guides/accounts.md)\n"
        "  .venv/bin/crm import YOUR.mbox --owner you@example.org   the same from a file\n"
        "  .venv/bin/crm contacts"
    )
