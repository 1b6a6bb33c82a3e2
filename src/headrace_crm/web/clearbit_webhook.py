"""`POST /webhooks/clearbit`: what Clearbit found after it had said that it would look."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from headrace import Headrace
from headrace.console import Problem
from headrace_crm.config import EnrichmentSettings
from headrace_crm.enrichment.providers.clearbit import is_signed, read_webhook
from headrace_crm.enrichment.receiving import receive_answer
from headrace_crm.enrichment.sources import policy_of

LARGEST: Final = 1024 * 1024
"""Bytes of a webhook that are read; a person with a company has some thousands."""


class ClearbitWebhook:
    """Takes webhooks that are signed with Clearbit's key, each once."""

    def __init__(self, app: Headrace, settings: EnrichmentSettings) -> None:
        self._app = app
        self._settings = settings

    async def answer(self, request: Request) -> Response:
        """204 when it is stored, or was before; 401 unsigned, 400 unreadable, 413 too large, 404 while it is off."""
        clearbit = self._settings.clearbit
        if not clearbit.is_on:
            return Problem(404, "Clearbit is not on here").response()
        body = await _body(request)
        if body is None:
            return Problem(413, f"a webhook has at most {LARGEST} bytes").response()
        if not is_signed(body, request.headers, api_key=clearbit.api_key):
            return Problem(401, "the webhook is not signed with the key that is set here").response()
        told = read_webhook(body)
        if told is None:
            return Problem(400, "the webhook cannot be read").response()
        token, outcome = told
        async with self._app.transaction() as tx:
            await receive_answer(
                tx,
                "clearbit",
                token,
                outcome,
                policy=policy_of(self._settings),
                follows_x=self._settings.x.is_on,
                now=self._app.clock.now(),
            )
        return Response(status_code=204)


async def _body(request: Request) -> bytes | None:
    """All of the body; None where it is too large."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > LARGEST:
            return None
    return bytes(content)
