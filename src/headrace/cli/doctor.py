"""`headrace doctor`: what is wrong, and what to do next."""

from typing import Annotated

import typer

from headrace.cli.session import Choice, opened
from headrace.doctor.examine import examine
from headrace.doctor.judge import judge
from headrace.terminal import EXIT_UNHEALTHY, print_json, run


def doctor(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Looks for what is wrong with the server, the tables, the queues, the workers and the event log. Changes nothing.

    Exit code 4 where it finds a problem; warnings and notices leave it at 0.
    """
    run(_doctor(context.obj, as_json=as_json))


async def _doctor(choice: Choice, *, as_json: bool) -> None:
    async with opened(choice, migrating=None) as app, app.pool.acquire() as connection:
        timeouts = {kind.name: kind.timeout for kind in app.kinds.handled()}
        facts = await examine(connection, migrations=app.migrations, timeouts=timeouts)
    findings = judge(facts)
    if as_json:
        print_json(findings)
    else:
        for one in findings:
            typer.echo(f"{one.level}: {one.about}: {one.fact}\n  {one.next_step}")
        if not findings:
            typer.echo(
                f"nothing is wrong: PostgreSQL {facts.server.version // 10_000}, {len(facts.workers)} workers, "
                f"{len(facts.queues)} queues"
            )
    if any(one.level == "problem" for one in findings):
        raise typer.Exit(EXIT_UNHEALTHY)
