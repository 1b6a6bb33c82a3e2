"""What tests of an application need: a clock to move, jobs run on the spot, and assertions on what was asked for.

The fixtures are in `headrace.testing.plugin`, which pytest finds by itself.
"""

from headrace.testing.clock import VirtualClock
from headrace.testing.draining import Drained, drain, inline
from headrace.testing.event_assertions import assert_appended
from headrace.testing.job_assertions import assert_enqueued, assert_no_jobs, assert_not_enqueued
from headrace.testing.matching import ANYTHING
from headrace.testing.opening import opened
from headrace.testing.scenario import Scenario, appended, enqueued, given
from headrace.testing.stored_job import StoredJob

__all__ = [
    "ANYTHING",
    "Drained",
    "Scenario",
    "StoredJob",
    "VirtualClock",
    "appended",
    "assert_appended",
    "assert_enqueued",
    "assert_no_jobs",
    "assert_not_enqueued",
    "drain",
    "enqueued",
    "given",
    "inline",
    "opened",
]
