"""The example runs as it says, and the README shows a part of it."""

import ast
import asyncio
import os
import sys

import asyncpg
from pages import ROOT, blocks

EXAMPLE = ROOT / "examples" / "orders.py"


async def run_example(database: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLE),
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
