"""Everything the Google of the sandbox remembers: accounts and their mailboxes, grants, keys, watches, units spent."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import RLock
from typing import Final

from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.google.generation import fill
from headrace_crm.sandbox.google.grants import Grants
from headrace_crm.sandbox.google.history import Change
from headrace_crm.sandbox.google.keys import SigningKeys
from headrace_crm.sandbox.google.mailbox import Mailbox
from headrace_crm.sandbox.google.rules import GoogleRules
from headrace_crm.sandbox.google.watches import Watches
from headrace_crm.sandbox.quota import Meter

PROJECT: Final = "project"


class Accounts:
    """Accounts by address. `lock` guards the grants and the meters; each mailbox has a lock of its own."""

    def __init__(self, *, clock: SandboxClock, rules: GoogleRules) -> None:
        self.lock: Final = RLock()
        self.clock: Final = clock
        self.rules = rules
        self.grants: Final = Grants(clock)
        self.keys: Final = SigningKeys()
        self.user_meter: Final = Meter()
        self.project_meter: Final = Meter()
        self.watches: Final = Watches()
        self.listener: Callable[[Mailbox, Change], None] | None = None
        self._mailboxes: dict[str, Mailbox] = {}

    @property
    def emails(self) -> list[str]:
        """The addresses, in the order they came."""
        return list(self._mailboxes)

    def mailbox(self, email: str) -> Mailbox | None:
        return self._mailboxes.get(email.lower())

    def add(self, email: str, *, seed: int = 7, messages: int = 0, ends_at: datetime | None = None) -> Mailbox:
        """Adds an account; with `messages` of at least 100, its mailbox holds that much generated mail.

        The mail spans the two years before `ends_at`, or now. ValueError where the address is taken, or for
        1 to 99 messages.
        """
        email = email.lower()
        if email in self._mailboxes:
            raise ValueError(f"the account {email} exists; use its mailbox, or another address")
        mailbox = Mailbox(email, clock=self.clock)
        mailbox.listener = self.listener
        if messages:
            fill(mailbox, seed=seed, messages=messages, ends_at=ends_at or self.clock.now())
        self._mailboxes[email] = mailbox
        return mailbox

    def charge(self, email: str, units: int) -> timedelta | None:
        """Charges a call to its user and the project; how long to wait, and no charge, where either is spent."""
        now = self.clock.now()
        wait = self.user_meter.wait(email, units, limit=self.rules.user_units, now=now)
        if wait is None:
            wait = self.project_meter.wait(PROJECT, units, limit=self.rules.project_units, now=now)
        if wait is None:
            self.user_meter.charge(email, units, now=now)
            self.project_meter.charge(PROJECT, units, now=now)
        return wait
