"""A storm of good and forged pushes on a real server: each good one is acted on once, and memory stays flat."""

import asyncio
import json
import os
import re
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from fix_accounts import AccountsBench
from fix_apps import APPS
from fix_push import ACCOUNT, AUDIENCE, Signer, claims_at, key_set
from headrace_crm.accounts.push_intake import SYNC_KIND
from headrace_crm.kit.signing_keys import PAUSE

SECONDS = int(os.environ.get("HEADRACE_STORM_SECONDS", "30"))
RATE = int(os.environ.get("HEADRACE_STORM_RATE", "2000"))
MAILBOXES = 100
MOST_GROWTH = 20 * 1024
"""Kilobytes that a server may grow by after the first quarter of the storm."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(SECONDS * 4 + 60)]


def kinds_of_pushes(good: Signer, other: Signer) -> dict[str, dict]:
    now = datetime.now(UTC)
    hour = timedelta(hours=1)

    def signed(signer: Signer = good, count: int = 1, **claims: object) -> list[str]:
        return [signer.sign(claims_at(now, jti=str(number), **claims), kid=good.kid) for number in range(count)]

    return {
        # Pub/Sub uses a token for many pushes, and changes it within an hour.
        "good": {"share": 50, "tokens": signed(count=5)},
        "replayed": {"share": 10, "tokens": signed()},
        "forged": {"share": 20, "tokens": signed(other, count=50)},
        "expired": {"share": 5, "tokens": signed(count=20, exp=int((now - hour).timestamp()))},
        "wrong_audience": {"share": 5, "tokens": signed(count=20, aud="https://elsewhere.example.org")},
        "wrong_account": {"share": 5, "tokens": signed(count=20, email="eve@example.org")},
        "unknown_key": {"share": 3, "tokens": [good.sign(claims_at(now), kid=f"made-up-{n}") for n in range(50)]},
        "missing": {"share": 1, "tokens": [""]},
        "malformed": {"share": 1, "tokens": ["a.b.c"]},
    }


REFUSED_WITH = {
    "forged": "401",
    "expired": "401",
    "wrong_audience": "403",
    "wrong_account": "403",
    "unknown_key": "401",
    "missing": "401",
    "malformed": "401",
}


def resident(pid: int) -> int:
    """Kilobytes of memory a process has."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_each_good_push_of_a_storm_is_acted_on_once_and_memory_stays_flat(
    accounts: AccountsBench, httpserver: HTTPServer, signers: tuple[Signer, Signer], capsys: pytest.CaptureFixture[str]
):
    ids = {
        f"user-{n}@example.org": await accounts.account(f"user-{n}@example.org", ends_in=timedelta(hours=1))
        for n in range(MAILBOXES)
    }
    httpserver.expect_request("/certs").respond_with_data(key_set(signers[0]))
    pipe = asyncio.subprocess.PIPE
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pushed"),
        cwd=APPS,
        env={
            **os.environ,
            "HEADRACE_DATABASE_URL": accounts.app.pool.dsn,
            "HEADRACE_GOOGLE_JWKS_URL": httpserver.url_for("/certs"),
            "HEADRACE_GOOGLE_PUSH_AUDIENCE": AUDIENCE,
            "HEADRACE_GOOGLE_PUSH_ACCOUNT": ACCOUNT,
        },
        stdout=pipe,
    )
    line = (await server.stdout.readline()).decode()
    port = int(re.search(r":(\d+);", line)[1])
    storm = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("push_storm.py")), stdin=pipe, stdout=pipe
    )
    plan = {
        "host": "127.0.0.1", "port": port, "seconds": SECONDS, "rate": RATE, "mailboxes": MAILBOXES,
        "kinds": kinds_of_pushes(*signers),
    }  # fmt: skip
    raging = asyncio.create_task(storm.communicate(json.dumps(plan).encode()))
    sizes = []
    try:
        while not raging.done():
            await asyncio.wait({raging}, timeout=SECONDS / 20)
            sizes.append(resident(server.pid))
        told = json.loads((await raging)[0])
        spent = processor_seconds(server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        await server.communicate()

    assert server.returncode == 0
    assert told["errors"] == 0
    statuses = told["statuses"]
    assert {kind: set(statuses[kind]) for kind in REFUSED_WITH} == {kind: {at} for kind, at in REFUSED_WITH.items()}
    # What was not taken was asked for again, and so is not lost; here it must not have come to that.
    assert set(statuses["good"]) == {"204"}
    assert set(statuses["replayed"]) == {"204"}
    stored = await accounts.rows("SELECT message_id FROM crm.push_message WHERE message_id LIKE 'm-%' ORDER BY 1")
    assert [one for (one,) in stored] == sorted(told["acknowledged"])
    assert len(stored) == statuses["good"]["204"]
    # No worker took any: one sync waits for each mailbox, however many pushes it had.
    syncs = await accounts.rows("SELECT args ->> 'account_id' FROM headrace.job WHERE kind = $1", SYNC_KIND)
    assert sorted(one for (one,) in syncs) == sorted(str(one) for one in ids.values())
    # Made-up key ids do not make the server ask Google for keys all the time.
    assert len(httpserver.log) <= SECONDS / PAUSE.total_seconds() + 2
    quarter = len(sizes) // 4
    assert max(sizes[quarter:]) - sizes[quarter] < MOST_GROWTH, sizes
    with capsys.disabled():
        sys.stdout.write(
            f"\n{told['answered']} pushes in {told['elapsed']:.1f} s: {told['rate']:.0f} a second"
            f" (asked for {RATE}), median {told['median_ms']:.1f} ms, p99 {told['p99_ms']:.0f} ms;"
            f" the server spent {spent / told['answered'] * 1e6:.0f} us of processor time on each,"
            f" and has {sizes[-1] // 1024} MB ({sizes[quarter] // 1024} MB after a quarter)\n"
        )
