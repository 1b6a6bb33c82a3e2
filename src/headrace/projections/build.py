"""A build of a projection: one set of tables, filled from the log by one version of the fold. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

State = Literal["filling", "ready", "unfit", "live", "kept", "dropped"]
"""`filling` from the log; `ready`: caught up, and kept so; `unfit`: found wrong; `live`: what the views show;
`kept`: was live, and is kept up to date for a rollback; `dropped`: its tables are gone."""

FOLLOWED: tuple[State, ...] = ("ready", "live", "kept")
"""States in which a build is kept up to date at once; one that is filling gives way to others."""

CANDIDATE: tuple[State, ...] = ("filling", "ready", "unfit")


@dataclass(frozen=True, slots=True)
class Build:
    """One row of `headrace.projection_build`. `fill_to` is where the safe head was when it began."""

    projection: str
    build: int
    version: int
    state: State
    view_schema: str
    tables: list[str]
    swaps_itself: bool
    is_wanted: bool
    fill_to: int
    work_seconds: float
    pace: Any
    verdict: Any
    last_error: str | None
    began_at: datetime
    filled_at: datetime | None
    verified_at: datetime | None
    shown_at: datetime | None
    dropped_at: datetime | None

    @property
    def name(self) -> str:
        """The name of its schema and of its subscription."""
        return build_name(self.projection, self.build)


def build_name(projection: str, build: int) -> str:
    """What a build's schema and subscription are called."""
    return f"{projection}__{build}"


def wants_new_build(builds: list[Build], version: int, *, is_newest: bool = True) -> Literal["first", "next"] | None:
    """Whether a program with this version of the fold has to begin a build, given all there ever were.

    The first one is shown at once, and is of the newest version that the program declares. A higher version is built
    beside what serves, once no other candidate is there; a lower one never, since it is that of a program about to go.
    """
    if not builds:
        return "first" if is_newest else None
    if version <= max(build.version for build in builds):
        return None
    return None if any(build.state in CANDIDATE for build in builds) else "next"
