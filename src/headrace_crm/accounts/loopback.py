"""Where a browser on this machine is sent back to: a port of 127.0.0.1, for one sign-in (RFC 8252, section 7.3)."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

from headrace_crm.accounts.signing_in import LinkError

_HOST: Final = "127.0.0.1"
_PATIENCE = 10.0
_LONGEST_LINE = 8192

Answer = Mapping[str, str]


class Loopback:
    """Listens, inside `async with`, until the answer that is waited for has come; what else is asked for is refused."""

    def __init__(self) -> None:
        self._is_it: Callable[[Answer], bool] = lambda _: False
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, _HOST, 0, limit=_LONGEST_LINE)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    @property
    def redirect_uri(self) -> str:
        """The address to be sent back to."""
        if self._server is None:
            raise RuntimeError("the loopback does not listen; use it inside `async with`")
        return f"http://{_HOST}:{self._server.sockets[0].getsockname()[1]}/"

    async def answer(self, is_it: Callable[[Answer], bool], *, patience: timedelta) -> Answer:
        """The query of the first request that `is_it` accepts. Raises LinkError where none comes in time."""
        self._is_it = is_it
        try:
            async with asyncio.timeout(patience.total_seconds()):
                return await self._answer
        except TimeoutError:
            raise LinkError(
                f"nobody came back from Google within {patience}; begin again: crm accounts link google", code="timeout"
            ) from None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                line = await reader.readline()
                while (await reader.readline()).strip():
                    pass
                writer.write(self._response(line))
                await writer.drain()
        except (TimeoutError, ValueError, OSError):
            return  # no browser
        finally:
            writer.close()

    def _response(self, line: bytes) -> bytes:
        words = line.decode("latin-1").split()
        target = urlsplit(words[1]) if len(words) > 1 and words[0] == "GET" else None
        if target is None or target.path != "/":
            return _page("404 Not Found", "There is nothing here.")
        answer = dict(parse_qsl(target.query))
        if not self._is_it(answer):
            return _page("400 Bad Request", "This belongs to no sign-in that was begun here. Begin again.")
        if not self._answer.done():
            self._answer.set_result(answer)
        return _page("200 OK", "Google has answered. Go back to the terminal; this page can be closed.")


def _page(status: str, words: str) -> bytes:
    body = f"<!doctype html><meta charset=utf-8><title>Headrace CRM</title><p>{words}</p>\n".encode()
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {len(body)}\r\n"
        "cache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
