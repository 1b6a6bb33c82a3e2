"""An error on its way from a child process to its worker."""

import pickle

from headrace.errors import ChildError
from headrace.jobs.interruption import Interrupted
from headrace.jobs.outcome import describe_error
from headrace.jobs.processes.messages import Raised


class ChildTraceback(Exception):  # noqa: N818 - no error of its own: the text of where one came from
    """The cause given to an error that came out of a child process: the traceback it had there, as text."""

    def __str__(self) -> str:
        return "\n" + str(self.args[0])


def pack_error(error: BaseException) -> Raised:
    """The error as it is sent: itself where it can be pickled, what is to be told of it in any case."""
    try:
        pickled = pickle.dumps(error)
    except Exception:  # noqa: BLE001 - whatever a class does when it is pickled, its error must arrive
        pickled = None
    return Raised(describe_error(error), pickled)


def unpack_error(raised: Raised) -> BaseException:
    """The error that was sent, or a ChildError that tells of it."""
    if raised.pickled is not None:
        try:
            error = pickle.loads(raised.pickled)  # noqa: S301 - it comes from our own child, which runs our own code
        except Exception:  # noqa: BLE001 - not every error that can be pickled can be read again
            error = None
        # Others, such as KeyboardInterrupt, would be taken for the worker's own.
        if isinstance(error, Exception | SystemExit | Interrupted):
            error.__cause__ = ChildTraceback(raised.report.traceback)
            return error
    return ChildError(raised.report.type, raised.report.message, raised.report.traceback)
