"""What a session keeps: a statement is parsed and planned once, however long it is."""

from headrace.db.connecting import close, connect

LONG = "long " * 10_000


async def test_a_long_statement_is_prepared_once_a_session(database):
    session = await connect(database, application_name="tests")
    try:
        for _ in range(3):
            await session.fetchval(f"SELECT 1 /* {LONG} */")
        kept = await session.fetch(
            "SELECT generic_plans + custom_plans AS count FROM pg_prepared_statements"
            " WHERE statement LIKE 'SELECT 1 /*%'"
        )
    finally:
        await close(session)
    assert [row["count"] for row in kept] == [3]
