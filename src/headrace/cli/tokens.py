"""`headrace tokens`: create, list, revoke."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from headrace.cli.period import period
from headrace.cli.session import Choice, login, opened
from headrace.errors import TokenNotFoundError
from headrace.terminal import EXIT_NOT_FOUND, fail, moment, print_json, print_table, run

if TYPE_CHECKING:
    from headrace.console.access import ApiToken

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
By = Annotated[str | None, typer.Option(help="Who does it; by default the login name.")]


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose it is, or what for; recorded with what is done with it.")],
    *,
    role: Annotated[str, typer.Option(help="viewer, operator or admin.")] = "viewer",
    scope: Annotated[
        list[str] | None, typer.Option(help="Only for this area, such as jobs or events; may be repeated.")
    ] = None,
    expires: Annotated[str, typer.Option(metavar="PERIOD", help="How long it is good for: 30d, 12h.")] = "90d",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Makes a token for the console and the HTTP API, and prints it this once."""
    options = {
        "role": role,
        "scopes": scope or [],
        "lifetime": period(expires, option="--expires"),
        "by": by or login(),
    }
    run(_create(context.obj, name, options, as_json=as_json))


@app.command("list")
def list_(context: typer.Context, *, as_json: Json = False) -> None:
    """Lists the tokens, without themselves."""
    run(_list(context.obj, as_json=as_json))


@app.command()
def revoke(
    context: typer.Context,
    token_id: Annotated[UUID, typer.Argument(help="The token's id.")],
    *,
    by: By = None,
) -> None:
    """Makes a token worthless at once, and ends the sessions begun with it."""
    run(_revoke(context.obj, token_id, by or login()))


# The console is an extra: what needs it is imported where it is called.
async def _create(choice: Choice, name: str, options: dict[str, Any], *, as_json: bool) -> None:
    from headrace.console.access import create_token  # noqa: PLC0415

    async with opened(choice) as opened_app, opened_app.pool.acquire() as connection:
        token, secret = await create_token(connection, name, **options, now=opened_app.clock.override())
    if as_json:
        print_json({**_document(token), "token": secret})
        return
    typer.echo(secret)
    typer.echo(f"token {token.id} of {token.name} ({token.role}) until {moment(token.expires_at)}", err=True)


async def _list(choice: Choice, *, as_json: bool) -> None:
    from headrace.console.access import list_tokens  # noqa: PLC0415

    async with opened(choice) as opened_app, opened_app.pool.acquire() as connection:
        found = await list_tokens(connection, now=opened_app.clock.override())
    if as_json:
        print_json([_document(one) for one in found])
        return
    print_table(
        ("id", "name", "role", "scopes", "expires", "used", "state"),
        [
            (
                one.id,
                one.name,
                one.role,
                ", ".join(one.scopes),
                moment(one.expires_at),
                moment(one.used_at),
                _state(one),
            )
            for one in found
        ],
    )


async def _revoke(choice: Choice, token_id: UUID, by: str) -> None:
    from headrace.console.access import revoke_token  # noqa: PLC0415

    async with opened(choice) as opened_app:
        try:
            async with opened_app.pool.acquire() as connection, connection.transaction():
                token = await revoke_token(connection, token_id, by=by, now=opened_app.clock.override())
        except TokenNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    typer.echo(f"token {token.id} of {token.name} is worth nothing any more")


def _document(token: "ApiToken") -> dict[str, Any]:
    return {name: getattr(token, name) for name in type(token).__slots__}


def _state(token: "ApiToken") -> str:
    if token.revoked_at is not None:
        return f"revoked by {token.revoked_by}"
    return "live" if token.is_live else "expired"
