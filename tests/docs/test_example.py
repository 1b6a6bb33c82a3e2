"""The example runs as it says, and the README shows a part of it."""

import ast
import asyncio
import os
import sys
from pathlib import Path

import asyncpg
import pytest
from pages import ROOT, blocks

EXAMPLE = ROOT / "examples" / "orders.py"
NO_CHAIR = "no chair: neither its order nor its job is stored"


async def run_example(database: str, example: Path = EXAMPLE) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(example),
        env={**os.environ, "HEADRACE_DATABASE_URL": database},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return said.decode()


async def test_what_fails_before_the_commit_leaves_neither_order_nor_job(database: str, connection: asyncpg.Connection):
    said = await run_example(database)
    assert said.splitlines() == ["no chair: neither its order nor its job is stored", "order 1: receipt sent"]
    assert await connection.fetch("SELECT item, receipt FROM orders") == [("lamp", "sent")]
    assert await connection.fetch("SELECT args, state FROM headrace.job JOIN headrace.outcome ON id = job_id") == [
        ("1", "completed")
    ]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("name", "said", "args"),
    [
        ("orders_asyncpg.py", [NO_CHAIR, "order 1: receipt sent"], ["1"]),
        ("orders_psycopg.py", [NO_CHAIR, "order 1: receipt sent"], ["1"]),
        ("orders_psycopg_async.py", [NO_CHAIR, "order 1: receipt sent"], ["1"]),
        ("orders_sqlalchemy_core.py", [NO_CHAIR, "lamp: receipt sent", "desk: receipt sent"], ["1", "3"]),
        ("orders_sqlalchemy.py", [NO_CHAIR, "lamp: receipt sent", "desk: receipt sent"], ["1", "3"]),
        ("orders_django.py", [NO_CHAIR, "order 1 packed", "order 1: receipt sent"], ["1"]),
    ],
)
async def test_it_runs_on_the_connections_of_others(
    database: str, connection: asyncpg.Connection, name: str, said: list[str], args: list[str]
):
    assert (await run_example(database, ROOT / "examples" / name)).splitlines() == said
    stored = await connection.fetch("SELECT args FROM headrace.job WHERE kind = 'send-receipt' ORDER BY id")
    assert [row["args"] for row in stored] == args


async def test_it_runs_in_plain_sql(connection: asyncpg.Connection):
    await connection.execute((ROOT / "examples" / "orders.sql").read_text())
    assert await connection.fetch("SELECT item FROM orders") == [("lamp",)]
    assert await connection.fetch("SELECT kind, args FROM headrace.job") == [("send-receipt", "1")]


def test_every_example_is_run():
    run = {
        "orders.py",
        "orders_asyncpg.py",
        "orders_psycopg.py",
        "orders_psycopg_async.py",
        "orders_sqlalchemy_core.py",
        "orders_sqlalchemy.py",
        "orders_django.py",
        "orders.sql",
    }
    assert {file.name for file in EXAMPLE.parent.iterdir() if file.is_file()} == run


def definitions(text: str) -> set[str]:
    """What a program defines at its top level, without docstrings and comments."""
    found: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.AsyncFunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
        if not isinstance(node, ast.Import | ast.ImportFrom):
            found.add(ast.dump(node))
    return found


def test_the_readme_shows_a_part_of_the_example():
    shown = definitions(blocks((ROOT / "README.md").read_text(), "python")[0].text)
    assert shown
    assert shown <= definitions(EXAMPLE.read_text())
