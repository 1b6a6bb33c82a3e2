"""The workloads, in the order they are run."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType

from bench.contest import Contest
from bench.stage import Stage
from bench.workloads.append import CONNECTIONS as APPENDING
from bench.workloads.append import appends, emits
from bench.workloads.bulk import bulk
from bench.workloads.burdened import before_future, behind_lower, under_snapshot
from bench.workloads.console import pages
from bench.workloads.console_viewers import viewers
from bench.workloads.drain import drain_by_one, drain_by_two
from bench.workloads.enqueue import CONNECTIONS, enqueues, enqueues_on_callers
from bench.workloads.handler_latency import MODES, handler_latencies
from bench.workloads.importing import imports
from bench.workloads.lag import lag
from bench.workloads.latency import latency
from bench.workloads.limits import limits_by_key, limits_by_queue
from bench.workloads.live import live
from bench.workloads.mailboxes import mailbox, messages
from bench.workloads.pushes import pushes
from bench.workloads.read import read
from bench.workloads.rebuild import rebuild
from bench.workloads.replaying import replays
from bench.workloads.searching import searches

Workload = Callable[[Stage], AbstractAsyncContextManager[Contest]]
"""Prepares a contest on a stage for a block."""

WORKLOADS: Mapping[str, Workload] = MappingProxyType(
    {
        **{f"enqueue-{count}": enqueues(count) for count in CONNECTIONS},
        **{f"enqueue-{count}-idle": enqueues(count, "idle") for count in CONNECTIONS},
        **{f"enqueue-{count}-busy": enqueues(count, "busy") for count in CONNECTIONS},
        **{f"enqueue-{count}-caller": enqueues_on_callers(count) for count in CONNECTIONS},
        "bulk": bulk,
        "drain-1": drain_by_one,
        "drain-2": drain_by_two,
        **{f"drain-{workers}-snapshot": under_snapshot(workers) for workers in (1, 2)},
        **{f"drain-{workers}-lower": behind_lower(workers) for workers in (1, 2)},
        **{f"drain-{workers}-future": before_future(workers) for workers in (1, 2)},
        "limits-key": limits_by_key,
        "limits-queue": limits_by_queue,
        "latency": latency,
        **{f"append-{count}": appends(count) for count in APPENDING},
        **{f"emit-{count}": emits(count) for count in APPENDING},
        "import": imports,
        "read": read,
        "rebuild": rebuild,
        "replay": replays,
        **{f"handler-latency-{mode}": handler_latencies(mode) for mode in MODES},
        "lag": lag,
        "live": live,
        "console": pages(),
        "console-viewers": viewers,
        "push": pushes,
        "search": searches,
        "mailbox": mailbox,
        "message": messages,
    }
)
