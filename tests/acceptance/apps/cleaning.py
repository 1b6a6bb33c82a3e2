"""An app whose events go after a week, and whose process kills itself at the record that CLEANING_DIES_AT names."""

import os
import signal
from datetime import timedelta

from headrace import EventRetention, Headrace, Record, Telemetry

_DIES_AT = os.environ.get("CLEANING_DIES_AT")


def tell(record: Record) -> None:
    """Ends the process there and then, as a machine does that loses its power."""
    if record.name == _DIES_AT:
        os.kill(os.getpid(), signal.SIGKILL)


app = Headrace(
    name="cleaning",
    telemetry=Telemetry(tell),
    event_retention=EventRetention(operational=timedelta(days=7), archive=os.environ["CLEANING_ARCHIVE"]),
)
