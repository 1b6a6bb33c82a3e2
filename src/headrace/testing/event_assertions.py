"""The assertion on the events an application appended; its message lists what is there instead."""

from collections.abc import Callable

from headrace.app import Headrace
from headrace.db.connection import Row
from headrace.errors import UnknownEventError
from headrace.events.event import StoredEvent, Stream, event_type
from headrace.testing.appended_event import appended_rows, data_of, decoded, told
from headrace.testing.matching import ANYTHING, mismatch

_MOST_LISTED = 20


async def assert_appended(
    app: Headrace,
    event: type | str | object,
    data: object = ANYTHING,
    *,
    stream: Stream | None = None,
    user_id: str | None = None,
    count: int | None = None,
    after: int = 0,
) -> list[StoredEvent]:
    """Asserts that events like this were appended: `count` of them, at least one where it is None; gives them.

    `event` is a class, a type's name with `data` as for `args` of `assert_enqueued`, or an event to be
    equal to. `after` leaves out what lies up to a position. Raises AssertionError, and UnknownEventError
    for a type the app does not know.
    """
    name = _type_name(event)
    if name not in app.events.types:
        raise UnknownEventError(name)
    expected = data if isinstance(event, str | type) else event

    def difference(row: Row) -> str | None:
        if row["type"] != name:
            return f"its type is not {name}"
        if stream is not None and (row["aggregate_type"], row["aggregate_id"]) != (
            stream.aggregate_type,
            stream.aggregate_id,
        ):
            return f"its stream is not {stream}"
        if user_id is not None and row["user_id"] != user_id:
            return f"its user is {row['user_id']!r}, not {user_id!r}"
        return mismatch(expected, data_of(row), name="data")

    rows = await appended_rows(app, after=after)
    found = [row for row in rows if difference(row) is None]
    if (count is None and found) or len(found) == count:
        return decoded(app, found)
    raise AssertionError("\n".join(_event_lines(name, rows, difference, found=len(found), count=count)))


def _event_lines(
    name: str, rows: list[Row], difference: Callable[[Row], str | None], *, found: int, count: int | None
) -> list[str]:
    how_many = "at least one event" if count is None else "no event" if count == 0 else f"{count} event(s)"
    same = [row for row in rows if row["type"] == name]
    listed = (same or rows)[:_MOST_LISTED]
    return [
        f"expected {how_many} {name!r}, found {found}; "
        + (f"of {len(same)}:" if same else f"there is no {name} at all, but:"),
        *(f"  {told(row)}" + (f": {why}" if (why := difference(row)) else "") for row in listed),
    ]


def _type_name(event: type | str | object) -> str:
    if isinstance(event, str):
        return event
    return event_type(event if isinstance(event, type) else type(event)).name
