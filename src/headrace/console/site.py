"""`Site`: what one console is made of, for its pages to use."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from headrace.app import Headrace
from headrace.console import words
from headrace.console.access import Access, Authenticate
from headrace.console.section import Entry, Section

if TYPE_CHECKING:
    from headrace.console.live.pulse import Pulse

HERE = Path(__file__).parent
STATIC = HERE / "static"

ENTRIES = (
    Entry("Overview", "/"),
    Entry("Jobs", "/jobs"),
    Entry("Queues and limits", "/queues", also=("/limits",)),
    Entry("Schedules", "/schedules"),
    Entry("Workers", "/workers"),
    Entry("Dead letters", "/dead"),
    Entry("Events", "/events", also=("/streams",)),
    Entry("Subscriptions", "/subscriptions"),
    Entry("Projections", "/projections"),
    Entry("Trace", "/trace"),
    Entry("Record", "/operations"),
)


class Site:
    """One console: the app it shows, its title, its menu and its templates.

    `access` is there where people log in by the console's own form. `version` changes with every file a browser keeps.
    """

    pulse: "Pulse"

    def __init__(
        self,
        app: Headrace,
        *,
        title: str,
        sections: Sequence[Section],
        authenticate: Authenticate,
        access: Access | None,
    ) -> None:
        self.app = app
        self.authenticate = authenticate
        self.access = access
        self.title = title
        self.sections = tuple(sections)
        self.menu = (*((section.title, tuple(section.entries)) for section in sections), ("Operations", ENTRIES))
        self.paths = frozenset(entry.path for _, entries in self.menu for entry in entries)
        self.mark = Markup((STATIC / "mark.svg").read_text().strip())  # noqa: S704 - our own file, in the page for a request less
        self.version = _version([STATIC, *(one.static for one in sections if one.static is not None)])
        self.templates = _templates(sections)
        self._opening = asyncio.Lock()

    async def ensure_open(self) -> None:
        """Opens the app unless somebody has: a mounted application is not told when its server starts."""
        if self.app.is_open:
            return
        async with self._opening:
            if not self.app.is_open:
                await self.app.open(migrating=False)


def _templates(sections: Sequence[Section]) -> jinja2.Environment:
    folders = {"console": jinja2.FileSystemLoader(HERE / "templates")}
    for section in sections:
        if section.templates is not None:
            folders[section.name] = jinja2.FileSystemLoader(section.templates)
    environment = jinja2.Environment(
        loader=jinja2.PrefixLoader(folders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(words.FILTERS)
    return environment


def _version(folders: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:10]
