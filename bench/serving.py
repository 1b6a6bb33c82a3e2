"""What a page costs the server: asked for over ASGI in this process, without a network."""

import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final

import asyncpg
import httpx

from bench.processor import spent

SERVER_TIME: Final = "server time, ms"
_TIMES: Final = 5
_HERE: Final = "processor here, ms"
_DATABASE: Final = "processor of the database, ms"


async def served(asgi: Any, paths: Sequence[str], session: asyncpg.Connection) -> Mapping[str, Mapping[str, float]]:
    """The median time of five of each path, by the clock and by this process's processor, and how large it is.

    The processor time of the session's server is the mean of the five, known to 2 ms, 0 where it cannot be seen.
    """
    found: dict[str, dict[str, float]] = {SERVER_TIME: {}, _HERE: {}, _DATABASE: {}, "page, KiB": {}}
    transport = httpx.ASGITransport(app=asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for path in paths:
            taken: list[tuple[float, float]] = []
            size = 0
            before = await spent(session)
            for _ in range(_TIMES):
                began, used = time.perf_counter(), time.process_time()
                answer = await client.get(path)
                taken.append((1000 * (time.perf_counter() - began), 1000 * (time.process_time() - used)))
                size = len(answer.content)
                if answer.status_code != httpx.codes.OK:
                    raise RuntimeError(f"{path} answered {answer.status_code}; the round does not count")
            found[SERVER_TIME][path] = median(clock for clock, _ in taken)
            found[_HERE][path] = median(used for _, used in taken)
            found[_DATABASE][path] = 1000 * (await spent(session)).since(before).server / _TIMES
            found["page, KiB"][path] = size / 1024
    return found
