"""What JetStream answers to messages that were sent without waiting: each stored, or refused."""

import asyncio
import itertools
from typing import Any

import msgspec

from headrace.relay.broker import RelayError

_NO_RESPONDERS = "503"


class Stored(msgspec.Struct, frozen=True):
    """A message is in the stream, with a sequence number; `duplicate` where it was there before."""

    seq: int
    duplicate: bool = False


class _Error(msgspec.Struct, frozen=True):
    description: str = "unknown error"


class _Answer(msgspec.Struct, frozen=True):
    seq: int = 0
    duplicate: bool = False
    error: _Error | None = None


Answer = Stored | RelayError

_decode = msgspec.json.Decoder(_Answer).decode


class Confirmations:
    """The answers on an inbox of one connection.

    Not the client's own asynchronous publishing: in nats-py 2.16 that never tells of a message that was refused.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._inbox: str = client.new_inbox()
        self._numbers = itertools.count()
        self._awaited: dict[str, asyncio.Future[Answer]] = {}

    async def begin(self) -> None:
        await self._client.subscribe(f"{self._inbox}.*", cb=self._answered)

    async def send(self, subject: str, body: bytes, headers: dict[str, str]) -> "asyncio.Future[Answer]":
        """Sends a message; its answer comes as the future's result, never as its error."""
        number = str(next(self._numbers))
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._awaited[number] = answer
        await self._client.publish(subject, body, reply=f"{self._inbox}.{number}", headers=headers)
        return answer

    async def _answered(self, message: Any) -> None:
        answer = self._awaited.pop(message.subject.rpartition(".")[2], None)
        if answer is not None and not answer.done():
            answer.set_result(_read(message))


def _read(message: Any) -> Answer:
    if message.headers and message.headers.get("Status") == _NO_RESPONDERS:
        return RelayError("no stream takes these subjects; see that the stream has <prefix>.> among them")
    try:
        found = _decode(message.data)
    except msgspec.MsgspecError as error:
        return RelayError(f"the broker's answer cannot be read: {error}")
    if found.error is not None:
        return RelayError(found.error.description)
    return Stored(found.seq, found.duplicate)
