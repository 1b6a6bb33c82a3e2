"""What a worker and its child process tell each other, and how a message lies on the wire.

A frame is the length of its body, four bytes, the highest first, then the body: one message as MessagePack.
"""

import struct
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from headrace.context import Context
from headrace.jobs.interruption import Interruption
from headrace.jobs.job_log import Line
from headrace.jobs.log_policy import LogPolicy
from headrace.jobs.outcome import ErrorReport

_LENGTH = struct.Struct(">I")
HEADER_BYTES = _LENGTH.size


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """To the child: run this handler, and here is its job."""

    module: str
    name: str
    args: str
    kind: str
    queue: str
    priority: int
    attempt: int
    max_attempts: int
    run_at: datetime
    job_id: UUID
    parent_id: UUID | None
    lease: int
    context: Context
    logs: LogPolicy
    root_level: int
    metadata: dict[str, Any] | None


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """To the child: the attempt is to stop; it will be killed in a moment."""

    why: Interruption


class Began(msgspec.Struct, frozen=True, tag="began"):
    """From the child: the handler is imported and called now."""


class Progressed(msgspec.Struct, frozen=True, tag="progressed"):
    """From the child: how far the job is."""

    done: int
    total: int | None
    message: str | None


class Logged(msgspec.Struct, frozen=True, tag="logged"):
    """From the child: one line to keep."""

    line: Line


class Dropped(msgspec.Struct, frozen=True, tag="dropped"):
    """From the child: how many lines it has left out so far."""

    count: int


class Returned(msgspec.Struct, frozen=True, tag="returned"):
    """From the child: the handler returned; its result as JSON, None for none."""

    result: str | None


class Raised(msgspec.Struct, frozen=True, tag="raised"):
    """From the child: the handler raised. `pickled` is the error itself where it can be pickled."""

    report: ErrorReport
    pickled: bytes | None


ToChild = Begin | Stop
FromChild = Began | Progressed | Logged | Dropped | Returned | Raised

_encoder = msgspec.msgpack.Encoder()
read_to_child = msgspec.msgpack.Decoder(ToChild).decode
read_from_child = msgspec.msgpack.Decoder(FromChild).decode


def frame(message: ToChild | FromChild) -> bytes:
    """The bytes of one message."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


def body_length(header: bytes) -> int:
    """How many bytes follow a header."""
    return _LENGTH.unpack(header)[0]
