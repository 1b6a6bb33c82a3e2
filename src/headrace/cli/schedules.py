"""`headrace schedules`: list, show, create, edit, pause, resume, trigger, delete."""

from collections.abc import Awaitable, Callable
from dataclasses import fields
from typing import Annotated, Any

import msgspec
import typer

from headrace.cli.period import period
from headrace.cli.session import Choice, login, opened
from headrace.errors import ScheduleNotFoundError
from headrace.jobs.schedule import CatchUp, Schedule
from headrace.jobs.schedules import Schedules
from headrace.terminal import EXIT_NOT_FOUND, fail, moment, print_json, print_table, run

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="The schedule's name.")]
By = Annotated[str | None, typer.Option(help="Who does it; by default the login name.")]
Args = Annotated[str | None, typer.Option(metavar="JSON", help="The args of its jobs.")]
CronOption = Annotated[str | None, typer.Option("--cron", help="When: minute hour day-of-month month day-of-week.")]
Every = Annotated[str | None, typer.Option(metavar="PERIOD", help="Or how often: 30s, 15m, 6h, 7d.")]
CatchUpLimit = Annotated[int | None, typer.Option(min=1, help="At most so many with --catch-up all; 100 by default.")]
Queue = Annotated[str | None, typer.Option(help="Another queue than the kind's.")]
PriorityOption = Annotated[str | None, typer.Option("--priority", help="critical, high, normal or low.")]
Attempts = Annotated[int | None, typer.Option(min=1, help="Another number of attempts than the kind's.")]

Act = Callable[[Schedules], Awaitable[Schedule]]


@app.command("list")
def list_(context: typer.Context, *, as_json: Json = False) -> None:
    """Lists the schedules of the database, those of all apps."""
    run(_list(context.obj, as_json=as_json))


@app.command()
def show(context: typer.Context, name: Name, *, as_json: Json = False) -> None:
    """Shows one schedule: what it runs, when, and how it stands."""
    run(_act(context.obj, lambda schedules: schedules.get(name), as_json=as_json))


