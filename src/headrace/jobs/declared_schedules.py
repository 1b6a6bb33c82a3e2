"""The schedules that an app's code declares."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from headrace.errors import ConfigurationError
from headrace.jobs.declaration import Declaration
from headrace.jobs.job import Priority
from headrace.jobs.registry import Registry
from headrace.jobs.schedule import CATCH_UP_LIMIT, CatchUp, plan, require_catch_up, require_name, rhythm

ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""Where it is only asked whether a rhythm can be read."""


@dataclass(frozen=True, slots=True)
class _Declared:
    kind: str
    args: Any
    is_enabled: bool
    options: dict[str, Any]


class DeclaredSchedules:
    """What is declared, by name; stored by the workers of the app when they start."""

    def __init__(self, kinds: Registry) -> None:
        self._kinds = kinds
        self._declared: dict[str, _Declared] = {}

    def declare(
        self,
        name: str,
        kind: str,
        args: Any = None,
        *,
        cron: str | None = None,
        timezone: str = "UTC",
        every: timedelta | None = None,
        catch_up: CatchUp = "last",
        catch_up_limit: int = CATCH_UP_LIMIT,
        queue: str | None = None,
        priority: Priority | str | None = None,
        max_attempts: int | None = None,
        enabled: bool = True,
    ) -> None:
        """Declares in code, as `app.schedule`, that a job is enqueued at every tick of `cron` or `every`.

        It is stored when a worker starts, and then kind and args are checked: the handler may be
        registered after. See `headrace.jobs.declaration.reconcile` for how it meets what is stored.
        Raises ConfigurationError.
        """
        require_name(name)
        require_catch_up(catch_up, catch_up_limit)
        rhythm(cron=cron, timezone=timezone, every=every, anchor_at=ANY_TIME)
        if name in self._declared:
            raise ConfigurationError(f"schedule {name!r} is declared twice; give the second one another name")
        options = {
            "cron": cron,
            "timezone": timezone,
            "every": every,
            "catch_up": catch_up,
            "catch_up_limit": catch_up_limit,
            "queue": queue,
            "priority": priority,
            "max_attempts": max_attempts,
        }
        self._declared[name] = _Declared(kind, args, enabled, options)

    def declarations(self) -> list[Declaration]:
        """What the code declares. Raises UnknownKindError, InvalidArgsError, ConfigurationError."""
        return [
            Declaration(name, plan(self._kinds.get(one.kind), one.args, **one.options), one.is_enabled)
            for name, one in self._declared.items()
        ]
