"""A handler for child processes: in a module that one can import, whatever program began."""

import os

from headrace import Job


def spin(job: Job) -> None:
    """Says in which process it is, and computes for ever."""
    job.progress(os.getpid())
    while True:
        pass
