"""Errors about workers and their child processes."""

import signal
from datetime import timedelta

from headrace.errors.root import HeadraceError


class WorkerNotStartedError(HeadraceError):
    """A worker could not be registered in time; it has been stopped again."""

    def __init__(self, timeout: timedelta, reason: str) -> None:
        super().__init__(
            f"the worker could not be registered within {timeout}: {reason}; "
            "see that the database is there and takes writes, then start it again"
        )
        self.timeout = timeout
        self.reason = reason


class ChildDiedError(HeadraceError):
    """The child process of an attempt ended before its handler did: it crashed, exited or was killed from outside.

    `exit_code` is None where a signal ended it, `signal_number` where none did.
    """

    def __init__(self, returncode: int, *, pid: int) -> None:
        self.pid = pid
        self.exit_code = returncode if returncode >= 0 else None
        self.signal_number = -returncode if returncode < 0 else None
        super().__init__(f"the child process of the attempt (pid {pid}) {_ending(returncode)}")


class ChildError(HeadraceError):
    """What a handler raised in a child process, where the error itself could not be brought to the worker.

    It is stored under the type, message and traceback it had; rules of a `RetryPolicy` see this class.
    """

    def __init__(self, type_name: str, message: str, traceback: str) -> None:
        super().__init__(type_name, message, traceback)
        self.type_name = type_name
        self.message = message
        self.traceback = traceback

    def __str__(self) -> str:
        return f"{self.type_name}: {self.message}"


class NotInChildError(HeadraceError):
    """A handler in a child process asked for something of its worker that cannot be had there."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f'{what} is not there in a handler with executor="process", which has no database of its worker\'s; return '
            "what is to be written and let another job write it, open a connection of your own, or run it in a thread"
        )
        self.what = what


def _ending(returncode: int) -> str:
    if returncode >= 0:
        return f"exited with code {returncode} before the handler had ended; let the handler return or raise instead"
    number = -returncode
    name = signal.Signals(number).name if number in set(signal.Signals) else "unknown"
    hint = "the kernel may have run out of memory" if number == signal.SIGKILL else "look at the native code it calls"
    return f"was ended by signal {number} ({name}); {hint}"
