"""What the commands share: which database, and the app open on it."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from headrace import Headrace, at_database, database_address
from headrace_crm.app import create_app

DEMO_DATABASE = "headrace_demo"


@dataclass(frozen=True, slots=True)
class Choice:
    """The options given before the command."""

    database: str | None = None
    is_demo: bool = False


def say(line: str) -> None:
    """Tells a person something that is no result."""
    sys.stderr.write(f"{line}\n")


@asynccontextmanager
async def opened(choice: Choice) -> AsyncGenerator[Headrace]:
    """The CRM, open for a block on the database chosen; its schema is brought up to date."""
    async with (
        database_address(choice.database, say=say) as address,
        create_app(at_database(address, DEMO_DATABASE) if choice.is_demo else address) as app,
    ):
        yield app
