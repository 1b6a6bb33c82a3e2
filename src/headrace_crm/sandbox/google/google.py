"""The Google of the sandbox, as tests and the demo handle it."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from starlette.routing import BaseRoute

from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.edge import Edge
from headrace_crm.sandbox.google.accounts import PROJECT, Accounts
from headrace_crm.sandbox.google.identity import identity_claims
from headrace_crm.sandbox.google.mailbox import Mailbox
from headrace_crm.sandbox.google.publisher import Publisher, Subscription
from headrace_crm.sandbox.google.routes import google_routes
from headrace_crm.sandbox.google.rules import GoogleRules
from headrace_crm.sandbox.google.scopes import FULL


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """What `Google.link` gives: the tokens of a grant, as the token endpoint would have answered them."""

    access_token: str
    refresh_token: str


class Google:
    """Accounts, mailboxes, grants and quotas of the sandbox. Safe to use from any thread."""

    def __init__(self, *, clock: SandboxClock, edge: Edge, rules: GoogleRules | None = None) -> None:
        self._accounts: Final = Accounts(clock=clock, rules=rules or GoogleRules())
        self._edge: Final = edge
        self._publisher: Final = Publisher(
            watches=self._accounts.watches,
            clock=clock,
            counters=edge.counters,
            faults=edge.faults,
            rules=lambda: self._accounts.rules,
            sign=lambda audience: self.sign_push(audience=audience),
        )
        self._accounts.listener = self._publisher.changed

    @property
    def rules(self) -> GoogleRules:
        """What is set now."""
        return self._accounts.rules

    def configure(self, **changes: Any) -> GoogleRules:
        """Changes fields of `GoogleRules` from now on, and returns them all."""
        self._accounts.rules = replace(self._accounts.rules, **changes)
        return self._accounts.rules

    @property
    def emails(self) -> list[str]:
        """The addresses of the accounts, the first one made first."""
        return self._accounts.emails

    def add_account(self, email: str, *, seed: int = 7, messages: int = 0, ends_at: datetime | None = None) -> Mailbox:
        """Adds an account and returns its mailbox, empty or with `messages` generated messages (at least 100)."""
        return self._accounts.add(email, seed=seed, messages=messages, ends_at=ends_at)

    def mailbox(self, email: str | None = None) -> Mailbox:
        """The mailbox of an account, of the first one by default; LookupError where there is none."""
        found = self._accounts.mailbox(email or next(iter(self.emails), ""))
        if found is None:
            raise LookupError(f"the sandbox has no account {email or ''}; add it with add_account")
        return found

    def link(self, email: str | None = None, *, scopes: Iterable[str] = (FULL,)) -> IssuedTokens:
        """Tokens of an account for the sandbox's client, without the way through the browser."""
        mailbox, rules = self.mailbox(email), self.rules
        with self._accounts.lock:
            grant = self._accounts.grants.grant(mailbox.email, client_id=rules.client_id, scopes=frozenset(scopes))
            access = self._accounts.grants.issue_access(grant, lifetime=rules.access_token_lifetime)
            return IssuedTokens(access, grant.refresh_token or "")

    def revoke(self, email: str | None = None) -> int:
        """Ends every grant of an account: its tokens answer `invalid_grant` and 401. Returns how many there were."""
        email = self.mailbox(email).email
        with self._accounts.lock:
            return self._accounts.grants.revoke_account(email)

    def expire_access_tokens(self, email: str | None = None) -> int:
        """Ends the access tokens of an account and returns how many; they can be refreshed."""
        email = self.mailbox(email).email
        with self._accounts.lock:
            return self._accounts.grants.expire_account(email)

    def subscribe(
        self,
        endpoint: str,
        *,
        topic: str | None = None,
        audience: str | None = None,
        name: str = "projects/sandbox/subscriptions/gmail",
    ) -> Subscription:
        """Pushes the notifications of a topic to `endpoint` from now on; their tokens are for it, or `audience`.

        One subscription of a name: another call moves it.
        """
        subscription = Subscription(
            name=name, topic=topic or self.rules.push_topic, endpoint=endpoint, audience=audience or endpoint
        )
        self._publisher.subscribe(subscription)
        return subscription

    def unsubscribe(self, name: str = "projects/sandbox/subscriptions/gmail") -> None:
        """Ends a subscription, and gives up what it has not acknowledged."""
        self._publisher.unsubscribe(name)

    @property
    def subscriptions(self) -> list[Subscription]:
        """Where is pushed to."""
        return self._publisher.subscriptions

    def sign_push(self, *, audience: str, **claims: Any) -> str:
        """A token as pushes carry it; `claims` replace its own, to make one that is expired or of somebody else."""
        now = self._accounts.clock.real_now()
        own = identity_claims(email=self.rules.push_account, audience=audience, now=now)
        with self._accounts.lock:
            return self._accounts.keys.sign({**own, **claims})

    def rotate_keys(self) -> str:
        """Signs with a new key from now on and returns its id; the key before it stays published."""
        with self._accounts.lock:
            return self._accounts.keys.rotate()

    def units_used(self, email: str | None = None) -> int:
        """Units an account has spent in the last minute."""
        email = self.mailbox(email).email
        with self._accounts.lock:
            return self._accounts.user_meter.used(email, now=self._accounts.clock.now())

    def most_units_in_a_minute(self, email: str | None = None) -> int:
        """The most units an account has spent in any minute, wherever it began."""
        email = self.mailbox(email).email
        with self._accounts.lock:
            return self._accounts.user_meter.most(email)

    def refused_overruns(self) -> int:
        """How many calls were refused because a quota was spent."""
        with self._accounts.lock:
            return self._accounts.user_meter.refused() + self._accounts.project_meter.refused(PROJECT)

    def reset_units(self) -> None:
        """Forgets all units spent."""
        with self._accounts.lock:
            self._accounts.user_meter.reset()
            self._accounts.project_meter.reset()

    def snapshot(self) -> dict[str, Any]:
        """The units spent, by account and of the project, as JSON."""
        now = self._accounts.clock.now()
        with self._accounts.lock:
            return {
                "units": self._accounts.user_meter.snapshot(now=now),
                "project": self._accounts.project_meter.snapshot(now=now).get(PROJECT, {}),
                "accounts": {
                    email: {"messages": self.mailbox(email).message_count, "historyId": self.mailbox(email).history_id}
                    for email in self.emails
                },
            }

    @asynccontextmanager
    async def delivering(self) -> AsyncGenerator[None]:
        """Delivers pushes for a block."""
        await self._publisher.start()
        try:
            yield
        finally:
            await self._publisher.stop()

    def routes(self) -> Sequence[BaseRoute]:
        """Where it answers."""
        return google_routes(self._accounts, edge=self._edge)
