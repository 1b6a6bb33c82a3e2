"""`crm contacts` and `crm show`: who the owner knows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer

from headrace.terminal import EXIT_NOT_FOUND, fail, print_json, print_table, run
from headrace_crm.cli.options import AS_OF_HELP, read_as_of
from headrace_crm.cli.session import Choice, opened
from headrace_crm.contacts.tags import asked_tag, tags_of
from headrace_crm.enrichment.profile import Value
from headrace_crm.enrichment.reading import ShownProfile, read_profile
from headrace_crm.mail.owners import AsOf, find_owners
from headrace_crm.scores.people import (
    AmbiguousContactError,
    ContactNotFoundError,
    Person,
    PersonDetail,
    list_contacts,
    show_contact,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Owner = Annotated[
    list[str] | None,
    typer.Option("--owner", metavar="ADDRESS", help="Only the mail of this owner; all owners by default."),
]
AsOfText = Annotated[str | None, typer.Option("--as-of", metavar="DATE|latest", help=AS_OF_HELP)]

app = typer.Typer(invoke_without_command=True)


@app.callback()
def contacts(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many.")] = 20,
    owner: Owner = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only those with this tag.")] = None,
    as_of: AsOfText = None,
    as_json: Json = False,
) -> None:
    """Lists people, the strongest relationship first.

    --as-of computes scores for that moment without storing them.
    """
    if context.invoked_subcommand is not None:
        return
    run(_contacts(context.obj, limit, owner, read_as_of(as_of), tag, as_json=as_json))


def show(
    context: typer.Context,
    who: Annotated[str, typer.Argument(metavar="NAME|ADDRESS", help="An address, a name, or a part of one.")],
    *,
    owner: Owner = None,
    as_of: AsOfText = None,
    as_json: Json = False,
) -> None:
    """Shows one person: addresses, relationship, the newest messages. Exit code 3 where nobody fits."""
    run(_show(context.obj, who, owner, read_as_of(as_of), as_json=as_json))


def print_contacts(
    people: Sequence[Person], *, title: str | None = None, tags: Mapping[UUID, Sequence[str]] | None = None
) -> None:
    """Prints people as a table, with their tags where these are given and anybody has one."""
    shown = tags or {}
    print_table(
        ("name", "strength", "trend", "sent", "received", "last", "addresses", *(("tags",) if shown else ())),
        [
            (
                person.name,
                _strength(person.strength),
                person.trend,
                person.sent,
                person.received,
                _day(person.last_interaction_at),
                ", ".join(person.addresses),
                *((", ".join(shown.get(person.id, ())),) if shown else ()),
            )
            for person in people
        ],
        title=title,
    )


def print_profile(profile: ShownProfile) -> None:
    """Prints the fields of a profile, each with its source."""
    print_table(
        ("field", "source", "sure", "as of", "value"),
        [
            (each.field, each.source_name, f"{each.confidence:.0%}", _day(each.fetched_at), _value(each.value))
            for each in profile.fields
        ],
        title="Profile",
    )


async def _contacts(
    choice: Choice, limit: int, owner: list[str] | None, as_of: AsOf | None, tag: str | None, *, as_json: bool
) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        owners = await find_owners(connection, owner) if owner else None
        wanted = None if tag is None else asked_tag(tag)
        people = await list_contacts(connection, owners, limit=limit, as_of=as_of, tag=wanted)
        tags = await tags_of(connection, [person.id for person in people])
    if as_json:
        print_json([asdict(person) | {"tags": tags.get(person.id, ())} for person in people])
    elif people:
        print_contacts(people, tags=tags)
    elif wanted is not None:
        typer.echo(f"nobody has the tag {wanted}")
    else:
        typer.echo("no contacts yet; import a mailbox: crm import FILE --owner you@example.org")


async def _show(choice: Choice, who: str, owner: list[str] | None, as_of: AsOf | None, *, as_json: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        owners = await find_owners(connection, owner) if owner else None
        try:
            found = await show_contact(connection, who, owners, as_of=as_of)
        except ContactNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
        except AmbiguousContactError as error:
            fail(str(error))
        profile = await read_profile(connection, found.person.id)
        tags = (await tags_of(connection, [found.person.id])).get(found.person.id, ())
    if as_json:
        print_json({"person": found.person, "messages": found.messages, "profile": profile, "tags": tags})
        return
    _print_person(found, tags)
    if profile.fields:
        typer.echo("")
        print_profile(profile)


def _print_person(found: PersonDetail, tags: Sequence[str]) -> None:
    person = found.person
    print_table(
        ("field", "value"),
        [
            ("name", person.name),
            ("addresses", ", ".join(person.addresses)),
            *((("tags", ", ".join(tags)),) if tags else ()),
            ("strength", f"{_strength(person.strength)} of 100, {person.trend}"),
            ("messages", f"{person.sent} sent, {person.received} received"),
            ("reciprocity", "" if person.reciprocity is None else f"{person.reciprocity:.2f}"),
            ("first message", _day(person.first_interaction_at)),
            ("last message", _day(person.last_interaction_at)),
            ("you answer after", _duration(person.median_response)),
            ("they answer after", _duration(person.their_median_response)),
            ("as of", _day(person.as_of)),
        ],
    )
    typer.echo("")
    print_table(
        ("date", "direction", "subject", "labels"),
        [
            (_day(message.sent_at), message.direction, message.subject, ", ".join(message.labels))
            for message in found.messages
        ],
        title="Newest messages",
    )


def _value(value: Value) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _strength(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _day(value: datetime | None) -> str:
    return "" if value is None else value.strftime("%Y-%m-%d")


def _duration(value: timedelta | None) -> str:
    if value is None:
        return ""
    hours = value.total_seconds() / 3600
    if hours < 1:
        return f"{hours * 60:.0f} minutes"
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"  # noqa: PLR2004 - two days
