"""What every job about a mailbox works with."""

from dataclasses import dataclass

from headrace import Headrace
from headrace_crm.config import GmailSettings
from headrace_crm.mail.provider import Provider
from headrace_crm.mail.turns import Turns


@dataclass(frozen=True, slots=True)
class Means:
    """The app, the turns of owners within this process, the mailboxes, and how much is asked of them."""

    app: Headrace
    turns: Turns
    provider: Provider
    settings: GmailSettings
