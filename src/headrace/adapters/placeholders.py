"""Statements are written once, with `$1` parameters; this writes them as drivers with named parameters want them."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

_PART = re.compile(
    r"(?P<kept>--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag))"
    r"|\$(?P<number>\d+)|(?P<percent>%)",
    re.DOTALL,
)


@cache
def to_pyformat(query: str) -> str:
    """The statement with `%(p1)s` for `$1`; what stands in comments and quotes stays, with `%` doubled everywhere."""
    return _PART.sub(_rewritten, query)


def named(args: Sequence[Any]) -> dict[str, Any]:
    """The values by the names that `to_pyformat` gives their parameters."""
    return {f"p{number}": value for number, value in enumerate(args, start=1)}


def _rewritten(part: re.Match[str]) -> str:
    if part["number"]:
        return f"%(p{part['number']})s"
    return part[0].replace("%", "%%")
