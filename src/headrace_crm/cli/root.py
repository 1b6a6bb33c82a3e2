"""The root of the `crm` command."""

from typing import Annotated

import typer

from headrace.terminal import begin_log
from headrace_crm.cli import (
    accounts,
    activity,
    contacts,
    demo,
    enrich,
    erase,
    import_mail,
    insights,
    joining,
    mcp,
    recount,
    sandbox,
    search,
    serve,
    tagging,
)
from headrace_crm.cli.session import Choice

app = typer.Typer(
    name="crm",
    help="Relationships out of a mailbox.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("import")(import_mail.import_)
app.command("show")(contacts.show)
app.command("search")(search.search_)
app.command("ask")(search.ask)
app.command("enrich")(enrich.enrich)
app.command("enter")(enrich.enter)
app.command("erase")(erase.erase)
app.command("erasures")(erase.erasures)
app.command("sources")(enrich.sources)
app.command("activity")(activity.activity)
app.command("analytics")(activity.analytics)
app.command("recount")(recount.recount)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("mcp")(mcp.mcp)
app.command("sandbox")(sandbox.sandbox)
contacts.app.command("merge")(joining.merge)
contacts.app.command("split")(joining.split)
contacts.app.command("tag")(tagging.tag)
contacts.app.command("untag")(tagging.untag)
contacts.app.command("edit")(enrich.enter)
app.add_typer(contacts.app, name="contacts")
app.add_typer(insights.app, name="insights", help="What is worth doing about people.")
app.add_typer(accounts.app, name="accounts", help="Mailboxes that may be read.")


@app.callback()
def options(
    context: typer.Context,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="URL",
            help="The database; HEADRACE_DATABASE_URL otherwise, else an embedded PostgreSQL in ./.headrace.",
        ),
    ] = None,
    is_demo: Annotated[bool, typer.Option("--demo", help="Look at what `crm demo` made instead.")] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Log more; twice for all.")] = 0,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log one JSON object a line.")] = False,
) -> None:
    """Relationships out of a mailbox.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 what was named does not exist.
    """
    context.obj = Choice(database, is_demo)
    begin_log(verbose, is_json=log_json)


def main() -> None:
    """Runs the command."""
    app()
