"""`headrace top`: one look on a database, and live in a terminal of its own."""

import os
import pty
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

from typer.testing import CliRunner

from fix_events import NoteTaken
from headrace import Job
from headrace.cli.root import app as command
from headrace.cli.top_view import alarms_of
from headrace.doctor.overview import Inserted, look, pace


async def test_one_look_has_queues_what_runs_workers_and_subscriptions(bench):
    app = bench.app
    app.register(NoteTaken)

    @app.job("greet", queue="mail")
    async def greet(job: Job) -> None: ...

    @app.on(NoteTaken, name="notes", mode="ordered")
    async def notes(events, tx) -> None: ...

    for _ in range(3):
        await app.enqueue("greet", delay=timedelta(hours=1))
    job = await app.enqueue("greet")

    async def seen():
        async with app.pool.acquire() as connection:
            return await look(connection)

    assert list(alarms_of(await seen())) == [
        "1 jobs are due and no worker is registered: headrace --app MODULE:ATTRIBUTE worker"
    ]
    async with bench.working():
        await bench.reaches(job, "completed")
        found = await seen()
        assert [(one.name, one.due_count, one.later_count) for one in found.queues if one.name == "mail"] == [
            ("mail", 0, 3)
        ]
        assert (len(found.workers), [one.name for one in found.subscriptions]) == (1, ["notes"])
        assert list(alarms_of(found)) == []
    await app.enqueue("greet")
    await app.queues.pause("mail", by="ada")
    assert "queue mail is paused by ada: headrace queues resume mail" in list(alarms_of(await seen()))


def test_the_pace_is_what_was_stored_between_two_looks():
    at = datetime(2031, 1, 1, tzinfo=UTC)
    before = Inserted(100, 50, 10, at)
    found = pace(before, Inserted(300, 40, 30, at + timedelta(seconds=2)))
    assert (found.enqueued, found.ended, found.appended) == (100.0, 0.0, 10.0)
    assert pace(before, before) is None


def test_without_a_terminal_it_prints_one_look(database):
    result = CliRunner().invoke(command, ["--database", database, "top"])
    assert result.exit_code == 0, result.output
    for word in ("queues", "running", "workers", "subscriptions", "none", "position 0"):
        assert word in result.stdout


def test_in_a_terminal_it_goes_on_until_it_is_interrupted(database):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    words = [sys.executable, "-m", "headrace.cli", "--database", database, "top", "--interval", "0.2"]
    process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    try:
        ends = time.monotonic() + 15
        while seen.count(b"position") < 3 or b"enqueued/s" not in seen:
            assert time.monotonic() < ends, seen
            seen += os.read(ours, 65_536)
        process.send_signal(signal.SIGINT)
        while True:
            try:
                if not os.read(ours, 65_536):
                    break
            except OSError:
                break  # how Linux tells that the other end is closed
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
