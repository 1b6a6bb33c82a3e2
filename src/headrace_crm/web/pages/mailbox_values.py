"""What pages show live of mailboxes: how far each is, in the words of the page."""

from collections.abc import Mapping

from headrace import Connection
from headrace_crm.mail.sync.progress import newest_progress
from headrace_crm.web.pages.wording import mirrored, share


async def mailbox_values(connection: Connection) -> Mapping[str, str]:
    """Words and share of the hundred mailboxes looked at last, as `mailbox.<account>.told` and `.share`."""
    found = await newest_progress(connection)
    told = {f"mailbox.{account}.told": mirrored(how) for account, how in found.items()}
    return told | {f"mailbox.{account}.share": share(how) for account, how in found.items()}
