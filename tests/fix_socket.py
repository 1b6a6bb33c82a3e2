"""A client of live events over WebSockets."""

import asyncio
import json
import socket
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

SERVED = {"ws": "websockets-sansio", "lifespan": "off"}
"""How a server of them is set up; the other way to serve them that uvicorn has is deprecated by `websockets`."""


@dataclass
class Socket:
    """An open WebSocket, and the position a client would name when it comes again."""

    connection: Any
    position: int | None = None
    beats: list[int | None] = field(default_factory=list)

    async def next(self) -> dict[str, Any] | None:
        """The next event, or why there is none; None once the socket is closed."""
        from websockets.exceptions import ConnectionClosed

        while True:
            try:
                told = json.loads(await self.connection.recv())
            except ConnectionClosed:
                return None
            self.position = told["position"]
            if "event" in told or "dropped" in told:
                return told
            self.beats.append(told["position"])

    async def positions(self, count: int) -> list[int]:
        """The positions of the next so many events."""
        found: list[int] = []
        while len(found) < count:
            told = await self.next()
            assert told is not None, f"the socket was closed after {found}: {self.code}"
            assert "event" in told, f"dropped after {found}: {told}"
            found.append(told["position"])
        return found

    @property
    def code(self) -> tuple[int | None, str | None]:
        return self.connection.close_code, self.connection.close_reason

    async def close(self) -> None:
        await self.connection.close()


async def open_socket(
    port: int,
    *,
    headers: dict[str, str] | None = None,
    origin: str | None = None,
    is_narrow: bool = False,
    **query: Any,
) -> Socket:
    """Opens a socket; one that is narrow takes little before it makes the server wait.

    Raises `websockets.exceptions.InvalidStatus` where it is refused.
    """
    client = pytest.importorskip("websockets.asyncio.client")
    sock = socket.socket()
    sock.setblocking(False)
    if is_narrow:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    return Socket(
        await client.connect(
            f"ws://127.0.0.1:{port}/?{urlencode(query, doseq=True)}",
            sock=sock,
            origin=origin,
            additional_headers=headers or {},
            compression=None,
            proxy=None,
            max_queue=1 if is_narrow else 16,
            ping_interval=None,
        )
    )
