"""`crm activity` and `crm analytics`: an owner's last days, and their mail as a whole."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from headrace.terminal import EXIT_NOT_FOUND, fail, print_json, print_table, run
from headrace_crm.activity.summary import MOST_DAYS, UserActivity, user_activity
from headrace_crm.analytics.figures import WaitingThread
from headrace_crm.analytics.store import EmailAnalytics, read_analytics
from headrace_crm.cli.options import AS_OF_HELP, read_as_of
from headrace_crm.cli.session import Choice, opened
from headrace_crm.mail.owners import AsOf, OwnerError, find_owners, moment_of, owner_as_of

User = Annotated[str, typer.Argument(metavar="ADDRESS", help="An address of the owner.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsOfText = Annotated[str | None, typer.Option("--as-of", metavar="DATE|latest", help=AS_OF_HELP)]


def activity(
    context: typer.Context,
    user: User,
    *,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="So many days, up to today.")] = 30,
    as_of: AsOfText = None,
    as_json: Json = False,
) -> None:
    """Tells what happened in the last days: mail, people met, interactions. Exit code 3 for an unknown owner."""
    run(_activity(context.obj, user, days, read_as_of(as_of), as_json=as_json))


def analytics(context: typer.Context, user: User, *, as_json: Json = False) -> None:
    """Shows volume, response times, busy hours and threads that wait. Exit code 3 for an unknown owner."""
    run(_analytics(context.obj, user, as_json=as_json))


async def _activity(choice: Choice, user: str, days: int, as_of: AsOf | None, *, as_json: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        try:
            owner_id = (await find_owners(connection, [user]))[0]
        except OwnerError as error:
            fail(str(error), EXIT_NOT_FOUND)
        now = app.clock.now()
        if as_of is None:
            moment = await owner_as_of(connection, owner_id, now=now)
        else:
            moment = await moment_of(connection, owner_id, as_of, now=now)
        found = await user_activity(connection, owner_id, days=days, as_of=moment)
    if as_json:
        print_json(found)
    else:
        _print_activity(found)


async def _analytics(choice: Choice, user: str, *, as_json: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        try:
            owner_id = (await find_owners(connection, [user]))[0]
        except OwnerError as error:
            fail(str(error), EXIT_NOT_FOUND)
        found = await read_analytics(connection, owner_id)
    if as_json:
        print_json(found)
    elif found is None:
        typer.echo("nothing calculated yet; it is a minute after new mail, by a worker: crm import, or crm serve")
    else:
        _print_analytics(found)


def _print_activity(found: UserActivity) -> None:
    print_table(
        ("days", "to", "emails", "contacts", "interactions"),
        [
            (
                found.days,
                found.as_of.date(),
                found.total_emails,
                found.total_contacts,
                found.total_interactions,
            )
        ],
    )
    if found.recent:
        typer.echo("")
        print_table(("date", "what"), [(_day(each.occurred_at), each.description) for each in found.recent])


def _print_analytics(found: EmailAnalytics) -> None:
    figures = found.figures
    rows: list[tuple[str, object]] = [
        (f"last {volume.days} days", f"{volume.sent} sent, {volume.received} received") for volume in figures.volumes
    ]
    busiest = max(range(24), key=lambda hour: figures.hours[hour])
    rows += [
        ("you answer after", _span(figures.response_seconds)),
        ("they answer after", _span(figures.their_response_seconds)),
        ("busiest hour", f"{busiest:02}:00 UTC, {figures.hours[busiest]} messages" if any(figures.hours) else ""),
        ("wait for you", figures.owed_count),
        ("you wait for", figures.awaited_count),
        ("as of", _day(found.as_of)),
    ]
    print_table(("figure", "value"), rows)
    for title, threads in (("Waiting for your answer", figures.owed), ("You wait for an answer", figures.awaited)):
        if threads:
            typer.echo("")
            print_table(("since", "people", "subject"), [_waiting(each) for each in threads], title=title)


def _waiting(thread: WaitingThread) -> tuple[str, str, str]:
    return _day(thread.since), ", ".join(thread.people), thread.subject


def _day(value: datetime) -> str:
    return value.strftime("%Y-%m-%d")


def _span(seconds: float | None) -> str:
    return "" if seconds is None else str(timedelta(seconds=round(seconds)))
