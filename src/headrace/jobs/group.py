"""A group: jobs that run beside each other, and the jobs that follow when they have ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self, cast

from headrace.errors import ConfigurationError
from headrace.jobs.enqueue import JobReference, id_of
from headrace.jobs.job import Enqueued


@dataclass(frozen=True, slots=True)
class Call:
    """A job to enqueue later: its kind, its args, and options of `enqueue`."""

    kind: str
    args: Any = None
    options: dict[str, Any] = field(default_factory=dict[str, Any])


class EnqueueManyUnit(Protocol):
    """The part of a transaction that a group needs."""

    async def enqueue(self, kind: str, args: Any = None, **options: Any) -> Enqueued: ...
    async def enqueue_many(self, kind: str, args: Sequence[Any], **options: Any) -> list[Enqueued]: ...


class Group:
    """The members of a group, gathered in a block; at its end the jobs that follow are enqueued.

    `on_complete` runs once all members have ended, however they did; in a group without members at
    once. `on_failure` runs at the first member that ends without having completed, and ends as
    cancelled where none does. Both learn of the members by `Job.dependency_counts` and
    `Job.dependency_results`. A block that raises enqueues neither.

        async with app.transaction() as tx, tx.group(on_complete="send-album") as group:
            await group.enqueue_many("resize-picture", pictures)
    """

    def __init__(
        self,
        unit: EnqueueManyUnit,
        *,
        on_complete: Call | str | None,
        on_failure: Call | str | None,
        parent: JobReference | None,
    ) -> None:
        if on_complete is None and on_failure is None:
            raise ConfigurationError("a group needs on_complete or on_failure; without them enqueue_many does")
        self.members: list[Enqueued] = []
        self.on_complete: Enqueued | None = None
        self.on_failure: Enqueued | None = None
        self._unit = unit
        self._calls = (_call(on_complete, name="on_complete"), _call(on_failure, name="on_failure"))
        self._parent = None if parent is None else id_of(parent, what="parent")
        self._is_open = False

    async def enqueue(self, kind: str, args: Any = None, **options: Any) -> Enqueued:
        """Enqueues a member; `options` as for `enqueue`."""
        return (await self.enqueue_many(kind, [args], **options))[0]

    async def enqueue_many(self, kind: str, args: Sequence[Any], **options: Any) -> list[Enqueued]:
        """Enqueues one member for each of `args`; `options` as for `enqueue_many`."""
        if not self._is_open:
            raise ConfigurationError("a group takes members inside its `async with tx.group(...) as group:` block only")
        stored = await self._unit.enqueue_many(kind, args, **{"parent": self._parent, **options})
        self.members += stored
        return stored

    async def __aenter__(self) -> Self:
        self._is_open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        if error is not None:
            return
        complete, failure = self._calls
        if complete is not None:
            self.on_complete = await self._follow(complete, "run")
        if failure is not None and self.members:
            self.on_failure = await self._follow(failure, "catch")

    async def _follow(self, call: Call, policy: str) -> Enqueued:
        options = {
            "parent": self._parent,
            **call.options,
            "depends_on": self.members,
            "on_failed_dependency": policy,
        }
        return await self._unit.enqueue(call.kind, call.args, **options)


def _call(given: Call | str | None, *, name: str) -> Call | None:
    call = Call(given) if isinstance(given, str) else given
    if not isinstance(cast("object", call), Call | None):
        raise ConfigurationError(f"{name} must be a kind or a Call, got {given!r:.50}")
    for option in ("depends_on", "on_failed_dependency"):
        if call is not None and option in call.options:
            raise ConfigurationError(f"{name} cannot have {option}: it follows the members of its group")
    return call
