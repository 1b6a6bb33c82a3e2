"""A generated mailbox among fictional people: a world, its conversations, their RFC 822 bytes, one mbox."""

from headrace_crm.demo.mailbox import DemoMailbox, DemoPerson, write_mailbox

__all__ = ["DemoMailbox", "DemoPerson", "write_mailbox"]
