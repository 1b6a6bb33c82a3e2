"""`crm enrich`, `crm enter` and `crm sources`: what others know about contacts, and what asking them costs."""

import asyncio
import os
from collections.abc import Sequence
from typing import Annotated

import typer

from headrace import Connection, Enqueued, Headrace, Unique, WorkerOptions
from headrace.terminal import EXIT_NOT_FOUND, fail, moment, print_json, print_table, run
from headrace_crm.app import enrichment_sources
from headrace_crm.cli.contacts import print_profile
from headrace_crm.cli.session import Choice, opened, say
from headrace_crm.config import Settings
from headrace_crm.enrichment.contact import lock_contact
from headrace_crm.enrichment.entering import enter_fields, require_field
from headrace_crm.enrichment.jobs import QUEUE
from headrace_crm.enrichment.kinds import ENRICHMENT_KIND, EnrichContact
from headrace_crm.enrichment.money import dollars
from headrace_crm.enrichment.profile import ASKED, Asked, Field
from headrace_crm.enrichment.progress import unanswered
from headrace_crm.enrichment.reading import SourceStanding, read_profile, source_standings
from headrace_crm.enrichment.resting import resume
from headrace_crm.scores.people import AmbiguousContactError, ContactNotFoundError, Person, list_contacts, show_contact

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Who = Annotated[str, typer.Argument(metavar="NAME|ADDRESS", help="An address, a name, or a part of one.")]
_LOOK_SECONDS = 0.1
_EVERYBODY = 1_000_000
_AT_ONCE = 1_000


def enrich(
    context: typer.Context,
    who: Annotated[
        str | None, typer.Argument(metavar="NAME|ADDRESS", help="An address, a name, or a part of one.")
    ] = None,
    *,
    everybody: Annotated[bool, typer.Option("--all", help="All contacts, the strongest relationship first.")] = False,
    source: Annotated[
        list[str] | None, typer.Option("--source", metavar="x|pdl|clearbit", help="Only this source; repeat for more.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Ask again for answers that still hold.")] = False,
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait for answers; what comes later is stored too.")] = 30,
    as_json: Json = False,
) -> None:
    """Asks the sources that are on about contacts, by a worker of its own, and shows what is known then.

    What a limit or a cap holds back is left to other workers. Exit code 3 where nobody fits.
    """
    if (who is None) == (not everybody):
        raise typer.BadParameter("give a name or an address, or --all")
    run(_enrich(context.obj, who, _read_sources(source), is_forced=force, wait=wait, as_json=as_json))


def enter(
    context: typer.Context,
    who: Who,
    values: Annotated[
        list[str],
        typer.Argument(metavar="FIELD=VALUE...", help="Such as title=Miller; title= takes it back."),
    ],
) -> None:
    """Enters what you know about a contact, which no source takes the place of. Exit code 3 where nobody fits."""
    run(_enter(context.obj, who, values))


def sources(
    context: typer.Context,
    *,
    resume_: Annotated[
        str | None, typer.Option("--resume", metavar="x|pdl|clearbit", help="Ask a source again that refused or rests.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Lists the sources: which are on, what they have cost, and which rest until when."""
    run(_sources(context.obj, _read_sources(None if resume_ is None else [resume_]), as_json=as_json))


def _read_sources(given: Sequence[str] | None) -> tuple[Asked, ...] | None:
    if not given:
        return None
    unknown = sorted(set(given) - set(ASKED))
    if unknown:
        raise typer.BadParameter(f"there is no source {unknown[0]!r}; there are {', '.join(ASKED)}")
    return tuple(source for source in ASKED if source in given)


async def _enrich(
    choice: Choice, who: str | None, chosen: tuple[Asked, ...] | None, *, is_forced: bool, wait: int, as_json: bool
) -> None:
    if not enrichment_sources(Settings.from_environment(os.environ).enrichment).on:
        say("no source is on, so mail alone is read; set HEADRACE_X_TOKEN or HEADRACE_PDL_API_KEY to ask one")
    async with opened(choice) as app:
        async with app.pool.acquire() as connection:
            people = [await _person(connection, who)] if who else await list_contacts(connection, limit=_EVERYBODY)
        jobs: list[Enqueued] = []
        for start in range(0, len(people), _AT_ONCE):
            wanted = [EnrichContact(each.id, chosen, is_forced) for each in people[start : start + _AT_ONCE]]
            uniques = [Unique(args.key, scope="waiting") for args in wanted]
            jobs += await app.enqueue_many(ENRICHMENT_KIND, wanted, uniques=uniques)
        async with app.process(WorkerOptions(queues=(QUEUE,))):
            waiting = await _answered(app, jobs, people, wait)
        async with app.pool.acquire() as connection:
            profile = await read_profile(connection, people[0].id) if who else None
    if as_json:
        print_json({"contacts": len(people), "waiting": waiting, "profile": profile})
        return
    if profile is not None:
        print_profile(profile)
    typer.echo(f"{len(people)} contacts; {waiting} questions wait for an answer, a limit or a cap")


async def _answered(app: Headrace, jobs: Sequence[Enqueued], people: Sequence[Person], wait: int) -> int:
    """Waits until every question is answered, at most `wait` seconds; returns how many are not."""
    contact_ids = [each.id for each in people]
    try:
        async with asyncio.timeout(wait):
            for job in jobs:
                await job.result()
            while True:
                async with app.pool.acquire() as connection:
                    if not (left := await unanswered(connection, contact_ids)):
                        return left
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        async with app.pool.acquire() as connection:
            return await unanswered(connection, contact_ids)


async def _enter(choice: Choice, who: str, values: Sequence[str]) -> None:
    fields: dict[Field, str | None] = {}
    for text in values:
        name, sign, value = text.partition("=")
        if not sign:
            raise typer.BadParameter(f"write it as FIELD=VALUE, got {text!r}")
        fields[require_field(name)] = value
    async with opened(choice) as app:
        async with app.pool.acquire() as connection:
            person = await _person(connection, who)
        async with app.transaction() as tx:
            contact = await lock_contact(tx.connection, person.id)
            if contact is None:
                fail(f"{person.name} is gone", EXIT_NOT_FOUND)
            await enter_fields(tx, contact, fields, now=app.clock.now())
        async with app.pool.acquire() as connection:
            print_profile(await read_profile(connection, person.id))


async def _sources(choice: Choice, resumed: tuple[Asked, ...] | None, *, as_json: bool) -> None:
    known = enrichment_sources(Settings.from_environment(os.environ).enrichment)
    async with opened(choice) as app, app.pool.acquire() as connection:
        for source in resumed or ():
            count = await resume(connection, source, now=app.clock.now())
            say(f"{source} is asked again; {count} contacts it refused are due")
        standings = await source_standings(connection, known, now=app.clock.now())
    if as_json:
        print_json(standings)
        return
    print_table(
        ("source", "on", "spent today", "of", "this month", "of", "rests until", "what"),
        [_row(each) for each in standings],
    )


def _row(each: SourceStanding) -> tuple[str, ...]:
    what = each.source_name if each.reason is None else f"{each.source_name}: {each.reason}"
    spending = (each.spent_today, each.cap_day, each.spent_this_month, each.cap_month)
    return (each.source, "yes" if each.is_on else "no", *map(dollars, spending), moment(each.rests_until), what)


async def _person(connection: Connection, who: str) -> Person:
    try:
        return (await show_contact(connection, who)).person
    except ContactNotFoundError as error:
        fail(str(error), EXIT_NOT_FOUND)
    except AmbiguousContactError as error:
        fail(str(error))
