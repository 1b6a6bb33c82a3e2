"""What the commands share: which app, and which database."""

import getpass
import importlib
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from headrace.app import Headrace
from headrace.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Choice:
    """The options given before the command."""

    app: str | None = None
    database: str | None = None


def load_app(choice: Choice) -> Headrace:
    """The app named as module:attribute (an app, or a function that makes one); a bare one where none is named.

    Raises ConfigurationError where it cannot be imported or is no app.
    """
    if choice.app is None:
        return Headrace(choice.database)
    module_name, _, attribute = choice.app.partition(":")
    if not attribute:
        raise ConfigurationError(f"--app must be module:attribute, got {choice.app!r}; e.g. --app shop.jobs:app")
    if os.getcwd() not in sys.path:  # noqa: PTH109 - sys.path holds text
        sys.path.insert(0, os.getcwd())  # noqa: PTH109 - sys.path holds text
    try:
        found: Any = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"--app {choice.app} cannot be loaded: {error}") from error
    app = found if isinstance(found, Headrace) else found()
    if not isinstance(app, Headrace):
        raise ConfigurationError(f"--app {choice.app} is a {type(app).__name__}, not a Headrace app")
    if choice.database is not None:
        app.use(choice.database)
    return app


@asynccontextmanager
async def opened(choice: Choice, *, migrating: bool | None = False) -> AsyncGenerator[Headrace]:
    """The app, open for a block; `migrating` as for `Headrace.open`."""
    app = load_app(choice)
    await app.open(migrating=migrating)
    try:
        yield app
    finally:
        await app.close()


def login() -> str:
    """Who runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
