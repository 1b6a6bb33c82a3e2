"""Stand-ins for the services the CRM talks to, served on loopback over a generated world.

Each service has a package of its own here; the clock, the faults, the counters, the quota meter, the answers
and the server are shared. What a service remembers is in this process and ends with it.
"""

from headrace_crm.sandbox.enrichment import KnownPerson
from headrace_crm.sandbox.faults import Fault, read_faults
from headrace_crm.sandbox.google import Google, GoogleRules, Mailbox
from headrace_crm.sandbox.sandbox import Sandbox

__all__ = ["Fault", "Google", "GoogleRules", "KnownPerson", "Mailbox", "Sandbox", "read_faults"]
