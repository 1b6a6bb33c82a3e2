"""What the list of jobs is asked for: its filter, its order, where to go on; and the address that says so again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from headrace.console.screens import fields
from headrace.console.screens.fields import Fields
from headrace.jobs.search import Order
from headrace.jobs.selection import JobFilter

NAMES = ("state", "kind", "queue", "text", "error", "tenant", "since", "until", "correlation", "parent", "order")


@dataclass(frozen=True, slots=True)
class JobQuery:
    """A filter with its order and its cursor; `given` is what the address has, to be said again with changes."""

    filter: JobFilter
    order: Order
    after: UUID | None
    given: dict[str, Any]

    @property
    def shown(self) -> dict[str, Any]:
        """What each field of the form shows."""
        return {**dict.fromkeys(NAMES, ""), **self.given}


def read(asked: Fields, now: datetime) -> JobQuery:
    """The query of an address or of a form's hidden fields. Raises ConfigurationError for what cannot be read."""
    given: dict[str, Any] = {name: value for name in NAMES if (value := fields.text(asked, name)) is not None}
    states = fields.states(asked)
    if states:
        given["state"] = list(states)
    return JobQuery(
        filter=JobFilter(
            states=states,
            queues=_one(given.get("queue")),
            kinds=_one(given.get("kind")),
            tenant_id=given.get("tenant"),
            error_type=given.get("error"),
            args_contain=given.get("text"),
            correlation_id=fields.uuid(asked, "correlation"),
            parent_id=fields.uuid(asked, "parent"),
            created_after=fields.moment(asked, "since", now),
            created_before=fields.moment(asked, "until", now),
        ),
        order="oldest" if given.get("order") == "oldest" else "newest",
        after=fields.uuid(asked, "after"),
        given=given,
    )


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)
