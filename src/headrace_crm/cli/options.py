"""Options that several commands have."""

from datetime import UTC, datetime, timedelta

import typer

from headrace_crm.mail.owners import AsOf

AS_OF_HELP = "What scores take for now: a date (its end, UTC) or 'latest', the newest message."


def read_as_of(value: str | None) -> AsOf | None:
    """What --as-of says; None where it was left out. Raises BadParameter for anything else."""
    if value is None or value in {"now", "latest"}:
        return value  # pyright: ignore[reportReturnType] - narrowed by the set, which pyright does not follow
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter(f"--as-of must be a date like 2007-12-31, 'latest' or 'now', got {value!r}") from None
    if len(value) == len("2007-12-31"):
        moment += timedelta(days=1) - timedelta(microseconds=1)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def read_day(value: str | None, *, is_end: bool = False) -> datetime | None:
    """When a day begins, in UTC, or with `is_end` when it is over; None where it was left out. Raises BadParameter."""
    if value is None:
        return None
    try:
        day = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise typer.BadParameter(f"a day is written like 2007-12-31, got {value!r}") from None
    return day + timedelta(days=1) if is_end else day
