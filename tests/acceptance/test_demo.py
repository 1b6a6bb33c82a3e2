"""`crm demo` as a person runs it: it ends well, tells of everything it did, and touches no account of theirs."""

import asyncio
import os
import re
import sys
from pathlib import Path

import asyncpg
import pytest

from fix_database import at_database

OTHERS = {
    "HEADRACE_GOOGLE_CLIENT_ID": "somebody's",
    "HEADRACE_GMAIL_USER_UNITS": "6000",
    "HEADRACE_X_TOKEN": "costs-money",
    "HEADRACE_PDL_API_KEY": "costs-money",
    "HEADRACE_SECRET_KEYS": "no key at all",
}


async def run(server: str, folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "headrace_crm.cli", "--database", server, *arguments),
        cwd=folder,
        env={**os.environ, **OTHERS},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_mailbox_is_linked_mirrored_and_kept_current_while_a_worker_is_killed(server_dsn: str, tmp_path: Path):
    code, out, err = await run(server_dsn, tmp_path, "demo", "--messages", "400")
    assert code == 0, err
    counts = {name: int(value) for name, value in re.findall(r"^(\S.*?) {2,}(\d+) *$", out, re.MULTILINE)}
    there = counts["messages at the sandbox, without spam and trash"]
    assert there > 300
    assert counts["of them stored, with the labels they have there"] == there
    assert counts["stored that are not there"] == counts["jobs not completed"] == 0
    assert counts["worker processes killed with SIGKILL"] == 1
    assert counts["jobs taken from the killed worker and run again"] >= 1
    assert counts["requests refused for too many"] == 0
    assert re.search(r"^Ottoline Quillfeather +1 \(was none\) +\d", out, re.MULTILINE)
    assert re.search(r"linked maren\.tolvik@\S+ by OAuth", err)
    assert "http://127.0.0.1:8080" in out
    assert not re.search(r"\d+\.\d+ s later.*finding people", err, re.DOTALL)

    # What it tells to try next works, and nothing of the mailbox's account is left but its mail.
    code, out, err = await run(server_dsn, tmp_path, "--demo", "contacts", "--limit", "3")
    assert (code, len(out.splitlines())) == (0, 4), err
    session = await asyncpg.connect(at_database(server_dsn, "headrace_demo"))
    try:
        [account] = await session.fetch("SELECT status, access_token, refresh_token FROM crm.account")
        assert tuple(account) == ("unlinked", None, None)
        pushes = await session.fetchval("SELECT count(*) FROM crm.push_message")
        asked = await session.fetchval("SELECT count(*) FROM headrace.job WHERE kind LIKE '%enrich%'")
        failed = await session.fetchval("SELECT count(*) FROM headrace.outcome WHERE state IN ('failed', 'dead')")
        imported = await session.fetchval("SELECT count(*) FROM headrace.job WHERE kind = 'import-mbox'")
    finally:
        await session.close()
    assert pushes >= 1
    assert (asked, failed, imported) == (0, 0, 0)
