"""Pages: their size, and the token that leads to the next."""

import base64
from typing import Final

MOST: Final = 500
USUAL: Final = 100


def page_size(text: str) -> int | None:
    """The size asked for, 100 where it is left out, 500 at most; None where it is no whole number above 0."""
    if not text:
        return USUAL
    if not text.isdecimal() or int(text) == 0:
        return None
    return min(int(text), MOST)


def page_token(*parts: object) -> str:
    """A token that `read_token` takes apart again."""
    return base64.urlsafe_b64encode("/".join(map(str, parts)).encode()).decode().rstrip("=")


def read_token(token: str) -> list[str] | None:
    """The parts of a token; None where it was not made here."""
    try:
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii").split("/")
    except ValueError:
        return None
