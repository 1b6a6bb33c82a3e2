"""`headrace limits`: list, show, set, unset."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from headrace.cli.period import period
from headrace.cli.session import Choice, login, opened
from headrace.errors import ConfigurationError, LimitNotFoundError
from headrace.jobs.limit import Limit, Rate, Rule
from headrace.jobs.limit_rules import StoredRule, list_rules, set_rule, unset_rule
from headrace.jobs.limit_standing import KeyStanding, holders_of, list_keys
from headrace.jobs.registry import require_queue
from headrace.terminal import EXIT_NOT_FOUND, fail, moment, print_json, print_table, run

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="The limit's name; @ and a queue's name for the limit of a queue.")]
By = Annotated[str | None, typer.Option(help="Who does it; by default the login name.")]
_SECOND = timedelta(seconds=1)


@app.command("list")
def list_(context: typer.Context, *, as_json: Json = False) -> None:
    """Lists the limits in force, those of all apps."""
    run(_list(context.obj, as_json=as_json))


@app.command()
def show(context: typer.Context, name: Name, *, as_json: Json = False) -> None:
    """Shows the keys of a limit: the slots they hold and who holds them, the tokens they have left."""
    run(_show(context.obj, name, as_json=as_json))


@app.command("set")
def set_(
    context: typer.Context,
    name: Name,
    *,
    concurrency: Annotated[
        int | None, typer.Option(min=0, help="How many jobs of a key run at a time; 0 lets none begin.")
    ] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="How many tokens come in every --per.")] = None,
    per: Annotated[str, typer.Option(metavar="PERIOD", help="How often: 1s, 30s, 15m, 6h, 7d.")] = "1s",
    burst: Annotated[int | None, typer.Option(min=1, help="How many tokens are kept; --rate by default.")] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Puts a limit in force at once, whatever the code declares: all of it is given anew."""
    if rate is None and burst is not None:
        raise typer.BadParameter("--burst is of a rate; give --rate too")
    if rate is None and concurrency is None:
        raise typer.BadParameter("give --concurrency, --rate or both")
    try:
        if name.startswith("@"):
            require_queue(name[1:])
        else:
            Limit(name)
        bucket = None if rate is None else Rate(rate, per=period(per, option="--per") or _SECOND, burst=burst or 0)
    except ConfigurationError as error:
        raise typer.BadParameter(str(error)) from error
    run(_set(context.obj, Rule(name, concurrency, bucket), by or login(), as_json=as_json))


@app.command()
def unset(context: typer.Context, name: Name, *, by: By = None, as_json: Json = False) -> None:
    """Takes an edit back: what the code declares is in force again, or no limit."""
    run(_unset(context.obj, name, by or login(), as_json=as_json))


async def _list(choice: Choice, *, as_json: bool) -> None:
    async with opened(choice) as opened_app, opened_app.pool.acquire() as connection:
        found = await list_rules(connection)
    if as_json:
        print_json([_document(one) for one in found])
        return
    print_table(
        ("name", "concurrency", "rate", "app", "edited", "by"),
        [
            (one.rule.name, one.rule.concurrency, one.rule.rate, one.app, moment(one.edited_at), one.edited_by)
            for one in found
        ],
    )


async def _show(choice: Choice, name: str, *, as_json: bool) -> None:
    async with opened(choice) as opened_app, opened_app.pool.acquire() as connection:
        if not await list_rules(connection, name):
            fail(str(LimitNotFoundError(name)), EXIT_NOT_FOUND)
        keys = await list_keys(connection, name)
        held = await holders_of(connection, [one.key for one in keys if one.held])
    shown = [_standing(one) for one in keys]
    if as_json:
        holders = [
            [{"job_id": holder.job_id, "worker_id": holder.worker_id} for holder in held.get(one.key, ())]
            for one in keys
        ]
        print_json([{**one, "holders": who} for one, who in zip(shown, holders, strict=True)])
        return
    print_table(
        ("key", "held", "of", "tokens", "of", "held by"),
        [
            (*one.values(), ", ".join(f"{holder.job_id} on worker {holder.worker_id}" for holder in held.get(key, ())))
            for one in shown
            for key in [one["key"]]
        ],
    )


async def _set(choice: Choice, rule: Rule, by: str, *, as_json: bool) -> None:
    async with opened(choice) as opened_app, opened_app.pool.acquire() as connection, connection.transaction():
        stored = await set_rule(connection, rule, by=by)
    _print(stored, as_json=as_json)


async def _unset(choice: Choice, name: str, by: str, *, as_json: bool) -> None:
    async with opened(choice) as opened_app, opened_app.pool.acquire() as connection:
        try:
            async with connection.transaction():
                stored = await unset_rule(connection, name, by=by)
        except LimitNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    if stored is not None:
        _print(stored, as_json=as_json)
    elif as_json:
        print_json({"name": name, "is_removed": True})
    else:
        typer.echo(f"limit {name} is no longer in force")


def _print(stored: StoredRule, *, as_json: bool) -> None:
    document = _document(stored)
    if as_json:
        print_json(document)
        return
    print_table(("field", "value"), [(name, value) for name, value in document.items() if value is not None])


def _document(stored: StoredRule) -> dict[str, Any]:
    return {
        **_rule(stored.rule),
        "app": stored.app,
        "declared": None if stored.declared is None else _rule(stored.declared),
        "edited_at": stored.edited_at,
        "edited_by": stored.edited_by,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    rate = rule.rate
    return {
        "name": rule.name,
        "concurrency": rule.concurrency,
        "rate": None if rate is None else rate.count,
        "per_seconds": None if rate is None else rate.per.total_seconds(),
        "burst": None if rate is None else rate.burst,
    }


def _standing(one: KeyStanding) -> dict[str, Any]:
    return {
        "key": one.key,
        "held": one.held,
        "concurrency": one.concurrency,
        "tokens": None if one.tokens is None else round(one.tokens, 3),
        "burst": one.burst,
    }
