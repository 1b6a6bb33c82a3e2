"""What tests of plans share: the plan a statement gets, and how it reads a table."""

import json
from collections.abc import Iterator
from typing import Any

import asyncpg

from headrace.db.statements import statement
from headrace.jobs import store


async def hurry(connection: asyncpg.Connection) -> None:
    """Sets what the sessions of claims and completions set."""
    for name, value in store.BATCH_SESSION.items():
        await connection.execute(f"SET {name} = {value}")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def scans(plan: dict[str, Any], table: str) -> list[tuple[str, str | None]]:
    """How a table (or its partitions) is read: the node types, and the indexes used."""
    # The partitions of other days are empty, and read as such.
    return [
        (node["Node Type"], node.get("Index Name"))
        for node in nodes(plan)
        if node.get("Relation Name", "").startswith(table)
        and node["Node Type"] != "ModifyTable"
        and (table != "job" or node["Actual Rows"] > 0)
    ]


async def explain(
    connection: asyncpg.Connection, name: str, args: tuple[object, ...], *, package: str = "headrace.jobs"
) -> dict[str, Any]:
    """The plan the statement gets for these arguments, run and undone."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        text = statement(package, name)
        found = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text}", *args)
    finally:
        await transaction.rollback()
    return json.loads(found)[0]["Plan"]


def blocks(plan: dict[str, Any]) -> int:
    """How many blocks a plan read."""
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
