"""X, People Data Labs and Clearbit, as far as a client that looks people up can tell."""

from headrace_crm.sandbox.enrichment.clearbit import Clearbit, ClearbitRules, Webhook
from headrace_crm.sandbox.enrichment.directory import Directory, KnownPerson
from headrace_crm.sandbox.enrichment.pdl import PdlRules, PeopleDataLabs
from headrace_crm.sandbox.enrichment.x import X, XRules

__all__ = [
    "Clearbit",
    "ClearbitRules",
    "Directory",
    "KnownPerson",
    "PdlRules",
    "PeopleDataLabs",
    "Webhook",
    "X",
    "XRules",
]
