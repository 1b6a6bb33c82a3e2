"""What no application can do: change or delete events that are in the log."""

import asyncpg


async def tamper(connection: asyncpg.Connection, statement: str, *values: object) -> None:
    """Runs one statement past the trigger that keeps the log append-only, as only a superuser can."""
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(statement, *values)
