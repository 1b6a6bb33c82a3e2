"""The workloads, in the order they are run."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType

from bench.contest import Contest
from bench.stage import Stage
from bench.workloads.append import append_from_eight, append_from_one
from bench.workloads.bulk import bulk
from bench.workloads.drain import drain_by_one, drain_by_two
from bench.workloads.enqueue import enqueue
from bench.workloads.latency import latency
from bench.workloads.replay import replay

Workload = Callable[[Stage], AbstractAsyncContextManager[Contest]]
"""Prepares a contest on a stage for a block."""

WORKLOADS: Mapping[str, Workload] = MappingProxyType(
    {
        "enqueue": enqueue,
        "bulk": bulk,
        "drain-1": drain_by_one,
        "drain-2": drain_by_two,
        "latency": latency,
        "append-1": append_from_one,
        "append-8": append_from_eight,
        "replay": replay,
    }
)
