"""What command lines share: tables for people, JSON for programs, the log, errors as one line and an exit code."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import Any, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from headrace.db.pool import CONNECTION_ERRORS
from headrace.errors import HeadraceError
from headrace.jobs.json_formatter import JsonFormatter

EXIT_FAILED = 1
EXIT_NOT_FOUND = 3
EXIT_UNHEALTHY = 4

_EXIT_INTERRUPTED = 130
_WIDTH_OF_A_FILE = 240
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Runs a command; an error of ours, or a database out of reach, is one line and exit code 1."""
    try:
        asyncio.run(main)
    except HeadraceError as error:
        fail(str(error))
    except CONNECTION_ERRORS as error:
        fail(
            f"the database cannot be reached: {error or type(error).__name__}; "
            "check HEADRACE_DATABASE_URL, or unset it to use an embedded PostgreSQL"
        )
    except KeyboardInterrupt:
        raise typer.Exit(_EXIT_INTERRUPTED) from None


def fail(message: str, code: int = EXIT_FAILED) -> NoReturn:
    """Ends the program with a message on standard error."""
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(code)


def begin_log(verbosity: int, *, is_json: bool) -> None:
    """Has the log written to standard error, for people or as one JSON object a line.

    Warnings and above; from `verbosity` 1 on what happens too, from 2 on everything.
    """
    handler = logging.StreamHandler()
    plain = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if is_json else plain)
    logging.basicConfig(level=_LEVELS[min(verbosity, 2)], handlers=[handler])


def print_json(value: Any) -> None:
    """Prints one JSON document on standard output."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_json_line(value: Any) -> None:
    """Prints one JSON document on one line, for streams."""
    typer.echo(msgspec.json.encode(value).decode())


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    """Prints rows as a table; only the last column is folded where the terminal is too narrow."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=column != columns[-1], overflow="fold")
    for row in rows:
        # As text: what is in a cell is data, and brackets in it are no markup.
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_OF_A_FILE)
    console.print(table)


def moment(value: datetime | None) -> str:
    """A moment in local time, to the second; empty for none."""
    return "" if value is None else value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
