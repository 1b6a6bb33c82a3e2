"""Text of others as it may be shown: pure."""

import re
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """The text with a blank for each control character but the line feed, and for each that turns the direction.

    Others wrote it: it must neither steer a terminal nor reorder what is read.
    """
    return _CONTROL.sub(" ", text)
