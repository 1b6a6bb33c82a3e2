"""The composition root of the CRM: puts the features on the engine, in the order they build on each other."""

import os
from typing import Any, assert_never

from headrace import Headrace, KeyService, MigrationSet
from headrace_crm.accounts import jobs as account_jobs
from headrace_crm.accounts.access import AccessTokens
from headrace_crm.activity import projections as activity_projections
from headrace_crm.analytics import jobs as analytics_jobs
from headrace_crm.config import Settings
from headrace_crm.config.assistant import AssistantSettings
from headrace_crm.config.enrichment import EnrichmentSettings
from headrace_crm.config.search import SearchSettings
from headrace_crm.contacts import jobs as contact_jobs
from headrace_crm.contacts.extraction import people_finder
from headrace_crm.enrichment import jobs as enrichment_jobs
from headrace_crm.enrichment.matching import FOLLOWING
from headrace_crm.enrichment.profile import Asked
from headrace_crm.enrichment.provider import Provider
from headrace_crm.enrichment.providers.clearbit import Clearbit
from headrace_crm.enrichment.providers.pdl import PeopleDataLabs
from headrace_crm.enrichment.providers.x import X
from headrace_crm.enrichment.sources import Sources, sources_of
from headrace_crm.insights import jobs as insight_jobs
from headrace_crm.mail import jobs as mail_jobs
from headrace_crm.mail.providers.gmail import Gmail
from headrace_crm.mail.sync import jobs as sync_jobs
from headrace_crm.mail.sync.means import Means
from headrace_crm.mail.turns import Turns
from headrace_crm.maintenance import jobs as maintenance_jobs
from headrace_crm.scores import jobs as score_jobs
from headrace_crm.search import jobs as search_jobs
from headrace_crm.search.desk import Channel, Desk
from headrace_crm.search.embedder import Embedder
from headrace_crm.search.llm import Llm
from headrace_crm.search.providers.chat import AnthropicLlm, OpenAiLlm
from headrace_crm.search.providers.http_embeddings import HttpEmbedder
from headrace_crm.search.providers.sentence_transformers import SentenceTransformersEmbedder
from headrace_crm.search.providers.wordllama import WordllamaEmbedder
from headrace_crm.stats import projections as stats_projections


def create_app(
    dsn: str | None = None, *, settings: Settings | None = None, secret_keys: KeyService | None = None
) -> Headrace:
    """The CRM as an app of the engine, closed; use it inside `async with app:`.

    `dsn` None takes HEADRACE_DATABASE_URL, and where that is unset an embedded server in `./.headrace`.
    `settings` None takes those of the environment, `secret_keys` None HEADRACE_SECRET_KEYS.
    """
    chosen = settings or Settings.from_environment(os.environ)
    app = Headrace(
        dsn,
        name="crm",
        migrations=[MigrationSet("headrace_crm", "headrace_crm")],
        pool_size=chosen.pool_size,
        # No statement of the CRM changes its session; a test holds them to it.
        resets_sessions=False,
        secret_keys=secret_keys,
    )
    turns = Turns()
    tokens = AccessTokens(app, chosen.google)
    gmail = Gmail(chosen.gmail, base_url=chosen.google.gmail_url, tokens=tokens, clock=app.clock)
    account_jobs.register(app, google=chosen.google, tokens=tokens)
    means = Means(app, turns, gmail, chosen.gmail, people_finder(app, FOLLOWING))
    mail_jobs.register(means)
    sync_jobs.register(means, topic=chosen.google.push_topic)
    contact_jobs.register(app, turns=turns, following=FOLLOWING)
    enrichment_jobs.register(app, sources=enrichment_sources(chosen.enrichment), settings=chosen.enrichment)
    score_jobs.register(app, follow=insight_jobs.look_again)
    stats_projections.register(app)
    activity_projections.register(app)
    analytics_jobs.register(app)
    maintenance_jobs.register(app, turns=turns)
    search_jobs.register(app, embedder=create_embedder(chosen.search), language=chosen.search.language)
    insight_jobs.register(app, llm=_create_llm(chosen.assistant), llm_per_day=chosen.assistant.llm_insights_per_day)
    return app


def create_desk(app: Headrace, *, channel: Channel, settings: Settings | None = None) -> Desk:
    """What searches and answers on an open CRM; `settings` None takes them from the environment."""
    chosen = settings or Settings.from_environment(os.environ)
    return Desk(
        app,
        channel=channel,
        embedder=create_embedder(chosen.search),
        llm=_create_llm(chosen.assistant),
        language=chosen.search.language,
        word_weight=chosen.search.word_weight,
    )


def _create_llm(settings: AssistantSettings) -> Llm | None:
    options: dict[str, Any] = {"key": settings.llm_key, "seconds": settings.llm_seconds}
    match settings.llm:
        case "openai":
            return OpenAiLlm(settings.url, settings.llm_model, **options)
        case "anthropic":
            return AnthropicLlm(settings.url, settings.llm_model, **options)
        case "none":
            return None
        case _:
            assert_never(settings.llm)


def create_embedder(settings: SearchSettings) -> Embedder | None:
    """What makes vectors, not loaded yet; None for full text alone."""
    match settings.embedder:
        case "wordllama":
            return WordllamaEmbedder()
        case "sentence-transformers":
            return SentenceTransformersEmbedder(settings.embedding_model, version=settings.embedding_version)
        case "http":
            return HttpEmbedder(
                settings.embedding_url,
                settings.embedding_model,
                key=settings.embedding_key,
                version=settings.embedding_version,
                batch_size=settings.embedding_batch,
            )
        case "none":
            return None
        case _:
            assert_never(settings.embedder)


def enrichment_sources(settings: EnrichmentSettings) -> Sources:
    """The sources that these settings turn on."""
    providers: dict[Asked, Provider] = {}
    if settings.pdl.is_on:
        providers["pdl"] = PeopleDataLabs(settings.pdl)
    if settings.clearbit.is_on:
        providers["clearbit"] = Clearbit(settings.clearbit)
    return sources_of(settings, network=X(settings.x) if settings.x.is_on else None, providers=providers)
