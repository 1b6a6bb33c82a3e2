"""What a program says of a projection: its name, version, events, tables and fold. Pure but for the fold itself."""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from headrace.db.connection import Connection, Row
from headrace.errors import ConfigurationError
from headrace.events.checkpoint import HeldLane
from headrace.events.schema import EventRegistry
from headrace.events.subscription import Subscription
from headrace.projections.build import build_name

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Fold(Protocol):
    """How events become rows. All of it runs in the transaction that moves the checkpoint."""

    @property
    def ddl(self) -> str:
        """The statements that make its tables, run with the build's schema first on the search path."""
        ...

    @property
    def meets_clear(self) -> bool:
        """Whether it is given personal values in clear, so that its tables may hold them."""
        ...

    def bind(self, registry: EventRegistry, subscription: Subscription) -> "BoundFold":
        """The fold for the events of one build."""
        ...


@dataclass(frozen=True, slots=True)
class BoundFold:
    """`apply_rows` folds rows of the log; `apply_span` all of a lane up to a position, where the fold can do so."""

    apply_rows: Callable[[Connection, Sequence[Row]], Awaitable[None]]
    apply_span: Callable[[Connection, HeldLane, int], Awaitable[int]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A projection as a program declares it.

    `tables` are those that views of the same names in `schema` show. `samples` streams are folded anew to verify
    a build of another version; 0 for read models whose rows are not each of one stream. `ignore` names columns that
    two right builds may differ in.
    """

    name: str
    version: int
    types: frozenset[str]
    tables: tuple[str, ...]
    fold: Fold
    schema: str = "public"
    lanes: int = 1
    batch_size: int = 500
    rebuild_size: int = 50_000
    attempts: int | None = 5
    swaps_itself: bool = True
    samples: int = 0
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(
                f"a projection's name must be 1 to 40 lower-case letters, digits and _, got {self.name!r}; "
                "it is part of the names of its schemas"
            )
        if not 1 <= self.version <= 2**31 - 1:
            raise ConfigurationError(f"version of projection {self.name!r} must be at least 1, got {self.version}")
        if not self.tables or len(set(self.tables)) != len(self.tables):
            raise ConfigurationError(f"projection {self.name!r} needs tables, each named once, got {self.tables!r}")
        if self.rebuild_size < 1:
            raise ConfigurationError(f"rebuild_size of {self.name!r} must be at least 1, got {self.rebuild_size}")
        if self.samples < 0:
            raise ConfigurationError(f"samples of {self.name!r} must be at least 0, got {self.samples}")
        _ = self.subscription(1)

    def subscription(self, build: int) -> Subscription:
        """What a build of this version reads."""
        return Subscription(
            build_name(self.name, build),
            types=self.types,
            lanes=self.lanes,
            batch_size=self.batch_size,
            attempts=self.attempts,
        )


class Declarations:
    """The projections of one application, several versions of one beside each other."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], Declaration] = {}

    def __iter__(self) -> Iterator[Declaration]:
        return iter(self._found.values())

    def add(self, declaration: Declaration) -> None:
        """Adds one. Raises ConfigurationError where this version of it is there already."""
        key = declaration.name, declaration.version
        if key in self._found:
            raise ConfigurationError(
                f"version {declaration.version} of projection {declaration.name!r} is declared already; "
                "give the changed fold the next version"
            )
        self._found[key] = declaration

    def labels(self) -> tuple[str, ...]:
        """Each as name/version, as workers tell which they have."""
        return tuple(f"{one.name}/{one.version}" for one in self)

    def is_newest(self, declaration: Declaration) -> bool:
        """Whether no higher version of a projection is declared."""
        return declaration is self.newest(declaration.name)

    def get(self, name: str, version: int) -> Declaration:
        """A version of a projection. Raises ConfigurationError where it is not declared."""
        found = self._found.get((name, version))
        if found is None:
            raise ConfigurationError(f"version {version} of projection {name!r} is not declared here")
        return found

    def newest(self, name: str) -> Declaration:
        """The highest version declared. Raises ConfigurationError where there is none."""
        versions = [one for one in self if one.name == name]
        if not versions:
            known = ", ".join(sorted({one.name for one in self})) or "none"
            raise ConfigurationError(f"no projection is named {name!r} (known: {known})")
        return max(versions, key=lambda one: one.version)
