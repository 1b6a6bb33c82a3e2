"""Who acts, and because of what: bound once, carried into every job and event by itself."""

from contextvars import ContextVar, Token
from typing import Any, Literal
from uuid import UUID

import msgspec

CauseKind = Literal["request", "job", "event"]


class Sender(msgspec.Struct, frozen=True):
    """Where a request came from, as the server was told; it is no proof of who sent it."""

    ip_address: str | None = None
    user_agent: str | None = None


class Context(msgspec.Struct, frozen=True):
    """What a job or an event inherits from the code that makes it.

    `correlation_id` names what began it all, `causation_id` what directly caused this; a job or an
    event made outside any context begins a correlation of its own. `path` has the handlers of events that led
    here, one line each; see `headrace.events.cascade`. `sender` is kept for a short time beside the events that are
    appended in this context, under their correlation; jobs and handlers do not inherit it.
    """

    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    causation_kind: CauseKind | None = None
    tenant_id: str = ""
    user_id: str | None = None
    actor: str | None = None
    traceparent: str | None = None
    path: str | None = None
    sender: Sender | None = None

    @property
    def request_id(self) -> UUID | None:
        """The request over HTTP that directly causes this; None where that is something else."""
        return self.causation_id if self.causation_kind == "request" else None


RECORDS_OF_JOBS = "job."
"""How the types of events begin that are records of jobs."""

EMPTY = Context()
_current: ContextVar[Context] = ContextVar("headrace_context", default=EMPTY)


current = _current.get
"""The context bound here, or the empty one. The variable's own method: every call of the engine asks."""


def acting(by: str | None) -> str:
    """Who acts: who is named, else the actor of the context, else "unknown"."""
    return by or current().actor or "unknown"


def record_step(path: str | None) -> str | None:
    """The first step of a path at which a record of a job was handled; None where there is none."""
    if path is None:
        return None
    return next((step for step in path.split("\n") if step.startswith(RECORDS_OF_JOBS)), None)


class Binding:
    """A context to bind for a block. A class and not a generator: measured, a tenth of the time, at every attempt."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._token: Token[Context] | None = None

    def __enter__(self) -> Context:
        self._token = _current.set(self._context)
        return self._context

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _current.reset(self._token)


def bind(context: Context | None = None, **changes: Any) -> Binding:
    """Binds a context for a block; `changes` replace single fields of it (or of the current one).

    Raises TypeError for a field that `Context` does not have.
    """
    chosen = _current.get() if context is None else context
    return Binding(msgspec.structs.replace(chosen, **changes) if changes else chosen)
