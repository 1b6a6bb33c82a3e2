"""Text of others, cut to what an answer may carry: pure."""

from typing import Final

from headrace_crm.search.plain import plain

NAME_CHARS: Final = 200
TITLE_CHARS: Final = 300
TEXT_CHARS: Final = 800


def quoted(text: str, most: int = TEXT_CHARS) -> str:
    """The text without control characters, at most `most` characters of it; a cut one ends in an ellipsis."""
    shown = plain(text).strip()
    return shown if len(shown) <= most else f"{shown[: most - 1]}\u2026"
