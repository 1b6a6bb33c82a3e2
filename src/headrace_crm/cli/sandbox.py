"""`crm sandbox`: Google, X, People Data Labs and Clearbit on this machine, for trying and testing."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.terminal import fail, run
from headrace_crm.cli.session import say

if TYPE_CHECKING:
    from headrace_crm.sandbox import Sandbox


def sandbox(
    *,
    host: Annotated[
        str, typer.Option(help="The address to listen on; the sandbox has no secrets to keep.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free port.")] = 8095,
    seed: Annotated[int, typer.Option(help="Another seed is another world.")] = 7,
    messages: Annotated[int, typer.Option(min=100, help="How many messages the mailbox has.")] = 600,
    units: Annotated[int, typer.Option(min=0, help="Quota units of a user in any minute; 0 is without limit.")] = 6_000,
    asks: Annotated[bool, typer.Option("--ask", help="Show the consent form instead of agreeing by itself.")] = False,
    push: Annotated[
        str | None, typer.Option(metavar="URL", help="Where changes of watched mailboxes are pushed to.")
    ] = None,
    faults: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Failures to play, as JSON; see the guide.")
    ] = None,
) -> None:
    """Serves Google's OAuth and Gmail, X, People Data Labs and Clearbit over a generated mailbox, until it is stopped.

    Prints the variables that lead the CRM there. What happens in the sandbox is forgotten with it.
    """
    from headrace_crm.sandbox import Sandbox  # noqa: PLC0415 - a web server, which no other command needs

    stand_in = Sandbox(seed=seed, messages=messages)
    if faults is not None:
        _play(stand_in, faults)
    stand_in.google.configure(user_units=units or None, is_approving=not asks)
    if push is not None:
        stand_in.google.subscribe(push)
    run(_serve(stand_in, host, port))


async def _serve(stand_in: "Sandbox", host: str, port: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        with stand_in.served(host=host, port=port):
            say(f"the sandbox answers at {stand_in.url}, as {stand_in.google.mailbox().email}; Ctrl-C ends it")
            for name, value in {**stand_in.environment(), **stand_in.enrichment_environment()}.items():
                typer.echo(f"export {name}='{value}'")
            await stopped.wait()
    except OSError as error:
        fail(f"the sandbox cannot be served on {host}, port {port}: {error}; choose another with --port")


def _play(stand_in: "Sandbox", file: Path) -> None:
    from headrace_crm.sandbox import read_faults  # noqa: PLC0415 - as above

    try:
        stand_in.faults.add(*read_faults(file.read_bytes()))
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}; name a file of JSON") from error
    except ValueError as error:
        raise typer.BadParameter(f"{file} is no script of failures: {error}; see the guide of the sandbox") from error
