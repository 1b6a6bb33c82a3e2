"""Who is asking over HTTP, and how far they may go."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from starlette.requests import HTTPConnection

from headrace.errors import ConfigurationError

Role = Literal["viewer", "operator", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "admin")
"""In order: each may do what those before it may."""

AREAS = (
    "jobs",
    "queues",
    "limits",
    "schedules",
    "workers",
    "events",
    "subscriptions",
    "projections",
    "replays",
    "operations",
    "subjects",
    "system",
    "tokens",
)
"""What a token can be restricted to."""

_MOST_NAME = 200


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who was let in.

    `name` is recorded with what they do. A viewer looks, an operator also does what can be undone or done again,
    an admin also what cannot, and gives out tokens. `scopes` restrict to some `AREAS`; empty for all. `token_id` is
    the token they came with, `is_session` whether by a browser's session begun with it.
    """

    name: str
    role: Role
    scopes: frozenset[str] = frozenset()
    token_id: UUID | None = None
    is_session: bool = False

    def __post_init__(self) -> None:
        if not self.name or len(self.name) > _MOST_NAME or not self.name.isprintable():
            raise ConfigurationError(f"a principal's name has 1 to {_MOST_NAME} printable characters")
        require_role(self.role)
        require_scopes(self.scopes)

    def may(self, role: Role, area: str | None = None) -> bool:
        """Whether they may do what needs `role`, in an area where one is named."""
        is_inside = area is None or not self.scopes or area in self.scopes
        return is_inside and ROLES.index(self.role) >= ROLES.index(role)


Authenticate = Callable[[HTTPConnection], Awaitable[Principal | None]]
"""Says who sent a request; None for nobody that is known. Given by the host, or `Access.authenticate`."""


def require_role(role: str) -> Role:
    """The role of that name. Raises ConfigurationError naming the three for any other."""
    for known in ROLES:
        if known == role:
            return known
    raise ConfigurationError(f"role must be one of {', '.join(ROLES)}, got {role!r}")


def require_scopes(scopes: Iterable[str]) -> None:
    """Raises ConfigurationError for a scope that is none of the areas."""
    unknown = sorted(set(scopes).difference(AREAS))
    if unknown:
        raise ConfigurationError(f"scopes must be of {', '.join(AREAS)}, got {', '.join(map(repr, unknown))}")
