"""What every job about a mailbox works with."""

from dataclasses import dataclass

from headrace import Headrace
from headrace_crm.config import GmailSettings
from headrace_crm.mail.following import FindPeople
from headrace_crm.mail.provider import Provider
from headrace_crm.mail.turns import Turns


@dataclass(frozen=True, slots=True)
class Means:
    """The app, the turns of owners within this process, the mailboxes, and how much is asked of them.

    `find_people` finds the people of a little new mail as it is stored; without it `contact-extraction` does.
    """

    app: Headrace
    turns: Turns
    provider: Provider
    settings: GmailSettings
    find_people: FindPeople | None = None
