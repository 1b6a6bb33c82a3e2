"""`crm contacts tag` and `crm contacts untag`: words to find people by."""

from collections.abc import Sequence
from typing import Annotated

import typer

from headrace.terminal import fail, run
from headrace_crm.cli.joining import Who, person_called
from headrace_crm.cli.session import Choice, opened
from headrace_crm.contacts.tags import TagError, read_tags, tag_contact, tags_of, untag_contact
from headrace_crm.mail.owners import lock_owner

Tags = Annotated[list[str], typer.Argument(metavar="TAG...", help="Words; case does not count.")]


def tag(context: typer.Context, who: Who, tags: Tags) -> None:
    """Puts tags on a contact. Exit code 3 where nobody fits."""
    run(_tag(context.obj, who, tags, is_put=True))


def untag(context: typer.Context, who: Who, tags: Tags) -> None:
    """Takes tags from a contact. Exit code 3 where nobody fits."""
    run(_tag(context.obj, who, tags, is_put=False))


async def _tag(choice: Choice, who: str, given: Sequence[str], *, is_put: bool) -> None:
    try:
        tags = read_tags(given)
    except TagError as error:
        fail(str(error))
    async with opened(choice) as app:
        async with app.pool.acquire() as connection:
            person = await person_called(connection, who)
        async with app.transaction() as tx:
            await lock_owner(tx.connection, person.owner_id)
            if is_put:
                await tag_contact(tx, person.owner_id, person.id, tags, now=app.clock.now())
            else:
                await untag_contact(tx, person.owner_id, person.id, tags)
        async with app.pool.acquire() as connection:
            has = (await tags_of(connection, [person.id])).get(person.id, ())
    typer.echo(f"{person.name}: {', '.join(has) or 'no tags'}")
