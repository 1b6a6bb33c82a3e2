"""`crm insights`: what is worth doing about people, accepting and dismissing it, and the digest of the day."""

from collections.abc import Sequence
from typing import Annotated, Literal, cast
from uuid import UUID

import typer

from headrace import Connection
from headrace.terminal import EXIT_NOT_FOUND, fail, print_json, print_table, run
from headrace_crm.cli.session import Choice, opened
from headrace_crm.insights import KINDS, STATES, Insight, InsightNotFoundError, Kind, State, accept, dismiss
from headrace_crm.insights.digests import Digest, compose, newest_digest
from headrace_crm.insights.reading import list_insights
from headrace_crm.mail.owners import OwnerError, find_owners
from headrace_crm.scores.people import AmbiguousContactError, ContactNotFoundError, show_contact
from headrace_crm.search.searching import all_owners

app = typer.Typer(no_args_is_help=False)

_NONE = "nothing to do; insights come a moment after mail, by a worker: crm import, or crm serve"

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="An insight; see `crm insights`.")]


@app.callback(invoke_without_command=True)
def insights(
    context: typer.Context,
    *,
    contact: Annotated[
        str | None, typer.Option(metavar="NAME|ADDRESS", help="Only about this person; see `crm contacts`.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help=f"Only {', '.join(KINDS)}.")] = None,
    state: Annotated[list[str] | None, typer.Option(help=f"{', '.join(STATES)}; open ones by default.")] = None,
    owner: Annotated[
        list[str] | None, typer.Option("--owner", metavar="ADDRESS", help="Only the mail of this owner.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    digest: Annotated[bool, typer.Option("--digest", help="The digest that was made last, as text.")] = False,
    as_json: Json = False,
) -> None:
    """Lists what is worth doing about people, the best first. Exit code 3 for a person nobody knows."""
    if context.invoked_subcommand is not None:
        return
    if digest and (contact or kind or state):
        raise typer.BadParameter("--digest is of everybody and every kind; leave out --contact, --kind and --state")
    kinds = cast("list[Kind] | None", _checked("--kind", kind, KINDS))
    states = cast("list[State]", _checked("--state", state, STATES) or ["open"])
    if digest:
        run(_digest(context.obj, owner, as_json=as_json))
    else:
        run(_list(context.obj, owner, contact, kinds, states, limit=limit, as_json=as_json))


@app.command("accept")
def accept_(context: typer.Context, insight: Id, *, as_json: Json = False) -> None:
    """Marks an insight as taken up: it is told no more, and its kind ranks higher. Exit code 3 for an unknown one."""
    run(_answer(context.obj, insight, "accepted", as_json=as_json))


@app.command("dismiss")
def dismiss_(context: typer.Context, insight: Id, *, as_json: Json = False) -> None:
    """Marks an insight as of no use: it is told no more until it rests on something new, and its kind ranks lower."""
    run(_answer(context.obj, insight, "dismissed", as_json=as_json))


async def _list(
    choice: Choice,
    owner: list[str] | None,
    contact: str | None,
    kinds: list[Kind] | None,
    states: list[State],
    *,
    limit: int,
    as_json: bool,
) -> None:
    found: list[Insight] = []
    async with opened(choice) as crm, crm.pool.acquire() as connection:
        owners = await _owners(connection, owner)
        contact_id: UUID | None = None
        if contact is not None:
            try:
                person = (await show_contact(connection, contact, owners)).person
            except ContactNotFoundError as error:
                fail(str(error), EXIT_NOT_FOUND)
            except AmbiguousContactError as error:
                fail(str(error))
            owners, contact_id = [person.owner_id], person.id
        for owner_id in owners:
            found += await list_insights(
                connection, owner_id, states=states, kinds=kinds, contact_id=contact_id, limit=limit
            )
    found = sorted(found, key=lambda each: -each.rank)[:limit]
    if as_json:
        print_json(found)
    elif found:
        print_table(
            ("rank", "kind", "what", "id"),
            [(f"{each.rank:.2f}", each.kind.replace("_", " "), each.text, str(each.id)) for each in found],
        )
    else:
        typer.echo(_NONE)


async def _digest(choice: Choice, owner: list[str] | None, *, as_json: bool) -> None:
    digests: list[Digest] = []
    async with opened(choice) as crm, crm.pool.acquire() as connection:
        for owner_id in await _owners(connection, owner):
            # Before the first one was made by a worker, the one that would be made now.
            found = await newest_digest(connection, owner_id)
            digests.append(found or await compose(connection, owner_id, now=crm.clock.now()))
    if as_json:
        print_json(digests)
    else:
        typer.echo("\n\n".join(each.text for each in digests) or _NONE)


async def _answer(choice: Choice, text: str, answer: Literal["accepted", "dismissed"], *, as_json: bool) -> None:
    try:
        insight_id = UUID(text)
    except ValueError:
        raise typer.BadParameter(f"an insight's id is a UUID, got {text!r}; `crm insights` lists them") from None
    async with opened(choice) as crm:
        try:
            async with crm.transaction() as tx:
                say = accept if answer == "accepted" else dismiss
                found = await say(tx, insight_id, now=crm.clock.now(), channel="cli")
        except InsightNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{answer}: {found.text}")


async def _owners(connection: Connection, given: list[str] | None) -> Sequence[UUID]:
    try:
        return await find_owners(connection, given) if given else await all_owners(connection)
    except OwnerError as error:
        fail(str(error), EXIT_NOT_FOUND)


def _checked(option: str, given: list[str] | None, known: Sequence[str]) -> list[str] | None:
    for each in given or ():
        if each not in known:
            raise typer.BadParameter(f"{option} must be one of {', '.join(known)}, got {each!r}")
    return list(dict.fromkeys(given)) if given else None
