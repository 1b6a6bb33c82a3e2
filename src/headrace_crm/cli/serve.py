"""`crm serve`: the CRM over HTTP."""

import getpass
import os
from typing import Annotated

import typer

from headrace import Headrace
from headrace.console.access import create_token, list_tokens
from headrace.terminal import run
from headrace_crm.app import create_desk
from headrace_crm.cli.session import Choice, opened, say
from headrace_crm.config import Settings
from headrace_crm.web import create_web
from headrace_crm.web.serving import serve as serve_asgi


def serve(
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 for a free one.")] = 8080,
    new_token: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Make a token to log in with, of the role operator, and print it once."),
    ] = None,
) -> None:
    """Serves the console with pages on your mail, Gmail's and Clearbit's pushes and a health check over HTTP."""
    run(_serve(context.obj, host, port, new_token))


async def _serve(choice: Choice, host: str, port: int, new_token: str | None) -> None:
    settings = Settings.from_environment(os.environ)
    async with opened(choice) as app:

        def tell(line: str) -> None:
            say(line)
            say(advice)

        advice = await log_in_advice(app, new_token)
        desk = create_desk(app, channel="web", settings=settings)
        await serve_asgi(create_web(app, settings, desk=desk), host=host, port=port, say=tell)


async def log_in_advice(app: Headrace, new_token: str | None) -> str:
    """What a person needs to know to log in; makes the token that was asked for."""
    async with app.pool.acquire() as connection:
        if new_token is not None:
            made, secret = await create_token(connection, new_token, role="operator", by=getpass.getuser())
            return f"log in with this token, which is not shown again (to {made.expires_at:%Y-%m-%d}): {secret}"
        if any(token.is_live for token in await list_tokens(connection)):
            return "log in with your token; crm serve --new-token NAME makes another"
    return "nobody has a token to log in with yet; stop, and make the first: crm serve --new-token NAME"
