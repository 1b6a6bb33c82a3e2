"""`headrace console`: the console, served by itself."""

from typing import Annotated

import typer

from headrace.cli.session import load_app
from headrace.errors import ConfigurationError
from headrace.terminal import fail, run


def console(
    context: typer.Context,
    *,
    host: Annotated[
        str, typer.Option(help="The address to listen on; on others than 127.0.0.1 people log in with a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port to listen on.")] = 8787,
    root_path: Annotated[str, typer.Option(help="The path a proxy takes away before it asks here, as /ops.")] = "",
) -> None:
    """Serves the operator's console: without a log-in to browsers on this machine, else to those with a token."""
    try:
        from headrace.console.serving import serve  # noqa: PLC0415 - an extra, asked for where it is needed
    except ConfigurationError as error:
        fail(str(error))
    told = f"console at http://{host}:{port}{root_path}/ ; Ctrl-C ends it"
    run(serve(load_app(context.obj), host=host, port=port, root_path=root_path, up=lambda: typer.echo(told, err=True)))
