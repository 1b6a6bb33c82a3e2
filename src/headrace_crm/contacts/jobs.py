"""The contact jobs of the CRM, registered on an app."""

from headrace import Headrace
from headrace_crm.contacts.events import CONTACT_EVENTS
from headrace_crm.contacts.extraction import ReadMail, extract_contacts
from headrace_crm.mail.importing import EXTRACTION_KIND, ExtractContacts
from headrace_crm.mail.jobs import MAX_ATTEMPTS, RETRY
from headrace_crm.mail.turns import Turns


def register(app: Headrace, *, turns: Turns, read_mail: ReadMail) -> None:
    """Registers the events of contacts and `contact-extraction`, which has their mail read by `read_mail`."""
    app.register(*CONTACT_EVENTS)

    @app.job(EXTRACTION_KIND, queue="contacts", max_attempts=MAX_ATTEMPTS, retry=RETRY)
    async def contact_extraction(args: ExtractContacts) -> dict[str, int]:
        return await extract_contacts(app, turns, args, read_mail=read_mail)

    _ = contact_extraction
