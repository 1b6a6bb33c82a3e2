"""The `headrace` command on a machine whose clock is set to and fro: each reading is other hours off.

    python -m stepped HOURS,HOURS,... --app module:attribute worker

Monotonic clocks are as they were, as on a machine whose clock is set.
"""

import runpy
import sys
import time
from datetime import UTC, datetime
from itertools import cycle

from headrace.clock import SystemClock

_SECONDS_OFF = cycle([3_600 * float(word) for word in sys.argv.pop(1).split(",")])
_real_time = time.time


def _stepped() -> float:
    return _real_time() + next(_SECONDS_OFF)


time.time = _stepped
time.time_ns = lambda: int(_stepped() * 1e9)
SystemClock.now = lambda _: datetime.fromtimestamp(_stepped(), UTC)

runpy.run_module("headrace.cli", run_name="__main__")
