"""The mail jobs of the CRM, registered on an app."""

from datetime import timedelta
from typing import Final

from headrace import Job, RetryPolicy
from headrace_crm.mail.batches import read_batch, store_batch
from headrace_crm.mail.events import MAIL_EVENTS
from headrace_crm.mail.importing import BATCH_KIND, IMPORT_KIND, ImportMbox, ProcessBatch
from headrace_crm.mail.reading import read_mailbox
from headrace_crm.mail.sync.fetching import fetch_batch
from headrace_crm.mail.sync.jobs import fetch_limit
from headrace_crm.mail.sync.means import Means

QUEUE: Final = "mail"
RETRY: Final = RetryPolicy(cap=timedelta(seconds=30))
MAX_ATTEMPTS: Final = 12
"""Mail never fails a job by what it holds; what does is the database being away, for minutes at most."""


def register(means: Means) -> None:
    """Registers the events of mail, `import-mbox` and `process-email-batch`."""
    app, turns = means.app, means.turns
    app.register(*MAIL_EVENTS)

    @app.job(IMPORT_KIND, queue=QUEUE, max_attempts=MAX_ATTEMPTS, retry=RETRY)
    async def import_mbox(args: ImportMbox, job: Job) -> None:
        await read_mailbox(app, args, job)

    @app.job(BATCH_KIND, queue=QUEUE, max_attempts=MAX_ATTEMPTS, retry=RETRY, limit=fetch_limit(means.settings))
    async def process_email_batch(args: ProcessBatch, job: Job) -> None:
        rows = await read_batch(app, args)
        if not rows:
            return
        if args.account_id is None:
            await store_batch(app, turns, args, job, rows)
        else:
            await fetch_batch(means, args, job, rows)

    # pyright does not see that a decorator uses what it decorates.
    _ = import_mbox, process_email_batch
