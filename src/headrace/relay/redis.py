"""A stream of Redis 5 or later, or of a server that speaks as it does."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from headrace.errors import ConfigurationError
from headrace.relay.broker import Message, Place, RelayError

_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 15
_NOT_THERE = "no such key"


class RedisStream:
    """Publishes each event as an entry of one stream, whose id is `<position>-0`.

    Redis adds no entry with an id at or below its last one. So what was published already cannot be published
    again, nor can a relay that was cut off and comes back late disturb the order. A batch is one MULTI: Redis refuses
    all of it, out of memory for example, or nothing. `most` bounds the entries kept, about.
    """

    def __init__(self, url: str, *, key: str, most: int | None = None) -> None:
        if most is not None and most < 1:
            raise ConfigurationError(f"at least 1 entry must be kept, got {most}")
        self._url = url
        self._key = key
        self._most = most
        self._client: Any = None

    @property
    def stream(self) -> str:
        return f"Redis stream {self._key}"

    async def connect(self) -> None:
        await self.close()
        try:
            from redis import asyncio as redis  # noqa: PLC0415 - an extra
            from redis.backoff import NoBackoff  # noqa: PLC0415 - an extra
            from redis.retry import Retry  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ConfigurationError(
                "a relay to Redis needs the package redis; install it with pip install 'headrace[redis]'"
            ) from error
        try:
            client: Any = redis.Redis
            self._client = client.from_url(
                self._url,
                socket_connect_timeout=_CONNECT_SECONDS,
                socket_timeout=_ANSWER_SECONDS,
                # What was sent may have been done: the relay looks before it sends again.
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise ConfigurationError(
                f"the address of Redis cannot be used: {error}; write it as redis://user:password@host:6379/0"
            ) from error
        try:
            await self._client.ping()
        except BaseException:
            await self.close()
            raise

    async def newest(self) -> Place | None:
        last_id = await self._last_id()
        if last_id is None:
            return None
        position, _, number = last_id.partition("-")
        found: list[tuple[bytes, dict[bytes, bytes]]] = await self._client.xrevrange(self._key, count=1)
        if not found or found[0][0].decode() != last_id:
            return Place(int(position), None)  # the entry was trimmed; its id is remembered
        try:
            if number == "0":
                return Place(int(position), UUID(found[0][1][b"id"].decode()))
        except (KeyError, ValueError):
            pass
        raise RelayError(
            f"the last entry of {self.stream}, {last_id}, was not published by a relay; "
            "give the relay a stream of its own"
        )

    async def publish(self, messages: Sequence[Message]) -> None:
        pipeline = self._client.pipeline(transaction=True)
        for message in messages:
            pipeline.xadd(
                self._key,
                {
                    "position": message.position,
                    "id": str(message.id),
                    "type": message.type,
                    "event": message.body,
                },
                id=f"{message.position}-0",
                maxlen=self._most,
                approximate=True,
            )
        await pipeline.execute()

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            with suppress(Exception):  # it may be what is broken
                await client.aclose()

    async def _last_id(self) -> str | None:
        from redis import ResponseError  # noqa: PLC0415 - an extra

        try:
            facts = await self._client.xinfo_stream(self._key)
        except ResponseError as error:
            if _NOT_THERE in str(error):
                return None
            raise RelayError(f"{self.stream} cannot be used: {error}") from error
        last_id = facts["last-generated-id"].decode()
        return None if last_id == "0-0" else last_id
