"""Who acts, and because of what: bound once, carried into every job and event by itself."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

CauseKind = Literal["request", "job", "event"]


@dataclass(frozen=True, slots=True)
class Context:
    """What a job or an event inherits from the code that makes it.

    `correlation_id` names what began it all, `causation_id` what directly caused this; a job or an
    event made outside any context begins a correlation of its own.
    """

    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    causation_kind: CauseKind | None = None
    tenant_id: str = ""
    user_id: str | None = None
    actor: str | None = None
    traceparent: str | None = None


EMPTY = Context()
_current: ContextVar[Context] = ContextVar("headrace_context", default=EMPTY)


def current() -> Context:
    """The context bound here, or the empty one."""
    return _current.get()


@contextmanager
def bind(context: Context | None = None, **changes: Any) -> Generator[Context]:
    """Binds a context for a block; `changes` replace single fields of it (or of the current one).

    Raises TypeError for a field that `Context` does not have.
    """
    bound = replace(context if context is not None else _current.get(), **changes)
    token = _current.set(bound)
    try:
        yield bound
    finally:
        _current.reset(token)
