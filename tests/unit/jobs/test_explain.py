"""Why a job does not run, decided from facts case by case."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from headrace.jobs.explain import MOST_AHEAD, Facts, reasons
from headrace.jobs.reason import (
    AboutToRun,
    AllBusy,
    Awaited,
    HasEnded,
    IsRunning,
    LimitFull,
    LostWorker,
    NotDue,
    NoWorker,
    QueuePaused,
    WaitsForJobs,
)

NOW = datetime(2031, 5, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def facts(**known: Any) -> Facts:
    """A waiting job that is due, with an idle worker; `known` replaces what is said."""
    nothing = dict.fromkeys(Facts.__slots__)
    waiting = {
        "kind": "mail",
        "queue": "mails",
        "max_attempts": 3,
        "attempt": 0,
        "run_state": "waiting",
        "run_at": NOW,
        "seen_at": NOW,
        "waits_for": 0,
        "rescue_count": 0,
        "is_worker_alive": False,
        "queue_count": 1,
        "kind_count": 1,
        "both_count": 1,
        "place_count": 20,
        "held_count": 3,
        "ahead_count": 0,
        "awaited": (),
        "limits": (),
    }
    return Facts(**{**nothing, **waiting, **known})


RUNNING = {"run_state": "processing", "attempt": 1, "worker_id": 7, "claimed_at": NOW}
WORKER = {"worker_app": "shop", "worker_host": "host", "worker_pid": 99, "is_worker_alive": True}
OTHER = Awaited(UUID(int=7), "fetch", "fetch-page", "dead", "hold")


@pytest.mark.parametrize(
    ("known", "expected", "told"),
    [
        (
            {"run_state": None, "ended_as": "completed", "ended_at": NOW, "attempt": 1},
            [HasEnded("completed", NOW, 1, None)],
            "it ended as completed in attempt 1",
        ),
        (
            {
                "run_state": None,
                "ended_as": "dead",
                "ended_at": NOW,
                "attempt": 3,
                "error_type": "ValueError",
                "error_message": "no",
            },
            [HasEnded("dead", NOW, 3, "ValueError: no")],
            "dead in attempt 3: ValueError: no",
        ),
        (
            {**RUNNING, **WORKER},
            [IsRunning(7, "shop", "host", 99, NOW, 1, False, None)],
            "worker 7 (shop on host, process 99) holds attempt 1",
        ),
        (
            {**RUNNING, **WORKER, "worker_stopping_at": NOW, "cancel_requested_by": "ada"},
            [IsRunning(7, "shop", "host", 99, NOW, 1, True, "ada")],
            "ada has asked to cancel it; the worker is stopping",
        ),
        (RUNNING, [LostWorker(7, NOW, 0)], "the lease time at most"),
        ({**RUNNING, "rescue_count": 2}, [LostWorker(7, NOW, 2)], "at most (it has lost 2 workers before)"),
        ({"run_at": LATER}, [NotDue(LATER, 0, 3, None)], "snoozed by its handler"),
        (
            {
                "run_at": LATER,
                "attempt": 1,
                "failed_attempt": 1,
                "failed_at": NOW,
                "failed_type": "OSError",
                "failed_message": "gone",
            },
            [NotDue(LATER, 1, 3, "OSError: gone")],
            "attempt 1 of 3 failed (OSError: gone)",
        ),
        (
            # It raised once, was tried again, and snoozed: that attempt does not count, and the error is history.
            {"run_at": LATER, "attempt": 2, "failed_attempt": 1, "failed_type": "OSError", "failed_message": "gone"},
            [NotDue(LATER, 2, 3, None)],
            "snoozed",
        ),
        (
            {"paused_at": NOW, "paused_by": "ada", "pause_reason": "the provider is down"},
            [QueuePaused("mails", "ada", NOW, "the provider is down")],
            "paused by ada (the provider is down); `headrace queues resume mails`",
        ),
        (
            {"run_state": "held", "waits_for": 2, "awaited": (OTHER,)},
            [WaitsForJobs(2, (OTHER,))],
            f"fetch {OTHER.id} (dead) and 1 more",
        ),
        (
            {"limits": (LimitFull("gmail:7", "5 of 5 run"),)},
            [LimitFull("gmail:7", "5 of 5 run")],
            "limit gmail:7: 5 of",
        ),
        (
            {"queue_count": 0, "both_count": 0},
            [NoWorker("queue", "mails", "mail")],
            "no worker serves queue mails; start one with --queue mails",
        ),
        ({"kind_count": 0, "both_count": 0}, [NoWorker("kind", "mails", "mail")], "no worker handles kind mail"),
        ({"both_count": 0}, [NoWorker("both", "mails", "mail")], "none does both"),
        (
            {"held_count": 25, "ahead_count": 40},
            [AllBusy(1, 20, 25, 40, True)],
            "1 workers serve it and hold 25 jobs in 20 places; 40 jobs of its queue go first",
        ),
        (
            {"held_count": 20, "ahead_count": MOST_AHEAD},
            [AllBusy(1, 20, 20, MOST_AHEAD, False)],
            f"{MOST_AHEAD} or more",
        ),
        ({"ahead_count": 2}, [AboutToRun(1, 2)], "nothing is in its way"),
    ],
)
def test_facts_come_to_their_reason(known: dict[str, Any], expected: list[Any], told: str):
    found = reasons(facts(**known))
    assert found == expected
    assert told in found[0].text


def test_all_that_keeps_it_waiting_is_told_and_being_busy_only_where_nothing_else_is():
    found = reasons(facts(run_at=LATER, paused_at=NOW, paused_by="ada", queue_count=0, both_count=0, held_count=99))
    assert [type(one) for one in found] == [NotDue, QueuePaused, NoWorker]


def test_reasons_are_told_apart_in_json():
    assert msgspec.to_builtins(AboutToRun(1, 2)) == {"reason": "about-to-run", "worker_count": 1, "ahead_count": 2}
