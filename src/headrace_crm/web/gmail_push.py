"""`POST /webhooks/gmail`: what Pub/Sub pushes when a mailbox changes. Answered when it is stored, and no later."""

import asyncio
from datetime import timedelta
from typing import Final

import msgspec
from starlette.types import Message, Receive, Scope, Send

from headrace_crm.accounts.push import read_push
from headrace_crm.accounts.push_intake import IntakeFullError, PushIntake
from headrace_crm.accounts.push_sender import PushSender
from headrace_crm.kit.signing_keys import KeysUnavailableError
from headrace_crm.web.push_counts import WELCOME, PushCounts

LARGEST: Final = 64 * 1024
"""Bytes of a push that are read; Gmail's have a few hundred."""

PATIENCE: Final = timedelta(seconds=10)
"""How long a push may take to arrive, and to be stored."""

# Whatever is not acknowledged is sent again: so is what we cannot take now, and so should not be what we never can.
_ACKNOWLEDGED = frozenset({*WELCOME, "unreadable"})
_LATER = frozenset({"busy", "unavailable", "slow"})
_FORBIDDEN = frozenset({"wrong_audience", "wrong_account", "wrong_issuer", "unconfigured"})


class GmailPush:
    """An ASGI application of its own, so that what is forged costs a signature check and little else."""

    def __init__(self, sender: PushSender, intake: PushIntake, counts: PushCounts) -> None:
        self._sender = sender
        self._intake = intake
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                what = await self._handle(scope, receive)
        except TimeoutError:
            what = "slow"
        self._counts.count(what)
        head, body = _answer(what)
        await send(head)
        await send(body)

    async def _handle(self, scope: Scope, receive: Receive) -> str:
        content = await _body(receive)
        authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        try:
            refusal = await self._sender.refusal(authorization.decode("latin-1"))
        except KeysUnavailableError:
            return "unavailable"
        if refusal is not None:
            return refusal
        push = None if content is None else read_push(content)
        if push is None:
            return "unreadable"
        try:
            return await self._intake.take(push)
        except IntakeFullError:
            return "busy"
        except Exception:  # noqa: BLE001 - the database is away, or says no: it comes again
            return "unavailable"


async def _body(receive: Receive) -> bytes | None:
    """All of the body; None where it is too large."""
    message = await receive()
    content = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        if len(content) <= LARGEST:
            content += message.get("body", b"")
    return content if len(content) <= LARGEST else None


def _answer(what: str) -> tuple[Message, Message]:
    return _ANSWERS.get(what) or _made(401, "this is no push of the subscription")


def _made(status: int, detail: str | None = None) -> tuple[Message, Message]:
    content = b"" if detail is None else msgspec.json.encode({"status": status, "detail": detail})
    headers = [(b"cache-control", b"no-store")]
    if detail is not None:
        headers += [(b"content-type", b"application/problem+json"), (b"content-length", str(len(content)).encode())]
    if status == 401:  # noqa: PLR2004 - RFC 9110, section 11.6.1
        headers.append((b"www-authenticate", b"Bearer"))
    if status == 503:  # noqa: PLR2004
        headers.append((b"retry-after", b"10"))
    return (
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": content},
    )


_ANSWERS: Final = {
    **dict.fromkeys(_ACKNOWLEDGED, _made(204)),
    **dict.fromkeys(_LATER, _made(503, "come again later")),
    **dict.fromkeys(_FORBIDDEN, _made(403, "this push is for somebody else")),
}
