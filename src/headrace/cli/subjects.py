"""`headrace subjects`: whose personal data there are, their erasure, and the keys they are under."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from headrace.app import Headrace
from headrace.cli.session import Choice, login, opened
from headrace.errors import SubjectNotFoundError
from headrace.keyring import new_key
from headrace.terminal import EXIT_NOT_FOUND, fail, print_json, run

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="SUBJECT", help="The subject's id, as the events have it.")]
Tenant = Annotated[str, typer.Option(help="The tenant it belongs to.")]


@app.command()
def show(context: typer.Context, subject: Name, *, tenant: Tenant = "") -> None:
    """Shows what is kept of a subject, and the proof of its erasure, as JSON."""
    run(_print(context.obj, lambda opened_app: opened_app.subjects.show(subject, tenant_id=tenant)))


@app.command()
def erase(
    context: typer.Context,
    subject: Name,
    *,
    tenant: Tenant = "",
    reason: Annotated[str | None, typer.Option(help="Why; it is kept with the proof and in the log.")] = None,
    rebuild: Annotated[
        bool, typer.Option(help="Rebuild the projections that may hold the values, by jobs; else only list them.")
    ] = True,
) -> None:
    """Deletes a subject's key, so that no event tells its personal values any more; prints the proof as JSON.

    The proof names a job for each projection to rebuild: `headrace jobs show` tells how far it is.
    """
    run(
        _print(
            context.obj,
            lambda opened_app: opened_app.subjects.erase(
                subject, tenant_id=tenant, by=login(), reason=reason, rebuild=rebuild
            ),
        )
    )


@app.command("rotate-keys")
def rotate_keys(context: typer.Context) -> None:
    """Wraps the keys of all subjects under the first key of HEADRACE_SECRET_KEYS."""
    run(_rotate(context.obj))


@app.command("new-key")
def new_key_() -> None:
    """Prints a new key for HEADRACE_SECRET_KEYS; asks no database."""
    typer.echo(new_key())


async def _print(choice: Choice, work: Callable[[Headrace], Awaitable[Any]]) -> None:
    async with opened(choice) as opened_app:
        try:
            found = await work(opened_app)
        except SubjectNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    print_json(found)


async def _rotate(choice: Choice) -> None:
    async with opened(choice) as opened_app:
        count = await opened_app.subjects.rotate(by=login())
    typer.echo(f"keys of subjects wrapped anew: {count}")
