"""Google's OAuth and Gmail, as far as a client that syncs mail can tell."""

from headrace_crm.sandbox.google.google import Google, IssuedTokens
from headrace_crm.sandbox.google.mailbox import Mailbox
from headrace_crm.sandbox.google.rules import GoogleRules

__all__ = ["Google", "GoogleRules", "IssuedTokens", "Mailbox"]
