"""`crm recount`: counts people's stats from the log anew."""

from typing import Annotated

import typer

from headrace.terminal import EXIT_NOT_FOUND, fail, print_json, run
from headrace_crm.cli.session import Choice, opened
from headrace_crm.scores.people import AmbiguousContactError, ContactNotFoundError, list_contacts, show_contact
from headrace_crm.stats.projections import RECOUNT_KIND, RecountContact

_MOST = 1_000_000


def recount(
    context: typer.Context,
    who: Annotated[str | None, typer.Argument(metavar="NAME|ADDRESS", help="Whose stats; see `crm contacts`.")] = None,
    *,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's.")] = False,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the log.")] = "asked for on the command line",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Enqueues the jobs that count stats from the log anew; workers do it, and scores follow."""
    if (who is None) == (not everybody):
        raise typer.BadParameter("give a name or an address, or --all, and not both")
    run(_recount(context.obj, who, reason, as_json=as_json))


async def _recount(choice: Choice, who: str | None, reason: str, *, as_json: bool) -> None:
    async with opened(choice) as app:
        async with app.pool.acquire() as connection:
            try:
                if who is None:
                    people = await list_contacts(connection, None, limit=_MOST)
                else:
                    people = [(await show_contact(connection, who)).person]
            except ContactNotFoundError as error:
                fail(str(error), EXIT_NOT_FOUND)
            except AmbiguousContactError as error:
                fail(str(error))
        jobs = await app.enqueue_many(RECOUNT_KIND, [RecountContact(person.id, reason) for person in people])
    if as_json:
        print_json({"enqueued": len(jobs)})
    else:
        typer.echo(f"{len(jobs)} to count anew; a worker does it")
