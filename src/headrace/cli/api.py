"""`headrace api`: the document of the HTTP API."""

import typer

from headrace.cli.session import load_app
from headrace.errors import HeadraceError
from headrace.terminal import fail, print_json

app = typer.Typer(no_args_is_help=True)


@app.callback()
def api() -> None:
    """The HTTP API, for those who write programs against it."""


@app.command("openapi")
def openapi_(context: typer.Context) -> None:
    """Prints the OpenAPI 3.1 document of the HTTP API; asks no database."""
    try:
        # The console is an extra: what needs it is imported where it is called.
        from headrace.console.api import openapi  # noqa: PLC0415

        document = openapi(load_app(context.obj))
    except HeadraceError as error:
        fail(str(error))
    print_json(document)
