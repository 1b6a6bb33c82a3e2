"""Databases on a server: the address of another one, and a fresh one."""

from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from headrace.db.connecting import close, connect
from headrace.db.statements import statement
from headrace.errors import ConfigurationError


def at_database(dsn: str, name: str) -> str:
    """The address of the database `name` on the same server."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{quote(name)}"))


async def fresh_database(dsn: str, name: str) -> str:
    """Makes an empty database `name` on the server of `dsn`, dropping the one of that name; its address.

    Raises ConfigurationError where the role may not create databases.
    """
    quoted = '"' + name.replace('"', '""') + '"'
    session = await connect(dsn, application_name="headrace create database")
    try:
        await session.execute(statement("headrace.db", "drop_database").format(name=quoted))
        await session.execute(statement("headrace.db", "create_database").format(name=quoted))
    except asyncpg.InsufficientPrivilegeError as error:
        raise ConfigurationError(
            f"the role of this database address may not create the database {name}: {error}; "
            "GRANT it CREATEDB, or unset HEADRACE_DATABASE_URL to use an embedded PostgreSQL"
        ) from error
    finally:
        await close(session)
    return at_database(dsn, name)
