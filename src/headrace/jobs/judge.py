"""What becomes of a job, by how its handler ended."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta

from headrace.db.connection import Row
from headrace.errors import StaleLeaseError
from headrace.jobs.attempt import Attempt
from headrace.jobs.attempt_records import tell_raised
from headrace.jobs.completer import Completer
from headrace.jobs.interruption import Interrupted, overtime
from headrace.jobs.invoker import Invoker
from headrace.jobs.job import Claim
from headrace.jobs.outcome import Again, Cancel, Ended, Verdict, decide_on_error, report_error
from headrace.jobs.registry import Kind
from headrace.jobs.result import completed
from headrace.jobs.retry import RetryPolicy
from headrace.jobs.store import Settlement
from headrace.telemetry import Telemetry


class Judge:
    """Has handlers called and judges how they end. `chance` draws the jitter of retries."""

    def __init__(
        self, invoker: Invoker, *, completer: Completer, telemetry: Telemetry, chance: Callable[[], float]
    ) -> None:
        self._invoker = invoker
        self._completer = completer
        self._telemetry = telemetry
        self._chance = chance

    async def attempt(self, kind: Kind, raw: str, attempt: Attempt) -> Verdict | None:
        """Runs an attempt; what becomes of its job, None where it belongs to another attempt."""
        try:
            return completed(await self._invoker.call(kind, raw, attempt))
        except StaleLeaseError as error:
            self._completer.note_stale(attempt.job.claim, error)
            return None
        except (asyncio.CancelledError, Interrupted) as error:
            if attempt.interruption is not None:
                return self.interrupted(kind, attempt, error)
            if isinstance(error, Interrupted):
                return self._judge(kind, attempt, error)
            if attempt.task.cancelling():
                raise
            return self._judge(
                kind, attempt, RuntimeError("the handler awaited something that was cancelled, and did not catch it")
            )
        except (Exception, SystemExit) as error:  # noqa: BLE001 - every error of a handler becomes an outcome
            return self._judge(kind, attempt, error)

    def interrupted(self, kind: Kind, attempt: Attempt, error: BaseException | None = None) -> Verdict | None:
        """What becomes of the job of an attempt that was interrupted; `error` is what the handler ended with."""
        match attempt.interruption:
            case "cancel":
                return Ended("cancelled", error=report_error(Cancel("cancelled while it ran")))
            case "timeout":
                overdue = overtime(kind.timeout)
                overdue.__cause__ = error  # where it was when its time was over
                return self._judge(kind, attempt, overdue)
            case "shutdown":
                return Again(None, counts=False)
            case _:
                return None

    def broken(self, row: Row, error: Exception) -> None:
        """Settles an attempt that could not be made or judged: without this its job would be held for ever."""
        verdict = decide_on_error(
            error, attempt=row["attempt"], max_attempts=row["max_attempts"], policy=RetryPolicy(), chance=self._chance()
        )
        self._telemetry.emit(
            "attempt.broken",
            level=logging.ERROR,
            error=error,
            job=row["job_id"],
            kind=row["kind"],
            attempt=row["attempt"],
        )
        claim = Claim(row["job_id"], row["attempt"], row["lease"])
        self._completer.settle(Settlement(claim, verdict, timedelta(0)))

    def _judge(self, kind: Kind, attempt: Attempt, error: BaseException) -> Verdict:
        job = attempt.job
        verdict = decide_on_error(
            error,
            attempt=job.attempt,
            max_attempts=job.max_attempts,
            policy=kind.retry,
            chance=self._chance(),
        )
        duration = timedelta(seconds=time.perf_counter() - job.started)
        tell_raised(self._telemetry, job, error, verdict, duration)
        return verdict
