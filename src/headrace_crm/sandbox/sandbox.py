"""The sandbox as a whole: its services share a clock, a script of failures and counters."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Final

from starlette.applications import Starlette

from headrace_crm.config.enrichment import EnrichmentSettings
from headrace_crm.config.google import GoogleSettings
from headrace_crm.demo.cast import owner_of, read_cast
from headrace_crm.demo.world import build_world
from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.control import control_routes
from headrace_crm.sandbox.counters import Counters
from headrace_crm.sandbox.edge import Edge
from headrace_crm.sandbox.enrichment import Clearbit, Directory, PeopleDataLabs, X
from headrace_crm.sandbox.enrichment.population import known_people
from headrace_crm.sandbox.faults import Faults
from headrace_crm.sandbox.google import Google, GoogleRules
from headrace_crm.sandbox.google.control import google_control
from headrace_crm.sandbox.server import served


class Sandbox:
    """Stands in for the services the CRM talks to, on loopback, with a world of generated people behind them.

    The same `seed`, `messages` and `ends_at` give the same world, and the same faults strike the same
    requests. The first account is at `email`, or at the generated owner's own address; with `messages` 0
    there is none until one is added. `url` is there while it is served.

    >>> with Sandbox(messages=100).served() as sandbox:
    ...     sandbox.google.mailbox().message_count
    100
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        messages: int = 300,
        ends_at: datetime | None = None,
        google: GoogleRules | None = None,
        email: str | None = None,
    ) -> None:
        self.clock: Final = SandboxClock()
        self.counters: Final = Counters()
        self.faults: Final = Faults(seed=seed, counters=self.counters)
        edge = Edge(counters=self.counters, faults=self.faults)
        self.google: Final = Google(clock=self.clock, edge=edge, rules=google)
        self.people: Final = Directory()
        if messages:
            owner = owner_of(read_cast())
            ends_at = ends_at or self.clock.now()
            self.google.add_account(email or owner.work, seed=seed, messages=messages, ends_at=ends_at)
            self.people.add(*known_people(build_world(seed=seed, messages=messages, ends_at=ends_at)))
        self.x: Final = X(clock=self.clock, edge=edge, directory=self.people)
        self.pdl: Final = PeopleDataLabs(clock=self.clock, edge=edge, directory=self.people)
        self.clearbit: Final = Clearbit(clock=self.clock, edge=edge, directory=self.people)
        self._url: str | None = None

    @property
    def url(self) -> str:
        """Where it is served; RuntimeError where it is not."""
        if self._url is None:
            raise RuntimeError("the sandbox is not served; use `with sandbox.served():`")
        return self._url

    def environment(self) -> dict[str, str]:
        """The variables that lead a program to this sandbox instead of Google, while it is served."""
        rules, subscriptions = self.google.rules, self.google.subscriptions
        audience = {"HEADRACE_GOOGLE_PUSH_AUDIENCE": subscriptions[0].audience} if subscriptions else {}
        return {
            "HEADRACE_GOOGLE_CLIENT_ID": rules.client_id,
            "HEADRACE_GOOGLE_CLIENT_SECRET": rules.client_secret,
            "HEADRACE_GOOGLE_AUTH_URL": f"{self.url}/o/oauth2/v2/auth",
            "HEADRACE_GOOGLE_TOKEN_URL": f"{self.url}/token",
            "HEADRACE_GOOGLE_REVOKE_URL": f"{self.url}/revoke",
            "HEADRACE_GOOGLE_JWKS_URL": f"{self.url}/oauth2/v3/certs",
            "HEADRACE_GOOGLE_GMAIL_URL": self.url,
            "HEADRACE_GOOGLE_PUSH_ACCOUNT": rules.push_account,
            "HEADRACE_GOOGLE_PUSH_TOPIC": rules.push_topic,
            **audience,
        }

    def google_settings(self) -> GoogleSettings:
        """The same as settings of the CRM."""
        return GoogleSettings.from_environment(self.environment())

    def enrichment_environment(self) -> dict[str, str]:
        """The variables that turn X, People Data Labs and Clearbit on, and lead to this sandbox, while it is served."""
        return {
            "HEADRACE_X_TOKEN": self.x.rules.token,
            "HEADRACE_X_URL": self.url,
            "HEADRACE_PDL_API_KEY": self.pdl.rules.api_key,
            "HEADRACE_PDL_URL": self.url,
            "HEADRACE_CLEARBIT_ENABLED": "yes",
            "HEADRACE_CLEARBIT_API_KEY": self.clearbit.rules.api_key,
            "HEADRACE_CLEARBIT_URL": self.url,
        }

    def enrichment_settings(self) -> EnrichmentSettings:
        """The same as settings of the CRM."""
        return EnrichmentSettings.from_environment(self.enrichment_environment())

    def advance(self, by: timedelta) -> datetime:
        """Moves the sandbox's time forward: tokens, watches and history grow old by as much."""
        return self.clock.advance(by)

    def app(self) -> Starlette:
        """The ASGI app: all services, and the control endpoints under `/sandbox`."""
        control = control_routes(clock=self.clock, counters=self.counters, faults=self.faults)
        services = (self.google, self.x, self.pdl, self.clearbit)
        routes = [route for service in services for route in service.routes()]
        return Starlette(routes=[*routes, *google_control(self.google), *control], lifespan=self._running)

    @asynccontextmanager
    async def _running(self, _: Starlette) -> AsyncGenerator[None]:
        async with self.google.delivering():
            yield

    @contextmanager
    def served(self, *, host: str = "127.0.0.1", port: int = 0) -> Generator["Sandbox"]:
        """Serves it for a block, from a thread; port 0 takes a free one."""
        with served(self.app(), host=host, port=port) as url:
            self._url = url
            try:
                yield self
            finally:
                self._url = None
