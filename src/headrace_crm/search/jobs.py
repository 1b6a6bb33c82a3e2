"""The jobs of search, registered on an app."""

from datetime import timedelta
from typing import Final

from headrace import Headrace, Job, Priority, RetryPolicy
from headrace_crm.mail.jobs import MAX_ATTEMPTS, RETRY
from headrace_crm.search import projections
from headrace_crm.search.collecting import COLLECT_KIND, CollectPassages, collect_passages
from headrace_crm.search.embedder import Embedder
from headrace_crm.search.embedding import EMBED_KIND, EmbedPassages, embed_passages
from headrace_crm.search.events import AI_EVENTS

QUEUE: Final = "search"
EMBED_QUEUE: Final = "embeddings"
EMBED_RETRY: Final = RetryPolicy(cap=timedelta(minutes=10))
_LOOK_EVERY: Final = timedelta(minutes=10)


def register(app: Headrace, *, embedder: Embedder | None, language: str) -> None:
    """Registers the events of the assistant, `ai-training-collector`, `collect-passages` and `embed-passages`.

    Without an embedder no vectors are made, and passages are found by words.
    """
    app.register(*AI_EVENTS)

    @app.job(COLLECT_KIND, queue=QUEUE, priority=Priority.LOW, max_attempts=MAX_ATTEMPTS, retry=RETRY)
    async def collect(args: CollectPassages, job: Job) -> None:
        await collect_passages(app, job, args, language=language, embedder=embedder)

    _ = collect
    projections.register(app)
    if embedder is None:
        return

    @app.job(EMBED_KIND, queue=EMBED_QUEUE, priority=Priority.LOW, max_attempts=MAX_ATTEMPTS, retry=EMBED_RETRY)
    async def embed(args: EmbedPassages) -> dict[str, int]:
        return await embed_passages(app, embedder, args)

    # One at a time in all processes: two would take the same passages, and a model has the processor to itself.
    app.limit_queue(EMBED_QUEUE, concurrency=1)
    # Finds a model that was changed, or pgvector that was installed, without any mail coming in.
    app.schedule(EMBED_KIND, EMBED_KIND, EmbedPassages(looks_everywhere=True), every=_LOOK_EVERY, catch_up="none")
    _ = embed
