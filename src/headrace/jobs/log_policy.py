"""How much of what a handler logs is kept with its attempt."""

import logging
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPolicy:
    """What is kept of the logs of one attempt.

    Records below `level` are not, nor those after the first `lines`, or `size` bytes of text; how many were
    left out is kept instead. `lines=0` keeps nothing.
    """

    level: int = logging.INFO
    lines: int = 1_000
    size: int = 256 * 1024

    def __post_init__(self) -> None:
        for name in ("level", "lines", "size"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}; use lines=0 to keep nothing")