@app.command()
def create(
    context: typer.Context,
    name: Name,
    kind: Annotated[str, typer.Argument(help="The kind of its jobs; the app given with --app knows it.")],
    *,
    args: Args = None,
    cron: CronOption = None,
    timezone: Annotated[str, typer.Option(help="Whose wall clock --cron means: an IANA name.")] = "UTC",
    every: Every = None,
    catch_up: Annotated[
        str, typer.Option(help="What follows an outage: none, last or all of what was missed.")
    ] = "last",
    catch_up_limit: CatchUpLimit = None,
    queue: Queue = None,
    priority: PriorityOption = None,
    max_attempts: Attempts = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Makes a schedule: --cron or --every says when."""
    options = _given(catch_up_limit=catch_up_limit, queue=queue, priority=priority, max_attempts=max_attempts)
    values, between, policy, who = _json(args), period(every, option="--every"), _policy(catch_up), by or login()

    def act(schedules: Schedules) -> Awaitable[Schedule]:
        return schedules.create(
            name, kind, values, cron=cron, timezone=timezone, every=between, catch_up=policy, by=who, **options
        )

    run(_act(context.obj, act, as_json=as_json))


@app.command()
def edit(
    context: typer.Context,
    name: Name,
    *,
    kind: Annotated[str | None, typer.Option(help="Another kind of job.")] = None,
    args: Args = None,
    cron: CronOption = None,
    timezone: Annotated[str | None, typer.Option(help="Whose wall clock --cron means: an IANA name.")] = None,
    every: Every = None,
    catch_up: Annotated[str | None, typer.Option(help="What follows an outage: none, last or all.")] = None,
    catch_up_limit: CatchUpLimit = None,
    queue: Queue = None,
    priority: PriorityOption = None,
    max_attempts: Attempts = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Changes what is given of a schedule. One declared in code keeps it until the code declares something else."""
    options = _given(
        kind=kind,
        cron=cron,
        timezone=timezone,
        every=period(every, option="--every"),
        catch_up=None if catch_up is None else _policy(catch_up),
        catch_up_limit=catch_up_limit,
        queue=queue,
        priority=priority,
        max_attempts=max_attempts,
    )
    if args is not None:
        options["args"] = _json(args)
    run(_act(context.obj, lambda schedules: schedules.edit(name, by=by or login(), **options), as_json=as_json))


@app.command()
def pause(context: typer.Context, name: Name, *, by: By = None, as_json: Json = False) -> None:
    """Stops a schedule until it is resumed, through restarts and new versions of the code."""
    run(_act(context.obj, lambda schedules: schedules.pause(name, by=by or login()), as_json=as_json))


@app.command()
def resume(context: typer.Context, name: Name, *, by: By = None, as_json: Json = False) -> None:
    """Lets a paused schedule go on with its next tick."""
    run(_act(context.obj, lambda schedules: schedules.resume(name, by=by or login()), as_json=as_json))


@app.command()
def trigger(context: typer.Context, name: Name, *, by: By = None, as_json: Json = False) -> None:
    """Enqueues a schedule's job now, beside its ticks."""
    run(_trigger(context.obj, name, by or login(), as_json=as_json))


@app.command()
def delete(context: typer.Context, name: Name, *, by: By = None, as_json: Json = False) -> None:
    """Removes a schedule; the jobs it made stay. One that code declares has to be removed there."""
    run(_delete(context.obj, name, by or login(), as_json=as_json))


async def _list(choice: Choice, *, as_json: bool) -> None:
    async with opened(choice) as opened_app:
        found = await opened_app.schedules.all()
    if as_json:
        print_json([_document(schedule) for schedule in found])
        return
    print_table(
        ("name", "kind", "when", "next", "last", "state"),
        [(one.name, one.kind, _when(one), moment(one.next_at), moment(one.last_at), _state(one)) for one in found],
    )


async def _act(choice: Choice, act: Act, *, as_json: bool) -> None:
    async with opened(choice) as opened_app:
        try:
            schedule = await act(opened_app.schedules)
        except ScheduleNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    document = _document(schedule)
    if as_json:
        print_json(document)
        return
    shown = {name: moment(value) if name.endswith("_at") else value for name, value in document.items()}
    print_table(
        ("field", "value"), [(name.replace("_", " "), value) for name, value in shown.items() if value is not None]
    )


async def _trigger(choice: Choice, name: str, by: str, *, as_json: bool) -> None:
    async with opened(choice) as opened_app:
        try:
            enqueued = await opened_app.schedules.trigger(name, by=by)
        except ScheduleNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    if as_json:
        print_json({"name": name, "job_id": enqueued.id})
    else:
        typer.echo(f"schedule {name}: job {enqueued.id} is due now")


async def _delete(choice: Choice, name: str, by: str, *, as_json: bool) -> None:
    async with opened(choice) as opened_app:
        try:
            await opened_app.schedules.delete(name, by=by)
        except ScheduleNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    if as_json:
        print_json({"name": name, "is_deleted": True})
    else:
        typer.echo(f"schedule {name} is deleted")


def _document(schedule: Schedule) -> dict[str, Any]:
    """What is told of a schedule, its state in words first."""
    told = {field.name: getattr(schedule, field.name) for field in fields(schedule) if field.name != "declaration"}
    return {"name": told.pop("name"), "state": _state(schedule), **told}


def _state(schedule: Schedule) -> str:
    if schedule.disabled_because is not None:
        return f"disabled: {schedule.disabled_because}"
    if schedule.is_paused:
        return "paused" if schedule.paused_by is None else f"paused by {schedule.paused_by}"
    return "active" if schedule.next_at is not None else "over"


def _when(schedule: Schedule) -> str:
    return f"every {schedule.every}" if schedule.cron is None else f"{schedule.cron} {schedule.timezone}"


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _json(text: str | None) -> Any:
    try:
        return None if text is None else msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise typer.BadParameter(f"--args must be JSON, got {text!r}: {error}") from error


def _policy(text: str) -> CatchUp:
    match text:
        case "none" | "last" | "all":
            return text
        case _:
            raise typer.BadParameter(f"--catch-up must be none, last or all, got {text!r}")
