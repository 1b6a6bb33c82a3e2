"""What the doctor says: one thing that is not as it should be."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["notice", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    A problem keeps work from being done or data from being safe; a warning will; a notice is worth knowing.
    """

    level: Level
    about: str
    fact: str
    next_step: str
