"""`crm mcp`: the CRM for assistants, over the Model Context Protocol."""

from typing import Annotated

import typer

from headrace.terminal import run
from headrace_crm.app import create_desk
from headrace_crm.cli.serve import log_in_advice
from headrace_crm.cli.session import Choice, opened, say
from headrace_crm.mail.owners import find_owners
from headrace_crm.web.serving import serve as serve_asgi


def mcp(
    context: typer.Context,
    *,
    owner: Annotated[
        list[str] | None,
        typer.Option("--owner", metavar="ADDRESS", help="Only the mail of this owner; all owners by default."),
    ] = None,
    allow_actions: Annotated[
        bool, typer.Option("--allow-actions", help="Let assistants change something, not only read.")
    ] = False,
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP, to those with a token, at /mcp.")] = False,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on, with --http.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on, with --http; 0 for a free one.")
    ] = 8081,
) -> None:
    """Lets assistants search, ask and look people up, over standard input and output, or HTTP with --http."""
    run(_mcp(context.obj, owner or [], is_acting=allow_actions, at=(host, port) if http else None))


async def _mcp(choice: Choice, owners: list[str], *, is_acting: bool, at: tuple[str, int] | None) -> None:
    # Half a second of imports, which no other command should wait for.
    from headrace_crm.assistant.http import PATH, assistant_web  # noqa: PLC0415
    from headrace_crm.assistant.server import Assistant  # noqa: PLC0415

    async with opened(choice) as app:
        if owners:
            async with app.pool.acquire() as connection:
                await find_owners(connection, owners)
        desk = create_desk(app, channel="mcp")
        if at is None:
            await Assistant(app, desk, owners=owners, is_acting=is_acting).run_stdio_async()
            return
        host, port = at
        shown = f"[{host}]" if ":" in host else host
        assistant = Assistant(app, desk, owners=owners, is_acting=is_acting, public_url=f"http://{shown}:{port}{PATH}")
        advice = await log_in_advice(app, None)

        def tell(line: str) -> None:
            say(line)
            say(f"assistants connect to {PATH} there and send a token: Authorization: Bearer hr_...")
            if advice.startswith("nobody"):
                say("nobody has a token yet; make one: headrace tokens create NAME --role viewer")

        await serve_asgi(assistant_web(assistant, host=host), host=host, port=port, say=tell)
