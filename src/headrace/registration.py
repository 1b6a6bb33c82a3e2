"""`Registration`: what an application is told before it is opened: kinds, handlers, events, limits, middleware."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from headrace.bridge import On, require_known, require_readable
from headrace.errors import ConfigurationError
from headrace.events.bus import Mode, OnError, type_names
from headrace.events.event import StoredEvent
from headrace.events.middleware import EventPart
from headrace.events.stream_fold import StreamFold
from headrace.events.subject import SubjectErased
from headrace.events.subscription import Start
from headrace.jobs.handle import Job
from headrace.jobs.job import Priority
from headrace.jobs.lifecycle import Lifecycle
from headrace.jobs.limit import Limit, Rate
from headrace.jobs.log_policy import LogPolicy
from headrace.jobs.middleware import AttemptMiddleware, EnqueueMiddleware
from headrace.jobs.registry import Handler, Where, describe
from headrace.jobs.retry import RetryPolicy
from headrace.projections.declaring import Declaring
from headrace.projections.keyed_fold import KeyFunction
from headrace.storing import Storing

H = TypeVar("H", bound=Handler)
S = TypeVar("S")


class Registration(Storing):
    """Takes what an application registers.

    Where a kind does not say, `logs` is what is kept of its handler's logs, `lifecycle` what is told of its jobs.
    """

    def __init__(self, dsn: str | None, *, logs: LogPolicy | None, lifecycle: Lifecycle | None, **options: Any) -> None:
        super().__init__(dsn, **options)
        self._logs = logs
        self.kinds.told.by_default(lifecycle)
        self._folds: set[str] = set()

    def job(
        self,
        kind: str,
        *,
        queue: str = "default",
        priority: Priority | str = Priority.NORMAL,
        max_attempts: int = 3,
        retry: RetryPolicy | None = None,
        timeout: timedelta | None = None,
        executor: Where | None = None,
        logs: LogPolicy | None = None,
        limit: Limit | None = None,
        lifecycle: Lifecycle | None = None,
    ) -> Callable[[H], H]:
        """Registers the handler of a job kind; see `headrace.jobs.registry.describe` for its signature.

        A coroutine function runs on the event loop, a plain one in a thread, or with `executor="process"`
        in a child process, which is killed where the attempt is over its time or cancelled. `lifecycle` says
        what of its jobs is told by events: everything ("all"), their "failures", or "none".
        """

        def register(handler: H) -> H:
            self.kinds.add(
                describe(
                    kind,
                    handler,
                    job_type=Job,
                    queue=queue,
                    priority=priority,
                    max_attempts=max_attempts,
                    retry=retry,
                    timeout=timeout,
                    executor=executor,
                    logs=logs or self._logs,
                    limit=limit,
                    lifecycle=lifecycle,
                )
            )
            return handler

        return register

    def declare(
        self,
        kind: str,
        *,
        args_type: Any = None,
        result_type: Any = None,
        queue: str = "default",
        max_attempts: int = 3,
        limit: Limit | None = None,
        lifecycle: Lifecycle | None = None,
    ) -> None:
        """Makes a kind known that another program handles, so that it can be enqueued here and its results read."""
        self.kinds.add(
            describe(
                kind,
                None,
                job_type=Job,
                args_type=args_type,
                result_type=result_type,
                queue=queue,
                max_attempts=max_attempts,
                limit=limit,
                lifecycle=lifecycle,
            )
        )

    def limit_queue(self, queue: str, *, concurrency: int | None = None, rate: Rate | None = None) -> None:
        """Limits all jobs of a queue together: how many run at a time in all processes, and how many begin.

        Workers of this app put it in force when they start; `headrace limits set` changes it while they
        run. Raises ConfigurationError where the queue is limited otherwise already.
        """
        self.kinds.limit_queue(queue, concurrency=concurrency, rate=rate)

    def register(self, *classes: type) -> None:
        """Makes event classes marked with `@event` known."""
        for cls in classes:
            self.events.register(cls)
        if self.events.has_personal:
            self.events.register(SubjectErased)

    def on(
        self,
        *types: type | str,
        name: str | None = None,
        mode: Mode = "job",
        lanes: int = 1,
        batch_size: int = 500,
        start: Start = "beginning",
        attempts: int | None = 5,
        on_error: OnError = "raise",
    ) -> On:
        """Registers a handler of events, as a decorator, or jobs for them with `.enqueue(...)`.

        A `sync` handler is called with (event, tx), a `job` handler with (event, job), an `ordered` one
        with (events, tx), a `live` one with (event). The name is what a checkpoint is kept under; by default the
        function's.
        """
        names = type_names(types)
        require_known(self.events, names)
        require_readable(names, mode)
        self.kinds.told.want(names)
        return On(
            self.handlers,
            names,
            name=name,
            mode=mode,
            lanes=lanes,
            batch_size=batch_size,
            start=start,
            attempts=attempts,
            on_error=on_error,
        )

    def projection(
        self,
        name: str,
        *types: type | str,
        version: int = 1,
        row: type | None = None,
        key: KeyFunction | None = None,
        ddl: str = "",
        tables: Sequence[str] | None = None,
        schema: str = "public",
        lanes: int = 1,
        batch_size: int = 500,
        rebuild_size: int = 50_000,
        attempts: int | None = 5,
        swaps_itself: bool = True,
        samples: int | None = None,
        ignore: Sequence[str] = (),
    ) -> Declaring:
        """Declares a read model that is a fold of events: decorate the fold, or give it with `.sql(...)`.

        It is read under the names of its `tables` in `schema`. Another `version` is built beside the one that serves,
        verified, and shown instead of it in one transaction.
        """
        names = type_names(types)
        require_known(self.events, names)
        return Declaring(
            self.declarations,
            name,
            names,
            version=version,
            row=row,
            key=key,
            ddl=ddl,
            tables=tables,
            schema=schema,
            lanes=lanes,
            batch_size=batch_size,
            rebuild_size=rebuild_size,
            attempts=attempts,
            swaps_itself=swaps_itself,
            samples=samples,
            ignore=tuple(ignore),
        )

    def fold(
        self,
        name: str,
        *types: type | str,
        state: type[S],
        version: int = 1,
        snapshot_every: int | None = None,
    ) -> Callable[[Callable[[S, StoredEvent], S]], StreamFold[S]]:
        """Declares what a stream of these events comes to, as a decorator of `function(state, event)`; see `load`.

        The function is plain and pure, and a stream begins with `state()`. With `snapshot_every` the state is kept
        after so many versions of a stream, under this name and `version`: raise it with every change that makes
        another state of the same events. Raises ConfigurationError for a name that is taken, and where snapshots of
        personal fields would be kept.
        """
        names = type_names(types)
        require_known(self.events, names)
        if name in self._folds:
            raise ConfigurationError(
                f"there is a fold {name!r} already; snapshots are kept under its name, take another"
            )
        personal = sorted(one for one in names if self.events.personal_of(one))
        if personal and snapshot_every is not None:
            raise ConfigurationError(
                f"fold {name!r} reads {personal[0]!r}, which has personal fields: a snapshot would hold them in clear "
                "after their subject was erased; leave snapshot_every out, or the type"
            )
        stamps = [stamp for stamp, _ in self.events.classes() if stamp.name in names]

        def declare(function: Callable[[S, StoredEvent], S]) -> StreamFold[S]:
            made = StreamFold(name, stamps, state, function, version=version, snapshot_every=snapshot_every)
            self._folds.add(name)
            return made

        return declare

    def middleware(self, *middleware: EnqueueMiddleware | AttemptMiddleware | EventPart) -> None:
        """Puts objects around every enqueue, attempt, append and handler of events, outermost first.

        `on_enqueue(job)` returns the job to store, the one it was given or a changed one; what it raises
        is raised to the caller. `await around_attempt(job, call_next)` awaits `call_next()` and returns the
        result; what it raises counts as the attempt's own error.

        `before_append(draft)` returns the event to append likewise, before it is encoded and anything is locked.
        `await after_append(events, tx)` runs in the transaction, before the `sync` handlers, and its error aborts it;
        `await after_commit(events)` after a commit of the app's own, and its error is recorded. `await
        around_handler(handler, events, call_next)` is to a handler what `around_attempt` is to an attempt.
        Raises ConfigurationError for an object with none of these.
        """
        for one in middleware:
            is_of_jobs, is_of_events = self.kinds.middleware.add(one), self.events.middleware.add(one)
            if not is_of_jobs and not is_of_events:
                raise ConfigurationError(
                    f"{type(one).__qualname__} is no middleware; give it on_enqueue(job), async around_attempt(job, "
                    "call_next), before_append(draft), async after_append(events, tx), async after_commit(events) or "
                    "async around_handler(handler, events, call_next)"
                )
