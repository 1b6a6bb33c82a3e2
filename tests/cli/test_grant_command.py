"""`headrace db grant`."""

import asyncpg
import pytest

from headrace import uuid7


@pytest.mark.timeout(60)
async def test_a_role_is_let_run_the_app_and_one_that_is_not_there_is_refused(headrace, connection, database):
    role = f"clerk_{uuid7().hex}"
    refused = await headrace("db", "grant", role)
    assert (refused.code, f"there is no role {role}" in refused.err) == (1, True), refused
    await connection.execute(f"CREATE ROLE {role}")
    try:
        done = await headrace("--app", "projected:in_sql", "db", "grant", role, "--schema", "crm", "--no-retention")
        assert done.code == 0, done
        known = await connection.fetchrow("SELECT schemas, drops_events FROM headrace.app_role WHERE name = $1", role)
        assert (known["schemas"], known["drops_events"]) == (["crm", "public"], False)
        await connection.execute(f"SET ROLE {role}")
        assert await connection.fetchval("SELECT headrace.append('any', '{}', require_known => false)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM headrace.event")
    finally:
        await connection.execute(f"RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")
