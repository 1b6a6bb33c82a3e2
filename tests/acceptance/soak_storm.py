"""What befalls the workers and the server of a soak."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Callable

from fix_apps import WorkerProcess, eventually
from headrace.db.embedded import EmbeddedServer

_WEIGHTS = {"kill": 10, "pause": 3, "restart": 1, "crash": 1, "outage": 1}


class Storm:
    """Kills, stops and replaces workers, and restarts or takes away the server, at random intervals."""

    def __init__(
        self,
        server: EmbeddedServer,
        start: Callable[[], WorkerProcess],
        *,
        workers: int,
        chance: random.Random,
        interval: float,
    ) -> None:
        self.blows: Counter[str] = Counter()
        self._server = server
        self._start = start
        self._chance = chance
        self._interval = interval
        self._workers = [start() for _ in range(workers)]

    async def blow(self, until: asyncio.Event) -> None:
        """Goes on until told to end, and leaves a server and as many workers as before."""
        while not until.is_set():
            await self._rest(until, self._chance.uniform(0.5, 1.5) * self._interval)
            # However short it is, a worker is killed.
            chosen = self._chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0] if self.blows else "kill"
            await self._strike(chosen)
            self.blows[chosen] += 1
            self._revive()

    def _revive(self) -> None:
        """What a supervisor does: a worker that began while the server was away has ended, and is started again."""
        for number, worker in enumerate(self._workers):
            if worker.process.poll() == 1 and "the database cannot be reached" in worker.told():
                self._workers[number] = self._start()
                self.blows["refused"] += 1

    async def end(self) -> list[int]:
        """Stops every worker in good order, the youngest once they have started; their exit codes."""
        self._revive()
        for worker in self._workers:
            await eventually(lambda worker=worker: "is running" in worker.told(), 60, what="it has started")
            worker.send(signal.SIGTERM)
        return [await worker.ends(60) for worker in self._workers]

    @property
    def pids(self) -> list[int]:
        """The processes that are there now, in order."""
        self._revive()
        return sorted(worker.pid for worker in self._workers)

    @property
    def died_by_themselves(self) -> list[str]:
        """What those workers said that are gone though nobody killed them, and the server was there."""
        self._revive()
        return [worker.told() for worker in self._workers if worker.process.poll() is not None]

    def told(self) -> str:
        """The last words of every worker."""
        return "\n".join(f"worker {one.pid}: {one.told()[-1_500:]}" for one in self._workers)

    async def _strike(self, blow: str) -> None:
        number = self._chance.randrange(len(self._workers))
        match blow:
            case "kill":
                self._workers[number].kill()
                self._workers[number] = self._start()
            case "pause":
                # Sometimes for longer than its lease: what it reports after that is stale.
                self._workers[number].send(signal.SIGSTOP)
                await asyncio.sleep(self._chance.choice((2, 20)))
                self._workers[number].send(signal.SIGCONT)
            case "restart" | "crash":
                await asyncio.to_thread(self._server.restart, immediate=blow == "crash")
            case "outage":
                await asyncio.to_thread(self._server.kill)
                await asyncio.sleep(self._chance.uniform(1, 20))
                await asyncio.to_thread(self._server.start)

    @staticmethod
    async def _rest(until: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await until.wait()
        except TimeoutError:
            return
