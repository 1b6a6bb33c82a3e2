"""`Section`: pages of an application's own in the console, with its menu, its layout and its macros."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.routing import BaseRoute

from headrace.db.connection import Connection
from headrace.errors import ConfigurationError

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TAKEN = frozenset({"console", "static", "api", "live", "login", "logout", "health", "metrics"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu: its title, and the path it leads to, from the console's own root: `/crm/contacts`.

    Pages under the path belong to it, and those under the paths of `also`.
    """

    title: str
    path: str
    also: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise ConfigurationError(f"the path of a menu entry begins with /, got {self.path!r}")

    def has(self, path: str) -> bool:
        """Whether a page belongs to it; the root's own page alone belongs to the root."""
        return any(path == one or (one != "/" and path.startswith(f"{one}/")) for one in (self.path, *self.also))


Live = Callable[[Connection], Awaitable[Mapping[str, str]]]
"""Looks at the database for what pages show live: values by name. One short statement or two, bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the menu, and what answers there.

    `routes` are Starlette's, mounted under `/<name>`. Their templates, in the folder `templates`, are named
    `<name>/file.html` and may extend `console/page.html`; files in the folder `static` are had by
    `static("<name>/file.css")`. Whoever was let in reaches every route; see `headrace.console.principal_of` for who.

    `live` looks with the console, once a second while anybody watches, for all of them. What it finds under `baked` is
    put into elements of pages that have `data-live="<name>.baked"`; with `data-live-attr="width"` into that attribute.

        crm = Section(
            name="crm",
            title="CRM",
            entries=[Entry("Contacts", "/crm/contacts")],
            routes=[Route("/contacts", contacts)],
            templates=Path(__file__).parent / "templates",
        )
    """

    name: str
    title: str
    entries: Sequence[Entry] = ()
    routes: Sequence[BaseRoute] = ()
    templates: Path | None = None
    static: Path | None = None
    live: Live | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in _TAKEN:
            raise ConfigurationError(
                f"a section's name is lower-case letters, digits and _, and none of {', '.join(sorted(_TAKEN))}; "
                f"got {self.name!r}"
            )
