"""`crm contacts merge` and `crm contacts split`: who is one person, by your word."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from headrace import Connection, Headrace, WorkerOptions
from headrace.terminal import EXIT_NOT_FOUND, fail, run
from headrace_crm.cli.contacts import print_contacts
from headrace_crm.cli.session import Choice, opened
from headrace_crm.enrichment.uniting import divide, unite
from headrace_crm.scores.people import AmbiguousContactError, ContactNotFoundError, Person, show_contact
from headrace_crm.scores.settling import settled

Who = Annotated[str, typer.Argument(metavar="NAME|ADDRESS", help="An address, a name, or a part of one.")]
Wait = Annotated[int, typer.Option(min=0, help="Seconds to wait for what follows; workers go on with it.")]
_LOOK_SECONDS = 0.1
_QUEUES = ("contacts", "scores")


def merge(
    context: typer.Context,
    who: Who,
    other: Annotated[str, typer.Argument(metavar="NAME|ADDRESS", help="Who is the same person, and goes.")],
    *,
    wait: Wait = 30,
) -> None:
    """Makes two contacts one, with the addresses, mail and answers of both; `split` undoes it.

    Exit code 3 where nobody fits.
    """
    run(_merge(context.obj, who, other, wait))


def split(
    context: typer.Context,
    who: Who,
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="Those that are somebody else's.")],
    *,
    wait: Wait = 30,
) -> None:
    """Makes some addresses of a contact a contact of their own. Exit code 3 where nobody fits."""
    run(_split(context.obj, who, addresses, wait))


async def _merge(choice: Choice, who: str, other: str, wait: int) -> None:
    async with opened(choice) as app:
        async with app.pool.acquire() as connection:
            kept, merged = await person_called(connection, who), await person_called(connection, other)
        async with app.transaction() as tx:
            await unite(tx, kept.owner_id, kept.id, merged.id, now=app.clock.now())
        await _follow(app, kept.owner_id, wait)
        await _show(app, kept.addresses[0])


async def _split(choice: Choice, who: str, addresses: list[str], wait: int) -> None:
    async with opened(choice) as app:
        async with app.pool.acquire() as connection:
            person = await person_called(connection, who)
        async with app.transaction() as tx:
            await divide(tx, person.owner_id, person.id, addresses, now=app.clock.now())
        await _follow(app, person.owner_id, wait)
        left = [each for each in person.addresses if each not in {address.strip().lower() for address in addresses}]
        await _show(app, left[0], addresses[0])


async def _follow(app: Headrace, owner_id: UUID, wait: int) -> None:
    """Works until people, stats and scores are right again, at most `wait` seconds."""
    try:
        async with asyncio.timeout(wait), app.process(WorkerOptions(queues=_QUEUES)):
            while True:
                async with app.pool.acquire() as connection:
                    left = await settled(connection, owner_id, now=app.clock.now())
                if not (left.messages or left.addresses or left.stats or left.scores):
                    return
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        typer.echo("what follows is not done yet; a worker goes on with it")


async def _show(app: Headrace, *addresses: str) -> None:
    async with app.pool.acquire() as connection:
        print_contacts([(await show_contact(connection, address)).person for address in addresses])


async def person_called(connection: Connection, who: str) -> Person:
    """The one person that fits; the command ends where nobody does, or several do."""
    try:
        return (await show_contact(connection, who)).person
    except ContactNotFoundError as error:
        fail(str(error), EXIT_NOT_FOUND)
    except AmbiguousContactError as error:
        fail(str(error))
