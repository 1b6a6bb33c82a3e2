"""How values are put into words on pages: counts, times, durations, JSON. Pure."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from markupsafe import Markup, escape

NOTHING = "\N{EN DASH}"

_SECOND, _MINUTE, _HOUR, _DAY = 1.0, 60.0, 3600.0, 86400.0
_THOUSAND, _MILLION, _BILLION = 1e3, 1e6, 1e9
_TWO_DIGITS = 10
_LEAST = 0.1


def count(value: float | None, most: int | None = None) -> str:
    """A count as people read it: `12`, `9,800`, `1.2M`; `10,000+` where no more than `most` were counted."""
    if value is None:
        return NOTHING
    if most is not None and value >= most:
        return f"{_plain(most)}+"
    return _plain(value)


def rate(value: float | None) -> str:
    """So many a second: `0`, `<0.1`, `0.3`, `12`, `1,200`."""
    if value is None:
        return NOTHING
    if 0 < value < _LEAST:
        return f"<{_LEAST}"
    if 0 < value < _TWO_DIGITS:
        return f"{value:.1f}".removesuffix(".0")
    return _plain(round(value))


def span(value: timedelta | float | None) -> str:
    """How long something took: `<0.1 ms`, `3 ms`, `1.4 s`, `2 min 5 s`, `3 h 2 min`, `4 d 3 h`."""
    if value is None:
        return NOTHING
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    if seconds < _SECOND:
        return sign + _milliseconds(seconds * 1000)
    if seconds < _MINUTE:
        return f"{sign}{seconds:.1f} s".replace(".0 s", " s")
    for unit, name, below, rest in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", _SECOND, "s"),
    ):
        if seconds >= unit:
            whole, left = divmod(int(seconds), int(unit))
            part = left // int(below)
            return f"{sign}{whole} {name}" + (f" {part} {rest}" if part else "")
    return f"{sign}{seconds:.0f} s"


def _milliseconds(value: float) -> str:
    if 0 < value < _LEAST / 2:
        return f"<{_LEAST} ms"
    return f"{value:.0f} ms" if value >= _TWO_DIGITS or not value else f"{value:.1f} ms"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """How far a moment is from now: `just now`, `5 s ago`, `in 3 min`."""
    if moment is None:
        return NOTHING
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if abs(seconds) < 1:
        return "just now"
    told = span(float(int(abs(seconds))))
    first = " ".join(told.split(" ")[:2])
    return f"{first} ago" if seconds > 0 else f"in {first}"


def stamp(moment: datetime | None) -> str:
    """A moment in full, in UTC: `2026-03-01 12:00:05 UTC`."""
    return NOTHING if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(moment: datetime) -> str:
    """A moment for machines."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def pretty(value: Any) -> str:
    """A value as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode()


def brief(value: Any, most: int = 120) -> str:
    """A value as JSON on one line, cut."""
    text = value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= most else text[: most - 1] + "…"


def plural(number: int, one: str, many: str | None = None) -> str:
    """A count with its noun: `1 job`, `2 jobs`."""
    return f"{_plain(number)} {one if number == 1 else many or one + 's'}"


def _plain(value: float) -> str:
    if abs(value) >= _BILLION:
        return f"{value / _BILLION:.1f}B"
    if abs(value) >= 10 * _MILLION:
        return f"{value / _MILLION:.1f}M"
    return f"{int(value):,}"


def coded(text: str) -> Markup:
    """A text with what stands between backticks as code; everything in it is escaped.

    >>> coded("`headrace worker` <does>")
    Markup('<code>headrace worker</code> &lt;does&gt;')
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one backtick is left over, and is no more than that
        parts[-2:] = [f"{parts[-2]}`{parts[-1]}"]
    return Markup().join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


FILTERS: dict[str, Callable[..., Any]] = {
    "number": count,
    "rate": rate,
    "span": span,
    "ago": ago,
    "stamp": stamp,
    "iso": iso,
    "pretty": pretty,
    "brief": brief,
    "plural": plural,
    "coded": coded,
}
