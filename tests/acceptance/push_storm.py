"""Posts pushes at a steady rate over kept connections, as a process of its own; tells what was answered as JSON.

A plan comes as JSON on standard input: where to post, for how long and how fast, and for each kind of push its share
and the bearer tokens to use. Kinds named `good...` get message ids of their own; `replayed` repeats such ids.
"""

import asyncio
import base64
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

CONNECTIONS = 100


@dataclass
class Told:
    """What was answered: statuses by kind, message ids that were acknowledged as new, and seconds each took."""

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)
    errors: int = 0


class Storm:
    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.told = Told()
        self.draw = random.Random(7)
        self.kinds = list(plan["kinds"])
        self.weights = [plan["kinds"][kind]["share"] for kind in self.kinds]
        self.sent = 0

    async def run(self) -> float:
        begun = self.begun = time.monotonic()
        await asyncio.gather(*(self.connection() for _ in range(CONNECTIONS)))
        return time.monotonic() - begun

    async def connection(self) -> None:
        reader = writer = None
        while (number := self.next_number()) is not None:
            await asyncio.sleep(max(0.0, self.due(number) - time.monotonic()))
            kind, message_id, request = self.request(number)
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection(self.plan["host"], self.plan["port"])
                sent_at = time.monotonic()
                writer.write(request)
                status, is_kept = await answer(reader)
            except (OSError, asyncio.IncompleteReadError, ValueError):
                self.told.errors += 1
                writer = None
                continue
            self.told.seconds.append(time.monotonic() - sent_at)
            self.told.statuses.setdefault(kind, Counter())[status] += 1
            if status == 204 and message_id is not None:
                self.told.acknowledged.add(message_id)
            if not is_kept:
                writer.close()
                writer = None

    def next_number(self) -> int | None:
        """The number of the next push; None once the time is over. Whoever is late sends at once."""
        if max(self.due(self.sent), time.monotonic()) - self.begun >= self.plan["seconds"]:
            return None
        self.sent += 1
        return self.sent - 1

    def due(self, number: int) -> float:
        return self.begun + number / self.plan["rate"]

    def request(self, number: int) -> tuple[str, str | None, bytes]:
        kind = self.draw.choices(self.kinds, self.weights)[0]
        message_id = None
        if kind.startswith("good"):
            message_id = f"m-{number}"
        elif kind == "replayed" and self.told.acknowledged:
            message_id = next(iter(self.told.acknowledged))
        mailbox = f"user-{self.draw.randrange(self.plan['mailboxes'])}@example.org"
        data = base64.b64encode(json.dumps({"emailAddress": mailbox, "historyId": number}).encode()).decode()
        body = json.dumps(
            {"message": {"data": data, "messageId": message_id or f"x-{number}"}, "subscription": "s"}
        ).encode()
        token = self.draw.choice(self.plan["kinds"][kind]["tokens"])
        authorization = f"authorization: Bearer {token}\r\n" if token else ""
        head = (
            f"POST /webhooks/gmail HTTP/1.1\r\nhost: {self.plan['host']}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n{authorization}\r\n"
        )
        return kind, message_id if kind != "replayed" else None, head.encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = 0
    for line in head.split("\r\n"):
        if line.startswith("content-length:"):
            length = int(line.partition(":")[2])
    if length:
        await reader.readexactly(length)
    return int(head.split(" ", 2)[1]), "connection: close" not in head


def main() -> None:
    storm = Storm(json.load(sys.stdin))
    elapsed = asyncio.run(storm.run())
    told = storm.told
    ordered = sorted(told.seconds)
    json.dump(
        {
            "elapsed": elapsed,
            "answered": len(ordered),
            "rate": len(ordered) / elapsed,
            "median_ms": 1000 * ordered[len(ordered) // 2],
            "p99_ms": 1000 * ordered[len(ordered) * 99 // 100],
            "statuses": {kind: dict(counts) for kind, counts in told.statuses.items()},
            "acknowledged": sorted(told.acknowledged),
            "errors": told.errors,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
