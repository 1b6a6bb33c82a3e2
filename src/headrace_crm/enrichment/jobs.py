"""The enrichment jobs of the CRM, registered on an app."""

from datetime import timedelta
from typing import Final

from headrace import Headrace, Job, Limit, Rate, RetryPolicy, StoredEvent, Transaction
from headrace_crm.config.enrichment import EnrichmentSettings
from headrace_crm.contacts.events import ContactCreated
from headrace_crm.enrichment.asking import ask_about
from headrace_crm.enrichment.events import ContactEnriched
from headrace_crm.enrichment.fan_out import enrich_contact
from headrace_crm.enrichment.kinds import (
    ASK_KINDS,
    ENRICHMENT_KIND,
    LOOKUP_KIND,
    REFRESH_KIND,
    AskSource,
    EnrichContact,
)
from headrace_crm.enrichment.network_asking import look_up_accounts, read_account
from headrace_crm.enrichment.profile import Asked
from headrace_crm.enrichment.refresh import refresh_due
from headrace_crm.enrichment.sources import Sources

QUEUE: Final = "enrichment"
_RETRY: Final = RetryPolicy(unit=timedelta(seconds=5), cap=timedelta(minutes=15))
_MAX_ATTEMPTS: Final = 8
_AT_A_TIME: Final = 4
_X_WINDOW: Final = timedelta(minutes=15)
_MINUTE: Final = timedelta(minutes=1)


def pace(allowed: int, per: timedelta) -> Rate:
    """A rate that stays below `allowed` in every window of `per`, wherever the provider lets it begin.

    In any such time a bucket lets its burst and what comes in through: together 95 in a hundred. The rest is for
    calls that reach the provider some seconds after their job was claimed.
    """
    burst = max(1, allowed // 10)
    return Rate(max(1, allowed * 95 // 100 - burst), per=per, burst=burst)


def register(app: Headrace, *, sources: Sources, settings: EnrichmentSettings) -> None:
    """Registers `contact-enrichment`, the jobs it fans out to, the handler that begins it and its refreshing."""
    app.register(ContactEnriched)

    @app.job(ENRICHMENT_KIND, queue=QUEUE, max_attempts=_MAX_ATTEMPTS, retry=_RETRY)
    async def contact_enrichment(args: EnrichContact, job: Job) -> None:
        async with job.transaction() as tx:
            tx.result = await enrich_contact(tx, sources, args, job, now=app.clock.now())

    @app.job(REFRESH_KIND, queue=QUEUE)
    async def refresh_enrichment(job: Job) -> None:
        async with job.transaction() as tx:
            tx.result = await refresh_due(tx, sources, now=app.clock.now())

    _register_asking(app, sources, settings)
    if sources.on:
        _register_reaction(app)
        app.schedule("refresh-enrichment", REFRESH_KIND, every=timedelta(hours=1), priority="low")
    _ = contact_enrichment, refresh_enrichment


def _register_reaction(app: Headrace) -> None:
    # In the transaction that makes the contact, and not by a subscription: whoever imports mail without a source reads
    # no events for it, and a source that is turned on later does not meet, and pay for, all contacts there ever were.
    @app.on(ContactCreated, name="contact-enricher", mode="sync")
    async def enrich_new_contact(created: StoredEvent, tx: Transaction) -> None:
        assert isinstance(created.data, ContactCreated)  # noqa: S101 - what the handler is registered for
        await tx.enqueue(ENRICHMENT_KIND, EnrichContact(created.data.contact_id), priority="low")

    _ = enrich_new_contact


def _register_asking(app: Headrace, sources: Sources, settings: EnrichmentSettings) -> None:
    # Workers claim otherwise once there is any limit: who has no source is spared that.
    def limit(source: Asked, name: str, allowed: int, per: timedelta, *, concurrency: int = _AT_A_TIME) -> Limit | None:
        is_on = source in sources.on
        return Limit(name, concurrency=concurrency, rate=pace(allowed, per)) if is_on else None

    lookups = limit("x", "x-lookups", settings.x.user_lookups, _X_WINDOW, concurrency=1)
    posts = limit("x", "x-posts", settings.x.post_reads, _X_WINDOW)
    pdl = limit("pdl", "pdl", settings.pdl.per_minute, _MINUTE)
    clearbit = limit("clearbit", "clearbit", settings.clearbit.per_minute, _MINUTE)

    @app.job(LOOKUP_KIND, queue=QUEUE, max_attempts=_MAX_ATTEMPTS, retry=_RETRY, limit=lookups)
    async def look_up_x_accounts(job: Job) -> None:
        await look_up_accounts(app, sources, job)

    @app.job(ASK_KINDS["x"], queue=QUEUE, max_attempts=_MAX_ATTEMPTS, retry=_RETRY, limit=posts)
    async def enrich_twitter(args: AskSource, job: Job) -> str:
        return await read_account(app, sources, args, job)

    @app.job(ASK_KINDS["pdl"], queue=QUEUE, max_attempts=_MAX_ATTEMPTS, retry=_RETRY, limit=pdl)
    async def enrich_linkedin(args: AskSource, job: Job) -> str:
        return await ask_about(app, sources, "pdl", args, job)

    @app.job(ASK_KINDS["clearbit"], queue=QUEUE, max_attempts=_MAX_ATTEMPTS, retry=_RETRY, limit=clearbit)
    async def enrich_clearbit(args: AskSource, job: Job) -> str:
        return await ask_about(app, sources, "clearbit", args, job)

    _ = look_up_x_accounts, enrich_twitter, enrich_linkedin, enrich_clearbit
