"""One request to Gmail under one account's token: sent again once when the token is refused."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import httpx

from headrace import Clock
from headrace_crm.mail.provider import ProviderError, Tokens, UnavailableError
from headrace_crm.mail.providers.gmail.multipart import Part, pack, unpack
from headrace_crm.mail.providers.gmail.refusal import OK, UNAUTHENTICATED, refusal

USER: Final = "/gmail/v1/users/me"
BATCH: Final = "/batch/gmail/v1"
_BOUNDARY: Final = "batch_headrace"
_NO_CONTENT: Final = 204


@dataclass(frozen=True, slots=True)
class Calls:
    """What the methods of a mailbox are made of; `client` has Gmail's address as its base."""

    client: httpx.AsyncClient
    tokens: Tokens
    account_id: UUID
    clock: Clock
    patience: timedelta

    async def get(self, path: str, params: Mapping[str, str | list[str]] | None = None) -> bytes:
        """The body of a successful answer. Raises ProviderError."""
        return self._body(await self._send("GET", path, params=dict(params or {})))

    async def post(self, path: str, content: bytes = b"") -> bytes:
        """The same, of a request that changes something."""
        headers = {"content-type": "application/json"} if content else {}
        return self._body(await self._send("POST", path, content=content, headers=headers))

    async def batch(self, paths: Sequence[str]) -> list[Part | None]:
        """The answers to several GET requests, in their order; None for one that did not come.

        Those refused for their token are asked again, once, under a new one.
        """
        token = await self.tokens.access_token(self.account_id)
        parts = await self._batch(paths, token)
        refused = [number for number, part in enumerate(parts) if part is not None and part.status == UNAUTHENTICATED]
        if refused:
            token = await self.tokens.access_token(self.account_id, refused=token)
            again = await self._batch([paths[number] for number in refused], token)
            for number, part in zip(refused, again, strict=True):
                parts[number] = part
        return parts

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an answer that is no success means now."""
        return refusal(status, headers, body, now=self.clock.now())

    async def _batch(self, paths: Sequence[str], token: str) -> list[Part | None]:
        response = await self._send(
            "POST",
            BATCH,
            content=pack(paths, boundary=_BOUNDARY),
            headers={"content-type": f"multipart/mixed; boundary={_BOUNDARY}"},
            token=token,
        )
        return unpack(response.headers.get("content-type", ""), self._body(response), count=len(paths))

    async def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | list[str]] | None = None,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        used = token or await self.tokens.access_token(self.account_id)
        request = self.client.build_request(
            method, path, params=dict(params or {}) or None, content=content, headers=dict(headers or {})
        )
        response = await self._exchange(request, used)
        if response.status_code != UNAUTHENTICATED:
            return response
        used = await self.tokens.access_token(self.account_id, refused=used)
        return await self._exchange(request, used)

    async def _exchange(self, request: httpx.Request, token: str) -> httpx.Response:
        request.headers["authorization"] = f"Bearer {token}"
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                return await self.client.send(request)
        except TimeoutError as error:
            raise UnavailableError(f"Gmail did not answer within {self.patience}; it is asked again") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            # Only the kind: a client's error may quote the request it belongs to.
            raise UnavailableError(f"Gmail's answer broke off ({type(error).__name__}); it is asked again") from None

    def _body(self, response: httpx.Response) -> bytes:
        if response.status_code in {OK, _NO_CONTENT}:
            return response.content
        raise self.error(response.status_code, response.headers, response.content)
