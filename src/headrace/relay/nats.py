"""A stream of NATS JetStream."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Any, TypeVar
from uuid import UUID

from headrace.errors import ConfigurationError
from headrace.events.cloud_event import CONTENT_TYPE
from headrace.relay.broker import Message, MissingStreamError, Place, RelayError
from headrace.relay.confirmations import Answer, Confirmations, Stored
from headrace.relay.subject import subject_of

POSITION_HEADER = "Headrace-Position"

_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 15
_LOOKED_AT = 100
_ID_HEADER = "Nats-Msg-Id"
_EXPECTED_HEADER = "Nats-Expected-Last-Sequence"
_STREAM_HEADER = "Nats-Expected-Stream"
_CONTENT_HEADER = "Content-Type"
T = TypeVar("T")
_PREFIX = re.compile(r"[^\s.*>]+(\.[^\s.*>]+)*")


class JetStream:
    """Publishes each event as a message of one stream, whose subject is made of its type and whose id is the event's.

    Messages are sent one after the other without waiting, and each says which sequence number the stream must be at
    before it. So where one is refused, all after it are, and a relay that was cut off and comes back late
    disturbs nothing. Where the stream is not there, it is made with `creates`: in files, with what NATS takes for
    granted otherwise.
    """

    def __init__(self, url: str, *, stream: str, prefix: str, creates: bool = False) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise ConfigurationError(f"subject prefix {prefix!r} is none; write it like 'headrace'")
        self._url = url
        self._stream = stream
        self._prefix = prefix
        self._creates = creates
        self._client: Any = None
        self._jetstream: Any = None
        self._confirmations: Confirmations | None = None
        self._lost: asyncio.Future[None]
        self._sequence = 0

    @property
    def stream(self) -> str:
        return f"JetStream stream {self._stream}"

    async def connect(self) -> None:
        await self.close()
        try:
            import nats  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ConfigurationError(
                "a relay to NATS needs the package nats-py; install it with pip install 'headrace[nats]'"
            ) from error
        self._lost = lost = asyncio.get_running_loop().create_future()

        async def lose() -> None:
            if not lost.done():
                lost.set_result(None)

        async def ignore(_error: Exception) -> None:
            """Errors come as those of the calls, too."""

        client: Any = nats
        async with asyncio.timeout(_CONNECT_SECONDS):
            self._client = await client.connect(
                self._url,
                name="headrace relay",
                connect_timeout=_CONNECT_SECONDS,
                # What was sent may have been stored: the relay looks before it sends again.
                allow_reconnect=False,
                error_cb=ignore,
                disconnected_cb=lose,
                closed_cb=lose,
            )
        self._jetstream = self._client.jetstream(timeout=_ANSWER_SECONDS)
        try:
            self._confirmations = Confirmations(self._client)
            await self._confirmations.begin()
            await self._require_stream()
        except BaseException:
            await self.close()
            raise

    async def newest(self) -> Place | None:
        context = self._context()
        state = (await context.stream_info(self._stream)).state
        self._sequence = state.last_seq
        # The newest may have been deleted, by hand or because it was consumed.
        for sequence in range(state.last_seq, max(state.first_seq - 1, 0, state.last_seq - _LOOKED_AT), -1):
            place = await self._place_of(context, sequence)
            if place is not None:
                return place
        return None

    async def publish(self, messages: Sequence[Message]) -> None:
        left = list(messages)
        while left:
            answers = await self._send(left)
            confirmed = list(takewhile(lambda one: isinstance(one, Stored), answers))
            added = [one.seq for one in confirmed if isinstance(one, Stored) and not one.duplicate]
            if added:
                self._sequence = added[-1]
            refused = answers[len(confirmed)] if len(confirmed) < len(answers) else None
            if isinstance(refused, RelayError) and len(added) == len(confirmed):
                raise refused
            # What was stored before, and is known by its id, makes those after it expect a number too high.
            left = left[len(confirmed) :]

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            with suppress(Exception):  # it may be what is broken
                await client.close()

    def _context(self) -> Any:
        return self._connected(self._jetstream)

    def _connected(self, part: T | None) -> T:
        if self._client is None or part is None:
            raise RelayError(f"there is no connection to {self.stream}")
        return part

    async def _require_stream(self) -> None:
        from nats.js.api import StorageType, StreamConfig  # noqa: PLC0415 - an extra
        from nats.js.errors import NotFoundError  # noqa: PLC0415 - an extra

        context = self._context()
        try:
            await context.stream_info(self._stream)
        except NotFoundError:
            if not self._creates:
                raise MissingStreamError(
                    f"{self.stream} is not there; make it with the subjects {self._prefix}.>, "
                    "or let the relay make it with --create"
                ) from None
            await context.add_stream(
                StreamConfig(name=self._stream, subjects=[f"{self._prefix}.>"], storage=StorageType.FILE)
            )

    async def _place_of(self, context: Any, sequence: int) -> Place | None:
        """What the message of a sequence number tells; None where it was deleted."""
        from nats.js.errors import NotFoundError  # noqa: PLC0415 - an extra

        try:
            headers = (await context.get_msg(self._stream, seq=sequence)).headers
        except NotFoundError:
            return None
        try:
            return Place(int(headers[POSITION_HEADER]), UUID(headers[_ID_HEADER]))
        except (KeyError, TypeError, ValueError):
            raise RelayError(
                f"the last message of {self.stream} was not published by a relay; give the relay a stream of its own"
            ) from None

    async def _send(self, messages: Sequence[Message]) -> list[Answer]:
        """Sends them, one after the other; the answer to each."""
        sent: list[asyncio.Future[Answer]] = []
        confirmations = self._connected(self._confirmations)
        try:
            for place, message in enumerate(messages):
                headers = {
                    _ID_HEADER: str(message.id),
                    _EXPECTED_HEADER: str(self._sequence + place),
                    POSITION_HEADER: str(message.position),
                    _STREAM_HEADER: self._stream,
                    _CONTENT_HEADER: CONTENT_TYPE,
                }
                sent.append(await confirmations.send(subject_of(self._prefix, message.type), message.body, headers))
            answers = asyncio.gather(*sent)
            # Of a connection that is lost the answers tell nothing.
            await asyncio.wait({answers, self._lost}, return_when=asyncio.FIRST_COMPLETED)
            if not answers.done():
                raise RelayError(f"the connection to {self.stream} was lost")
            return answers.result()
        finally:
            for one in sent:
                one.cancel()
