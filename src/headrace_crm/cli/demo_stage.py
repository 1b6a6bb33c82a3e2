"""What the demo plays on: the sandbox as Google, the CRM with its webhook, and worker processes, all on loopback."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from headrace import Headrace, KeyRing, new_key
from headrace_crm.app import create_app
from headrace_crm.cli.workers import WorkerProcesses, worker_processes
from headrace_crm.config import Settings
from headrace_crm.config.google import GoogleSettings
from headrace_crm.sandbox import GoogleRules, Sandbox
from headrace_crm.web import create_web
from headrace_crm.web.serving import serving

UNITS: Final = 600_000
"""Quota units a minute, a hundred times the strictest of Google's: a person is waiting."""

_AUDIENCE: Final = "crm-demo"
_SERVICES: Final = ("GOOGLE_", "GMAIL_", "X_", "PDL_", "CLEARBIT_")
_PREFIX: Final = "HEADRACE_"
_SECRET_KEYS: Final = "HEADRACE_SECRET_KEYS"  # noqa: S105 - a variable's name


@dataclass(frozen=True, slots=True)
class DemoStage:
    """The sandbox, the CRM on it, open, and its workers."""

    sandbox: Sandbox
    app: Headrace
    google: GoogleSettings
    workers: WorkerProcesses


@asynccontextmanager
async def demo_stage(
    database: str, environ: Mapping[str, str], *, seed: int, messages: int, worker_count: int
) -> AsyncGenerator[DemoStage]:
    """Everything up for a block; the workers inherit `environ`, but for what would lead them to real services."""
    rules = GoogleRules(user_units=UNITS, project_units=None)
    with Sandbox(seed=seed, messages=messages, google=rules).served() as sandbox:
        key = new_key()
        led = demo_environment(environ, sandbox, key)
        settings = Settings.from_environment(led)
        app = create_app(database, settings=settings, secret_keys=KeyRing.from_text(key))
        async with (
            app,
            serving(create_web(app, settings), host="127.0.0.1", port=0) as (server, _),
            worker_processes(database, worker_count, environ=led) as workers,
        ):
            sandbox.google.subscribe(f"{server.url}/webhooks/gmail", audience=_AUDIENCE)
            yield DemoStage(sandbox, app, settings.google, workers)


def demo_environment(environ: Mapping[str, str], sandbox: Sandbox, key: str) -> dict[str, str]:
    """`environ` led to the sandbox: of real accounts, providers that cost money and their keys nothing is left."""
    kept = {
        name: value
        for name, value in environ.items()
        if not (name.startswith(_PREFIX) and name.removeprefix(_PREFIX).startswith(_SERVICES))
    }
    return {
        **kept,
        **sandbox.environment(),
        "HEADRACE_GOOGLE_PUSH_AUDIENCE": _AUDIENCE,
        "HEADRACE_GMAIL_USER_UNITS": str(UNITS),
        # The sandbox's tokens are worth nothing; what a ring of somebody's own guards has no part in this.
        _SECRET_KEYS: key,
    }
