"""Gmail over its REST interface, version 1."""

from headrace_crm.mail.providers.gmail.mailbox import Gmail, GmailMailbox

__all__ = ["Gmail", "GmailMailbox"]
