"""New mail from the moment it comes at the server until it is stored, by real pushes to a real webhook."""

from datetime import timedelta

import pytest

from fix_crm import until
from fix_mirror import GENEROUS, mirroring
from headrace_crm.config import Settings
from headrace_crm.web import create_web
from headrace_crm.web.serving import serving

pytestmark = pytest.mark.timeout(60)

LETTER = b"From: a@weir.example\r\nTo: b@weir.example\r\nSubject: %d\r\nMessage-ID: <%d@weir.example>\r\n\r\nHello.\r\n"


async def test_new_mail_comes_by_push_and_so_does_what_gmail_dropped_the_push_of(database, secret_keys, google_sandbox):
    google, counters = google_sandbox.google, google_sandbox.counters
    # Whatever follows another within half a minute is not told of.
    google.configure(push_interval=timedelta(seconds=30))
    google.subscribe("http://127.0.0.1:9/not-there-yet", audience="here")
    async with mirroring(database, google_sandbox) as mirror:
        mailbox = google.mailbox()
        settings = Settings(google=google_sandbox.google_settings(), gmail=GENEROUS)

        async def is_mirrored() -> bool:
            return await mirror.mirrored() == mirror.expected()

        async with serving(create_web(mirror.app, settings), host="127.0.0.1", port=0) as (server, _):
            google.subscribe(f"{server.url}/webhooks/gmail", audience="here")
            first = mailbox.deliver(LETTER % (1, 1))
            await until(is_mirrored)
            # The first is stored, so the look that its push led to is over, and the next one is not told of.
            mailbox.deliver(LETTER % (2, 2))
            mailbox.delete(first.id)
            await until(is_mirrored)
        assert (counters.times("push.published"), counters.times("push.dropped")) == (1, 2)
        assert await mirror.count("push_message") == 1
