"""The soak's handlers for child processes, in a module that those can import."""

import os
import signal

from headrace import Job


def square(number: int) -> int:
    return number * number


def fragile(job: Job) -> int:
    """Takes its process with it twice; its worker lives on."""
    if job.attempt < 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return job.attempt
