"""Kills a worker of the demo in the middle of its work."""

from headrace import Headrace, list_workers
from headrace_crm.cli.bars import Bars
from headrace_crm.cli.sync_bars import SyncLook
from headrace_crm.cli.workers import WorkerProcesses


class Killer:
    """Kills a worker with SIGKILL once, at a moment when it holds jobs and mail is under way, and starts another."""

    def __init__(self, app: Headrace, workers: WorkerProcesses, bars: Bars) -> None:
        self._app = app
        self._workers = workers
        self._bars = bars
        self.killed_pid: int | None = None

    async def __call__(self, look: SyncLook) -> None:
        if self.killed_pid is not None or not look.newest.batches_done:
            return
        async with self._app.pool.acquire() as connection:
            holders = [worker for worker in await list_workers(connection) if worker.held_count]
        for holder in sorted(holders, key=lambda worker: -worker.held_count):
            if self._workers.kill(holder.pid):
                self.killed_pid = holder.pid
                self._bars.note(
                    f"killed worker process {holder.pid} with SIGKILL while it held {holder.held_count} "
                    f"{'job' if holder.held_count == 1 else 'jobs'}; another one starts"
                )
                await self._workers.add()
                return
