"""`crm serve`, as a process: it answers, tells no code of a sign-in, and stops when it is told to."""

import asyncio
import json
import os
import re
import signal
import socket
import sys

import httpx
import pytest

from fix_apps import send

COMMAND = (sys.executable, "-W", "error", "-m", "headrace_crm.cli", "-vv", "--log-json", "serve", "--port")


async def start(database: str, port: int, *options: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    environ = {**os.environ, "HEADRACE_DATABASE_URL": database}
    return await asyncio.create_subprocess_exec(*COMMAND, str(port), *options, env=environ, stdout=pipe, stderr=pipe)


async def test_it_serves_until_it_is_stopped_and_logs_no_codes(database: str, secret_keys: str):
    process = await start(database, 0, "--new-token", "olive")
    told = ""
    while not (found := re.search(r"serving on (http://127\.0\.0\.1:\d+);(?s:.*): (hr_\S+)", told)):
        line = (await process.stderr.readline()).decode()
        assert line, told
        told += line
    async with httpx.AsyncClient(base_url=found[1]) as client:
        assert (await client.get("/health")).json() == {"status": "ready", "reasons": {}}
        back = await client.get("/accounts/google/callback", params={"code": "code-canary", "state": "state-canary"})
        assert back.status_code == 400
        assert (await client.post("/webhooks/gmail", content=b"{}")).status_code == 403
        mine = {"authorization": f"Bearer {found[2]}"}
        assert "No mail yet" in (await client.get("/crm/contacts", headers=mine)).text
        # A page that is open, and follows what happens, keeps nobody from stopping it.
        async with client.stream("GET", "/live", headers=mine) as stream:
            assert stream.status_code == 200
            began = asyncio.get_running_loop().time()
            send(process, signal.SIGTERM)
            async for _ in stream.aiter_raw():
                pass
            assert asyncio.get_running_loop().time() - began < 1
    out, err = await process.communicate()
    told += out.decode() + err.decode()
    assert process.returncode == 0, told
    logged = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert [line["level"] for line in logged if line["message"].startswith("pushes.counted")] == ["WARNING"]
    assert "canary" not in told


async def test_an_address_that_is_taken_is_told_in_a_line(database: str):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await start(database, port)
        _, err = await process.communicate()
    assert process.returncode == 1
    assert err.decode().splitlines()[-1] == (
        f"error: cannot listen on 127.0.0.1 port {port}: Address already in use; choose another with --host and --port"
    )


pytestmark = pytest.mark.timeout(40)
