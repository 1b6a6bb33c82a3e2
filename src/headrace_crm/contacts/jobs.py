"""The contact jobs of the CRM, registered on an app."""

from headrace import Headrace
from headrace_crm.contacts.events import CONTACT_EVENTS
from headrace_crm.contacts.extraction import Following, extract_contacts
from headrace_crm.mail.importing import EXTRACTION_KIND, ExtractContacts
from headrace_crm.mail.jobs import MAX_ATTEMPTS, RETRY
from headrace_crm.mail.turns import Turns


def register(app: Headrace, *, turns: Turns, following: Following) -> None:
    """Registers the events of contacts and `contact-extraction`, of which `following` is a part."""
    app.register(*CONTACT_EVENTS)

    @app.job(EXTRACTION_KIND, queue="contacts", max_attempts=MAX_ATTEMPTS, retry=RETRY)
    async def contact_extraction(args: ExtractContacts) -> dict[str, int]:
        return await extract_contacts(app, turns, args, following=following)

    _ = contact_extraction
