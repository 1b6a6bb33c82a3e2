"""Kinds: the stable names of jobs, the handlers behind them, and how their arguments are typed."""

import inspect
import re
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal, cast

import msgspec

from headrace.context import bind
from headrace.errors import ConfigurationError, InvalidArgsError, UnknownKindError
from headrace.jobs.codec import args_decoder, encode_json, holds_nul, result_decoder, returned_decoder, to_json
from headrace.jobs.duration import require_duration
from headrace.jobs.job import NewJob, Priority
from headrace.jobs.lifecycle import Lifecycle, Told, require_lifecycle
from headrace.jobs.limit import QUEUE_MARK, Limit, Rate, Rule
from headrace.jobs.log_policy import LogPolicy
from headrace.jobs.middleware import Middleware
from headrace.jobs.processes.reference import require_importable
from headrace.jobs.retry import RetryPolicy

Handler = Callable[..., Any]
PassedArgument = Literal["args", "job"]
Where = Literal["thread", "process"]

ARGS_LIMIT_BYTES = 1024 * 1024
MOST_ATTEMPTS = 32_767

_QUEUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of job: its name, its defaults, its handler (None where another program runs it).

    `middleware` is what its application runs around it, `told` what it wants told of its jobs; registering
    the kind gives both.
    """

    name: str
    handler: Handler | None = None
    args_type: Any = Any
    passes: tuple[PassedArgument, ...] = ()
    is_async: bool = True
    in_process: bool = False
    logs: LogPolicy = field(default_factory=LogPolicy)
    queue: str = "default"
    priority: Priority = Priority.NORMAL
    max_attempts: int = 3
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timeout: timedelta | None = None
    limit: Limit | None = None
    lifecycle: Lifecycle | None = None
    decode: Callable[[str], Any] = msgspec.json.decode
    decode_result: Callable[[str], Any] = msgspec.json.decode
    middleware: Middleware = field(default_factory=Middleware)
    told: Told = field(default_factory=Told)

    def encode(self, args: Any) -> str:
        """The arguments as JSON text. Raises InvalidArgsError naming the field that does not fit."""
        try:
            raw = to_json(args) if isinstance(args, msgspec.Struct) else encode_json(args)
            text = raw.decode()
            self.decode(text)
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise InvalidArgsError(self.name, str(error)) from error
        if len(raw) > ARGS_LIMIT_BYTES:
            raise InvalidArgsError(
                self.name,
                f"{len(raw)} bytes of JSON are more than the limit of {ARGS_LIMIT_BYTES}; "
                "store the data and pass its id",
            )
        if "\\u0000" in text and holds_nul(text):
            raise InvalidArgsError(self.name, "PostgreSQL cannot store the character U+0000; remove it")
        return text


class Registry:
    """The kinds one application knows, and the middleware around all of them."""

    def __init__(self) -> None:
        self.middleware = Middleware()
        self.told = Told()
        self._kinds: dict[str, Kind] = {}
        self._rules: dict[str, Rule] = {}

    def add(self, kind: Kind) -> Kind:
        """Registers a kind. Raises ConfigurationError where its name is taken, or its limit is declared otherwise."""
        if kind.name in self._kinds:
            raise ConfigurationError(
                f"job kind {kind.name!r} is registered twice; give the second handler another name"
            )
        if kind.limit is not None:
            self._add_rule(kind.limit.rule)
        known = self._kinds[kind.name] = replace(kind, middleware=self.middleware, told=self.told)
        return known

    def get(self, name: str) -> Kind:
        """The kind of that name. Raises UnknownKindError listing the known ones."""
        try:
            return self._kinds[name]
        except KeyError:
            raise UnknownKindError(name, frozenset(self._kinds)) from None

    def on_enqueue(self, job: NewJob) -> NewJob:
        """A job that `enqueue` did not make, as the middleware leaves it; as it is where its kind is not known here."""
        if job.kind not in self._kinds:
            return job
        with bind(job.context):
            return through(self.middleware, job)

    def handled(self) -> Iterable[Kind]:
        """The kinds that have a handler here."""
        return (kind for kind in self._kinds.values() if kind.handler is not None)

    def told_when_completed(self) -> list[str]:
        """The kinds handled here of which it is told that a job has completed."""
        return [kind.name for kind in self.handled() if self.told.at_completion(kind.lifecycle)]

    def names(self) -> frozenset[str]:
        return frozenset(self._kinds)

    def limit_queue(self, queue: str, *, concurrency: int | None, rate: Rate | None) -> None:
        """Limits a queue. Raises ConfigurationError where it is limited otherwise already."""
        require_queue(queue)
        if concurrency is None and rate is None:
            raise ConfigurationError(f"the limit of queue {queue!r} allows anything; give concurrency or rate")
        self._add_rule(Rule(QUEUE_MARK + queue, concurrency, rate))

    def rules(self) -> list[Rule]:
        """What the limits of kinds and queues allow, in order of name."""
        return sorted(self._rules.values(), key=lambda rule: rule.name)

    def _add_rule(self, rule: Rule) -> None:
        known = self._rules.setdefault(rule.name, rule)
        if known != rule:
            raise ConfigurationError(
                f"limit {rule.name!r} is declared twice, as {known} and as {rule}; "
                "declare it once and use it for each kind, or give the second one another name"
            )


def describe(
    name: str,
    handler: Handler | None,
    *,
    job_type: type,
    args_type: Any = None,
    result_type: Any = None,
    queue: str = "default",
    priority: Priority | str = Priority.NORMAL,
    max_attempts: int = 3,
    retry: RetryPolicy | None = None,
    timeout: timedelta | None = None,
    executor: Where | None = None,
    logs: LogPolicy | None = None,
    limit: Limit | None = None,
    lifecycle: Lifecycle | None = None,
) -> Kind:
    """Reads a handler's signature into a `Kind`.

    The parameter annotated with `job_type` gets the job, another one the typed args; both may be
    left out. Results are read as the return type says, where JSON can be read into it. Raises
    ConfigurationError for any other signature, and for settings out of range.
    """
    if not name or len(name) > 200:  # noqa: PLR2004 - the documented bound
        raise ConfigurationError(f"a job kind's name must have 1 to 200 characters, got {name!r}")
    require_attempts(max_attempts)
    require_queue(queue)
    if timeout is not None:
        require_duration(timeout, name=f"timeout of {name!r}")
        if not timeout:
            raise ConfigurationError(f"timeout of {name!r} must be positive, got {timeout}; leave it out for none")
    if retry is not None and not isinstance(cast("object", retry), RetryPolicy):
        raise ConfigurationError(f"retry of {name!r} must be a RetryPolicy, got {retry!r:.50}; write RetryPolicy(...)")
    if handler is not None and not callable(handler):
        raise ConfigurationError(f"the handler of {name!r} must be a function, got {handler!r:.50}")
    passes: tuple[PassedArgument, ...] = ()
    found: Any = Any
    if handler is not None:
        _require_executor(name, handler, executor)
        passes, found = _read_signature(name, handler, job_type)
    declared = found if args_type is None else args_type
    return Kind(
        name=name,
        handler=handler,
        args_type=declared,
        passes=passes,
        is_async=handler is None or inspect.iscoroutinefunction(handler),
        in_process=executor == "process",
        logs=logs or LogPolicy(),
        queue=queue,
        priority=read_priority(priority),
        max_attempts=max_attempts,
        retry=retry or RetryPolicy(),
        timeout=timeout,
        limit=limit,
        lifecycle=require_lifecycle(lifecycle),
        decode=args_decoder(name, declared),
        decode_result=returned_decoder(handler) if result_type is None else result_decoder(result_type),
    )


def through(middleware: Middleware, job: NewJob) -> NewJob:
    """A job as the middleware leaves it. Raises what that raises, and ConfigurationError for what could not run."""
    if not middleware.changes_jobs:
        return job
    changed = middleware.on_enqueue(job)
    if changed is not job:
        require_queue(changed.queue)
        require_attempts(changed.max_attempts)
        if not isinstance(cast("object", changed.priority), Priority):
            raise ConfigurationError(
                f"a middleware gave a job the priority {changed.priority!r}; give Priority.HIGH or another"
            )
    return changed


def read_priority(value: Priority | str) -> Priority:
    """A priority by itself or by its name. Raises ConfigurationError listing the four for any other."""
    try:
        return Priority.named(value) if isinstance(value, str) else Priority(value)
    except ValueError as error:
        raise ConfigurationError(f"priority must be one of critical, high, normal, low, got {value!r}") from error


def require_queue(name: str) -> None:
    """Raises ConfigurationError for a name no queue may have."""
    if not isinstance(cast("object", name), str) or not _QUEUE.fullmatch(name):
        raise ConfigurationError(
            f"a queue's name has 1 to 100 letters, digits, and _ . : - after the first, got {name!r}"
        )


def require_attempts(count: int) -> None:
    """Raises ConfigurationError for a number of attempts that cannot be stored."""
    if not isinstance(cast("object", count), int) or not 1 <= count <= MOST_ATTEMPTS:
        raise ConfigurationError(f"max_attempts must be 1 to {MOST_ATTEMPTS}, got {count!r}")


def _require_executor(name: str, handler: Handler, executor: Where | None) -> None:
    if executor not in {None, "thread", "process"}:
        raise ConfigurationError(
            f'executor of job kind {name!r} must be "thread" or "process", got {executor!r}; '
            "a coroutine function runs on the event loop and takes none"
        )
    if executor == "process":
        require_importable(name, handler)
    elif executor == "thread" and inspect.iscoroutinefunction(handler):
        raise ConfigurationError(
            f"the handler of job kind {name!r} is a coroutine function, which runs on the event loop; "
            'write it as a plain def, or leave executor="thread" out'
        )


def _read_signature(name: str, handler: Handler, job_type: type) -> tuple[tuple[PassedArgument, ...], Any]:
    hints = typing.get_type_hints(handler)
    passes: list[PassedArgument] = []
    args_type: Any = Any
    for parameter in inspect.signature(handler).parameters.values():
        if parameter.default is not inspect.Parameter.empty:
            continue
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            continue
        if hints.get(parameter.name) is job_type:
            passes.append("job")
        else:
            passes.append("args")
            args_type = hints.get(parameter.name, Any)
    if passes.count("job") > 1 or passes.count("args") > 1:
        raise ConfigurationError(
            f"the handler of job kind {name!r} takes {passes}; "
            "it may take its args and one parameter annotated as Job, nothing else"
        )
    return tuple(passes), args_type
