"""Renews the generated parts of docs/reference: `python docs/generate`, or `make docs`.

The schema is read from a new database on the server of HEADRACE_DATABASE_URL, or on an embedded one.
"""

import asyncio
import sys
from pathlib import Path

import asyncpg
from command_reference import command_reference
from generated_part import write
from schema_reference import schema_reference

from headrace import database_address, fresh_database, statement
from headrace.cli.root import app as headrace_command
from headrace_crm.app import create_app
from headrace_crm.cli.root import app as crm_command

_REFERENCE = Path(__file__).parents[1] / "reference"
_DATABASE = "headrace_docs"


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


async def _schemas() -> dict[str, str]:
    async with database_address(None, say=_say) as address:
        fresh = await fresh_database(address, _DATABASE)
        try:
            async with create_app(fresh) as app, app.pool.acquire() as connection:
                return {name: await schema_reference(connection, name) for name in ("headrace", "crm")}
        finally:
            await _drop(address)


async def _drop(address: str) -> None:
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(statement("headrace.db", "drop_database").format(name=_DATABASE))
    finally:
        await connection.close()


def main() -> None:
    """Renews every page and says which changed."""
    pages = {
        _REFERENCE / "cli.md": {
            "headrace": command_reference(headrace_command, "headrace"),
            "crm": command_reference(crm_command, "crm"),
        },
        _REFERENCE / "schema.md": asyncio.run(_schemas()),
    }
    for page, parts in pages.items():
        if write(page, parts):
            _say(f"{page.relative_to(_REFERENCE.parents[1])} is renewed")


main()
