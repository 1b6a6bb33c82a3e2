"""A flow: named jobs that wait for each other, stored in one transaction."""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

from headrace.context import bind, current
from headrace.errors import ConfigurationError
from headrace.ids import uuid7
from headrace.jobs.enqueue import JobReference, id_of, require_name
from headrace.jobs.job import Enqueued, OnFailed


class EnqueueUnit(Protocol):
    """The part of a transaction that a flow needs."""

    async def enqueue(self, kind: str, args: Any = None, **options: Any) -> Enqueued: ...


@dataclass(frozen=True, slots=True)
class Node:
    """One job of a flow; what it waits for is named, or stored already."""

    kind: str
    args: Any
    names: tuple[str, ...]
    stored: tuple[JobReference, ...]
    on_failed_dependency: OnFailed
    options: Mapping[str, Any]


class Flow:
    """A directed acyclic graph of named jobs.

    Nothing is stored before `enqueue`. A job may name others that are added later.

        flow = app.flow()
        flow.add("fetch", "fetch-page", Page("/"))
        flow.add("count", "count-words", depends_on=["fetch"])
        jobs = await flow.enqueue()
    """

    def __init__(
        self, begin: Callable[[Any], AbstractAsyncContextManager[EnqueueUnit]], *, parent: JobReference | None = None
    ) -> None:
        self._begin = begin
        self._parent = None if parent is None else id_of(parent, what="parent")
        self._nodes: dict[str, Node] = {}

    def add(
        self,
        name: str,
        kind: str,
        args: Any = None,
        *,
        depends_on: Iterable[str | JobReference] = (),
        on_failed_dependency: OnFailed = "cancel",
        **options: Any,
    ) -> None:
        """Adds a job under a name of its own.

        `depends_on` has names of this flow, and jobs stored before; `options` are those of `enqueue`
        but `unique` and `parent`. Raises ConfigurationError where the name is taken.
        """
        require_name(name, what="job of a flow")
        if name in self._nodes:
            raise ConfigurationError(f"the flow has a job {name!r} already; give the second one another name")
        for option, way_out in (
            ("unique", "enqueue it before the flow, and depend on what that gives"),
            ("parent", "give it to the flow: app.flow(parent=...)"),
        ):
            if options.get(option) is not None:
                raise ConfigurationError(f"job {name!r} of a flow cannot have {option}; {way_out}")
        if not isinstance(cast("object", depends_on), Iterable):
            raise ConfigurationError(
                f"depends_on of job {name!r} must be a list of names and jobs, got {depends_on!r:.50}; write [job]"
            )
        wanted = [depends_on] if isinstance(depends_on, str) else list(depends_on)
        self._nodes[name] = Node(
            kind=kind,
            args=args,
            names=tuple(one for one in wanted if isinstance(one, str)),
            stored=tuple(one for one in wanted if not isinstance(one, str)),
            on_failed_dependency=on_failed_dependency,
            options=options,
        )

    def order(self) -> list[str]:
        """The names, each after all it depends on, else as they were added.

        Raises ConfigurationError for a name that is not in the flow, and for a cycle, naming its path.
        """
        done: dict[str, None] = {}
        for name in self._nodes:
            if name not in done:
                self._visit(name, done)
        return list(done)

    async def enqueue(self, tx: EnqueueUnit | None = None, *, connection: Any = None) -> dict[str, Enqueued]:
        """Stores the jobs, all or none: in a transaction of its own, in `tx`, or on the caller's asyncpg `connection`.

        Returns each by its name. They share a correlation. Raises what `enqueue` does.
        """
        order = self.order()
        stored: dict[str, Enqueued] = {}
        async with self._unit(tx, connection) as unit:
            with bind(correlation_id=current().correlation_id or uuid7()):
                for name in order:
                    node = self._nodes[name]
                    stored[name] = await unit.enqueue(
                        node.kind,
                        node.args,
                        parent=self._parent,
                        depends_on=_references(node, stored),
                        on_failed_dependency=node.on_failed_dependency,
                        **node.options,
                    )
        return stored

    @asynccontextmanager
    async def _unit(self, tx: EnqueueUnit | None, connection: Any) -> AsyncGenerator[EnqueueUnit]:
        if tx is None:
            async with self._begin(connection) as unit:
                yield unit
            return
        if connection is not None:
            raise ConfigurationError("give tx or connection, not both")
        yield tx

    def _visit(self, start: str, done: dict[str, None]) -> None:
        """Walks depth first without recursion: a flow may be a chain of thousands."""
        path: dict[str, None] = {start: None}
        rest = [iter(self._nodes[start].names)]
        while rest:
            name = next(rest[-1], None)
            if name is None:
                rest.pop()
                last, _ = path.popitem()
                done[last] = None
            elif name in path:
                names = list(path)
                circle = [*names[names.index(name) :], name]
                raise ConfigurationError(
                    f"the flow has a cycle: {' -> '.join(circle)} (each depends on the next); take one of them out"
                )
            elif name not in done:
                if name not in self._nodes:
                    *_, last = path
                    raise ConfigurationError(
                        f"job {last!r} of the flow depends on {name!r}, which is not in it; add that one too"
                    )
                path[name] = None
                rest.append(iter(self._nodes[name].names))


def _references(node: Node, stored: Mapping[str, Enqueued]) -> Mapping[str, JobReference]:
    named: dict[str, JobReference] = {name: stored[name] for name in node.names}
    for one in node.stored:
        job_id = id_of(one, what="depends_on")
        named.setdefault(str(job_id), job_id)
    return named
