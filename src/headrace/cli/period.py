"""Periods as they are written on a command line: 30s, 15m, 6h, 7d."""

import re
from datetime import timedelta

import typer

_PERIOD = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def period(text: str | None, *, option: str) -> timedelta | None:
    """The period that was written, None for none. Raises BadParameter naming the option for any other text."""
    if text is None:
        return None
    match = _PERIOD.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"{option} must be a number with s, m, h or d, got {text!r}; e.g. 15m")
    try:
        return timedelta(**{_UNITS[match[2]]: float(match[1])})
    except OverflowError:
        raise typer.BadParameter(f"{option} is too long: {text!r}") from None
