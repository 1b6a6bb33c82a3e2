"""An import from the command line, from the first byte to the last score."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from headrace import Headrace, list_jobs
from headrace_crm.cli.import_bars import ImportBars
from headrace_crm.cli.waiting import wait_until
from headrace_crm.cli.workers import WorkerProcesses
from headrace_crm.errors import CrmError
from headrace_crm.insights.backlog import settled_with_insights
from headrace_crm.mail.importing import ImportState, import_state, start_import
from headrace_crm.mail.owners import AsOf
from headrace_crm.scores.settling import Backlog

_MOST_FAILED = 5

_UNKNOWN = Backlog(1, 0, 0, 0, 0)


class ImportEndedError(CrmError):
    """Reading ended before the end of the files; what was read until then is stored."""


async def run_import(
    app: Headrace,
    workers: WorkerProcesses,
    bars: ImportBars,
    *,
    files: Sequence[Path],
    owners: Sequence[str],
    as_of: AsOf | None,
) -> UUID:
    """Imports files and waits until people and scores have followed; the import's job id.

    Raises what `start_import` raises, WorkersLostError where nobody is left to do the work, and ImportEndedError
    where the import, or a job that came of it, has failed.
    """
    job_id = await start_import(app, files, owners, as_of)

    async def is_done() -> bool:
        state, left = await _look(app, job_id)
        bars.show(state, left)
        if state.is_stored and left.is_settled and state.error is not None:
            raise ImportEndedError(state.error)
        return state.is_stored and left.is_settled

    await wait_until(is_done, workers=workers, check=lambda: _require_no_failure(app, job_id))
    return job_id


async def _require_no_failure(app: Headrace, job_id: UUID) -> None:
    # Whatever comes of the import carries its correlation, which began with its own job.
    async with app.pool.acquire() as connection:
        failed = await list_jobs(
            connection, correlation_id=job_id, states={"failed", "dead", "cancelled"}, limit=_MOST_FAILED
        )
        state = await import_state(connection, job_id)
    for job in failed:
        # An import that ended early has stored what it read; that is waited for, and told then.
        if job.id != job_id or state.phase == "waiting":
            raise ImportEndedError(
                f"job {job.id} ({job.kind}) is {job.state}: {job.error}; "
                f"see `headrace jobs show {job.id}`, then `headrace jobs retry {job.id}` and import again"
            )


async def _look(app: Headrace, job_id: UUID) -> tuple[ImportState, Backlog]:
    async with app.pool.acquire() as connection:
        state = await import_state(connection, job_id)
        if state.owner_id is None:
            return state, _UNKNOWN
        return state, await settled_with_insights(connection, state.owner_id, now=app.clock.now())
