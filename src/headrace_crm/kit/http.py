"""HTTP clients that never wait for ever, and what a server says of when to come again."""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

LONGEST_WAIT: Final = timedelta(days=1)
"""What a `Retry-After` beyond it is taken for."""


def open_client(
    *,
    base_url: str = "",
    headers: Mapping[str, str] | None = None,
    connect: timedelta = timedelta(seconds=5),
    answer: timedelta = timedelta(seconds=30),
    connections: int = 20,
    tls: ssl.SSLContext | None = None,
) -> httpx.AsyncClient:
    """A client that is used inside `async with`, and waits for nothing without an end.

    It waits `connect` for a connection, made or free, and `answer` between two bytes of an answer: bound the whole
    of a request with `asyncio.timeout`. It keeps at most `connections` open, and follows no redirect, so that
    credentials go where they were meant for. `tls` is for those who open many: making
    a context takes longer than a call.
    """
    waits = connect.total_seconds()
    return httpx.AsyncClient(
        base_url=base_url,
        headers=dict(headers or {}),
        timeout=httpx.Timeout(answer.total_seconds(), connect=waits, pool=waits),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        follow_redirects=False,
        verify=True if tls is None else tls,
    )


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long the server asks to be left alone by `Retry-After`, from `now`; None where it says nothing to be read.

    Seconds or a date, by RFC 9110, section 10.2.3; a date that has passed is zero, what is beyond `LONGEST_WAIT` that.
    """
    text = headers.get("retry-after", headers.get("Retry-After", "")).strip()
    if text.isascii() and text.isdigit():
        seconds = int(text) if len(text) < len("1000000000") else LONGEST_WAIT.total_seconds()
        return min(timedelta(seconds=seconds), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta(0)), LONGEST_WAIT)
