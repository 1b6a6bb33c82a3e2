"""One HTTP call to a provider: what has no answer becomes an error, everything else is read by the caller."""

import asyncio
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http import HTTPStatus
from typing import Final, TypeVar

import httpx
import msgspec

from headrace_crm.enrichment.outcome import ProviderUnavailableError
from headrace_crm.kit.http import LONGEST_WAIT, open_client, retry_after

T = TypeVar("T")

_USED_UP: Final = re.compile(r"^\s*0\s*$|minute\W+0\b")

_WITHOUT_A_WORD: Final = timedelta(minutes=1)
"""How long a provider is left alone that refuses by its limit and does not say until when."""


class Caller:
    """Makes GET requests to one provider, with its credentials, each bounded in time.

    Each call has a connection of its own: they are a second apart at best, and nothing is left open between jobs.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        user: str | None = None,
        timeout: timedelta = timedelta(seconds=30),
    ) -> None:
        self._source = source
        self._base_url = base_url.rstrip("/")
        self._headers = dict(headers or {})
        self._auth = httpx.BasicAuth(user, "") if user is not None else None
        self._timeout = timeout.total_seconds()

    async def get(self, path: str, parameters: Mapping[str, str]) -> httpx.Response:
        """The answer, whatever its status below 500. Raises ProviderUnavailableError for all else."""
        try:
            async with (
                asyncio.timeout(self._timeout),
                open_client(base_url=self._base_url, headers=self._headers, connections=1, tls=self._tls) as client,
            ):
                response = await client.get(path, params=dict(parameters), auth=self._auth)
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            reason = f"{type(error).__name__} {error}".strip()
            # Where no connection was made, nothing was asked.
            is_billed = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            raise ProviderUnavailableError(self._source, reason, is_billed=is_billed) from None
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ProviderUnavailableError(self._source, f"status {response.status_code}", is_billed=False)
        return response

    def read(self, response: httpx.Response, shape: type[T]) -> T:
        """The body as `shape`. Raises ProviderUnavailableError for what is none, billed for all one knows."""
        try:
            return msgspec.json.decode(response.content, type=shape, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ProviderUnavailableError(
                self._source, f"status {response.status_code} with a body that cannot be read: {error}", is_billed=True
            ) from None

    def unknown(self, response: httpx.Response) -> ProviderUnavailableError:
        """The error for a status that is not documented."""
        return ProviderUnavailableError(
            self._source, f"status {response.status_code}, which it is not known to answer", is_billed=False
        )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpx.create_ssl_context()


def limited_until(headers: Mapping[str, str], now: datetime, *, reset: str = "x-ratelimit-reset") -> datetime:
    """When a limit ends, by `Retry-After` or the header `reset`: epoch seconds, seconds from now, or a moment.

    The later of the two where both are there, a minute from now where neither can be read, and never more than a day.
    """
    asked = retry_after(headers, now)
    moments = [] if asked is None else [now + asked]
    if (moment := _moment(headers.get(reset, "").strip(), now)) is not None:
        moments.append(moment)
    return min(max(moments, default=now + _WITHOUT_A_WORD), now + LONGEST_WAIT)


def rests_until(
    headers: Mapping[str, str],
    now: datetime,
    *,
    remaining: str = "x-ratelimit-remaining",
    reset: str = "x-ratelimit-reset",
) -> datetime | None:
    """When the limit begins anew, where the header `remaining` says that it is used up; else None.

    The header is a number, or, as People Data Labs write it, `{"minute": 0, "day": null}`.
    """
    is_used_up = _USED_UP.search(headers.get(remaining, "")) is not None
    return limited_until(headers, now, reset=reset) if is_used_up else None


_EPOCH: Final = 1_000_000_000


def _moment(text: str, now: datetime) -> datetime | None:
    if text.isascii() and text.isdigit() and len(text) < len("100000000000"):
        seconds = int(text)
        return datetime.fromtimestamp(seconds, UTC) if seconds >= _EPOCH else now + timedelta(seconds=seconds)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
