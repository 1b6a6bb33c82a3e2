"""Django on the test's database: settings made once a process, an alias of its own for every test."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import django
from django.conf import settings

_numbers = count(1)


def configure() -> None:
    """Sets Django up, once a process."""
    if settings.configured:
        return
    # Tests run on an event loop; they use Django as its own code would in a thread.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    backport = [] if django.VERSION >= (6,) else ["django_tasks"]
    tasks = {
        "default": {
            "BACKEND": "headrace.django_tasks.TaskBackend",
            "QUEUES": ["default", "fast"],
            "OPTIONS": {"max_attempts": 1},
        }
    }
    settings.configure(DATABASES={}, INSTALLED_APPS=backport, USE_TZ=True, TASKS=tasks, SECRET_KEY="x" * 50)
    django.setup()


def database_settings(dsn: str) -> dict[str, Any]:
    """The address as an entry of Django's DATABASES."""
    parts = urlsplit(dsn)
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or query.get("user", "")),
        "PASSWORD": unquote(parts.password or query.get("password", "")),
        "HOST": parts.hostname or query.get("host", ""),
        "PORT": str(parts.port or query.get("port", "")),
    }


@contextmanager
def django_connection(dsn: str, alias: str | None = None) -> Iterator[Any]:
    """One of `django.db.connections`, to a database of the test's choice; of all threads where it has an alias."""
    configure()
    from django.db import connections

    alias = alias or f"test_{next(_numbers)}"
    connections.settings[alias] = connections.configure_settings({"default": {}, alias: database_settings(dsn)})[alias]
    try:
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]
