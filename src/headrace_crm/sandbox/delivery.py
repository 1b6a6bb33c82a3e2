"""How an answer reaches the client: as it is, compressed, slowly, or not to its end."""

import asyncio
import gzip
from datetime import timedelta
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from headrace_crm.sandbox.answer import Answer
from headrace_crm.sandbox.faults import Fault

_WORTH_COMPRESSING: Final = 500
_PIECES: Final = 8


def response_of(answer: Answer, *, fault: Fault | None = None, is_compressed: bool = False) -> Response:
    """The response that delivers `answer`, befallen by `fault` if that is one of `ON_THE_WAY`."""
    body, headers = answer.body, dict(answer.headers)
    if is_compressed and len(body) >= _WORTH_COMPRESSING:
        # The lowest level: the clients under test share the processor.
        body = gzip.compress(body, compresslevel=1, mtime=0)
        headers |= {"Content-Encoding": "gzip", "Vary": "Origin, X-Origin, Referer, Accept-Encoding"}
    if fault is None:
        return Response(body, answer.status, headers)
    match fault.kind:
        case "slow":
            return SlowResponse(body, answer.status, headers, delay=fault.delay)
        case "cut":
            return CutResponse(body, answer.status, headers)
        case _:
            return Response(body, answer.status, headers)


class SlowResponse(Response):
    """Sends its body in a few pieces, spread over `delay`."""

    def __init__(self, content: bytes, status_code: int, headers: dict[str, str], *, delay: timedelta) -> None:
        super().__init__(content, status_code, headers)
        self._delay = delay

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        size = max(1, -(-len(self.body) // _PIECES))
        for start in range(0, max(1, len(self.body)), size):
            await asyncio.sleep(self._delay.total_seconds() / _PIECES)
            piece = bytes(self.body[start : start + size])
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class CutResponse(Response):
    """Sends the half of its body and returns; the server then ends the connection."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        # An empty body cannot be cut: it is announced as one byte that never comes.
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        headers.append((b"content-length", str(max(1, len(self.body))).encode()))
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
