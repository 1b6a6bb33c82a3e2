"""Who watches a soak live: every event, in order, through every outage."""

import asyncio
from uuid import UUID

from soak_feeds import GONE

from fix_soak import Written
from headrace import Headrace, ViewerDroppedError


class LiveViewer:
    """Notes what it is shown, and comes back where it was whenever it is cut off."""

    def __init__(self, app: Headrace) -> None:
        self.seen: list[UUID] = []
        self.returns = 0
        self._app = app
        self._position = 0

    async def watch(self) -> None:
        while True:
            try:
                async with self._app.live(types=[Written], after=self._position) as events:
                    async for one in events:
                        self.seen.append(one.id)
                        self._position = one.position
                        if len(self.seen) % 50 == 0:
                            break  # as a browser that reloads its page
            except (ViewerDroppedError, *GONE):
                await asyncio.sleep(0.1)
            self.returns += 1

    async def has_seen_all(self) -> bool:
        return len(self.seen) >= len(await self.log())

    async def log(self) -> list[UUID]:
        """What there was to see, in order."""
        async with self._app.pool.acquire() as connection:
            rows = await connection.fetch("SELECT id FROM headrace.event WHERE type = 'soak.written' ORDER BY position")
        return [row["id"] for row in rows]
