"""What the doctor makes of facts, case by case."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from headrace import QueueSummary
from headrace.doctor.facts import (
    BuildFacts,
    Facts,
    Holder,
    Interrupted,
    Log,
    OpenWriter,
    Running,
    Server,
    Subscriber,
    Table,
    Unerased,
    Worker,
)
from headrace.doctor.judge import judge

NOW = datetime(2031, 5, 1, tzinfo=UTC)
HEALTHY = Server(
    version=180_000,
    is_replica=False,
    has_fsync=True,
    synchronous_commit="on",
    has_autovacuum=True,
    most_sessions=100,
    session_count=10,
    moment=NOW,
)
QUEUE = QueueSummary("mail", None, None, None, 0, 0, 0, 1)
WORKER = Worker(7, "shop", "host", 99, 0.3, 15.0, None)
SESSION = Holder("session", "process 42", "psql", "SELECT  *\n FROM run", 400.0, 5_000)
PREPARED = Holder("prepared transaction", "two-phase", "ada", None, 301.0, 9)
SLOT = Holder("replication slot", "standby", None, None, None, 2_000_000)
TABLE = Table("run", 10, 0, 5.0, 1_000, 1_000)
RUNNING = Running("mail", 3, 10.0, UUID(int=7), 30.0)
BUILD = BuildFacts(projection="stats", build=2, version=3, state="filling", position=90, behind_count=10)
LIVE = replace(BUILD, build=1, state="live")
SUBSCRIBER = Subscriber("stats", 90, 10, 0, None)
UNSERVED = replace(QUEUE, due_count=9, worker_count=0)
UNERASED = Unerased("cards", "waiting", 2, UUID(int=5), "4711", is_served=False)
INTERRUPTED = Interrupted(UUID(int=9), "jobs.cancelled", "ada", 20, 35)


def server(**changes: Any) -> dict[str, Any]:
    return {"server": replace(HEALTHY, **changes)}


CASES = [
    (server(version=140_011), "problem", "server", "PostgreSQL 14 is too old"),
    (server(is_replica=True), "problem", "server", "replica"),
    (server(has_fsync=False), "problem", "server", "fsync is off"),
    (server(synchronous_commit="off"), "warning", "server", "may lose the last commits"),
    (server(has_autovacuum=False), "problem", "server", "never cleared away"),
    (server(session_count=91), "warning", "server", "91 of 100 sessions"),
    (server(skew_seconds=-3.0), "warning", "clock", "-3.0 s from this machine's"),
    ({"pending": ("0008_queues",)}, "problem", "schema", "missing: 0008_queues"),
    ({"holders": (SESSION,)}, "warning", "vacuum", "session process 42 of psql keeps dead rows"),
    (
        {"holders": (replace(SESSION, age_seconds=4000.0),)},
        "problem",
        "vacuum",
        "67 min, 5000 transactions back: SELECT *",
    ),
    ({"holders": (PREPARED,)}, "warning", "vacuum", "prepared transaction two-phase of ada"),
    ({"holders": (SLOT,)}, "problem", "vacuum", "replication slot standby"),
    ({"tables": (replace(TABLE, dead_count=200_000),)}, "warning", "table run", "200000 dead rows beside 10 living"),
    (
        {"tables": (replace(TABLE, dead_count=200_000, vacuumed_seconds_ago=None),)},
        "warning",
        "table run",
        "never vacuumed",
    ),
    ({"tables": (replace(TABLE, index_bytes=200 * 1_048_576),)}, "warning", "table run", "take 200 MB for 10 rows"),
    ({"missing_partitions": ("job_20310502",)}, "warning", "partitions", "no partition job_20310502"),
    ({"stray_count": 5}, "notice", "partitions", "5 jobs are in the default"),
    ({"queues": (replace(UNSERVED, paused_at=NOW, paused_by="ada"),)}, "notice", "queue mail", "paused by ada"),
    ({"queues": (UNSERVED,)}, "problem", "queue mail", "no worker runs at all"),
    ({"queues": (UNSERVED,), "workers": (WORKER,)}, "problem", "queue mail", "no worker serves it"),
    ({"unhandled": (("mail", 4),)}, "problem", "kind mail", "4 due jobs are of a kind no worker handles"),
    ({"workers": (replace(WORKER, heartbeat_seconds_ago=16.0),)}, "warning", "worker 7", "no sign of life for 16 s"),
    ({"workers": (replace(WORKER, heartbeat_seconds_ago=6.0),)}, "notice", "worker 7", "is 6 s old"),
    ({"workers": (replace(WORKER, stopping_seconds=600.0),)}, "notice", "worker 7", "stopping for 10 min"),
    ({"running": (replace(RUNNING, longest_seconds=91.0),)}, "warning", "kind mail", "for 91 s, its timeout is 30 s"),
    ({"log": Log(5, 9, 31.0)}, "problem", "events", "stood still for 31 s, 4 positions behind"),
    (
        {
            "log": Log(5, 9, 31.0),
            "open_writers": (
                OpenWriter("prepared transaction", "it's", "shop", None, 40.0),
                OpenWriter("process", "7", "shop", "INSERT", 3.0),
            ),
        },
        "problem",
        "events",
        "prepared transaction it's of shop has had a transaction open for 40 s that writes events, and 1 more",
    ),
    (
        {"subscribers": (replace(SUBSCRIBER, failure_count=3, error="no such column"),)},
        "problem",
        "handler stats",
        "failed 3 times after position 90: no such column",
    ),
    (
        {"subscribers": (replace(SUBSCRIBER, behind_count=20_000),)},
        "warning",
        "handler stats",
        "20000 positions behind",
    ),
    ({"subscribers": (replace(SUBSCRIBER, parked_count=2),)}, "problem", "handler stats", "2 streams are parked"),
    (
        {"subscribers": (replace(SUBSCRIBER, is_served=False),), "workers": (WORKER,)},
        "warning",
        "handler stats",
        "no worker has it, and events after position 90 are kept",
    ),
    ({"builds": (replace(LIVE, failure_count=3, error="no column"),)}, "problem", "projection stats", "no column"),
    ({"builds": (replace(LIVE, parked_count=1),)}, "problem", "projection stats", "1 streams parked: their rows stand"),
    ({"builds": (replace(LIVE, behind_count=20_000),)}, "warning", "projection stats", "20000 positions behind"),
    ({"builds": (replace(LIVE, is_paused=True),)}, "notice", "projection stats", "is paused, 10 positions behind"),
    (
        {"builds": (replace(LIVE, is_served=False),), "workers": (WORKER,)},
        "problem",
        "projection stats",
        "no worker has its fold: build 1 (live) stands at position 90",
    ),
    (
        {"builds": (replace(BUILD, is_served=False),), "workers": (WORKER,)},
        "warning",
        "projection stats",
        "build 2 (filling) was left at position 90, 10 before the safe head: no worker has its fold",
    ),
    ({"builds": (replace(BUILD, still_seconds=61.0),)}, "warning", "projection stats", "stood at position 90 for 61 s"),
    ({"builds": (replace(BUILD, is_paused=True),)}, "notice", "projection stats", "(filling) is paused"),
    ({"builds": (replace(BUILD, state="unfit"),)}, "problem", "projection stats", "found wrong, and is not shown"),
    (
        {"builds": (replace(BUILD, state="ready", postponed_by="lock timeout"),)},
        "warning",
        "projection stats",
        "cannot be shown just now: lock timeout",
    ),
    ({"builds": (replace(BUILD, parked_count=1),)}, "warning", "projection stats", "1 streams parked"),
    (
        {"unerased": (UNERASED,), "workers": (WORKER,)},
        "problem",
        "projection cards",
        f"values of 2 erased subjects, such as 4711: job {UUID(int=5)} is to rebuild it, and no worker has its fold",
    ),
    (
        {"unerased": (replace(UNERASED, standing="unasked", job_id=None),)},
        "problem",
        "projection cards",
        "nobody has asked for its rebuild",
    ),
    ({"unerased": (replace(UNERASED, standing="failed"),)}, "problem", "projection cards", "rebuild it, is failed"),
    ({"interrupted": (INTERRUPTED,)}, "warning", f"operation {INTERRUPTED.id}", "20 of 35 jobs"),
]


@pytest.mark.parametrize(("known", "level", "about", "told"), CASES)
def test_facts_come_to_one_finding_with_a_next_step(known: dict[str, Any], level: str, about: str, told: str):
    (found,) = judge(Facts(**{"server": HEALTHY, **known}))
    assert (found.level, found.about) == (level, about)
    assert told in found.fact
    assert len(found.next_step) > 4


def test_nothing_is_found_where_all_is_well():
    facts = Facts(
        server=replace(HEALTHY, skew_seconds=1.9, session_count=90),
        holders=(replace(SESSION, age_seconds=299.0),),
        tables=(TABLE, replace(TABLE, live_count=300_000, dead_count=200_000)),
        queues=(replace(QUEUE, due_count=10_000),),
        workers=(WORKER,),
        running=(replace(RUNNING, longest_seconds=89.0), replace(RUNNING, longest_seconds=9e9, timeout_seconds=None)),
        log=Log(5, 9, 2.0),
        subscribers=(SUBSCRIBER,),
    )
    assert judge(facts) == []
    assert judge(replace(facts, log=Log(9, 9, 9e9))) == []


def test_the_worst_comes_first():
    facts = Facts(server=replace(HEALTHY, has_fsync=False, synchronous_commit="off"), stray_count=1)
    assert [one.level for one in judge(facts)] == ["problem", "warning", "notice"]
