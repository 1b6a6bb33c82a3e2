"""The work of `embed-passages`: gives passages their vectors, batch by batch, until none waits."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from headrace import Connection, Headrace, statement
from headrace_crm.search.embedder import Embedder, EmbedderError, EmbeddingModel

EMBED_KIND: Final = "embed-passages"

A_FEW: Final = 16
"""So many passages are embedded as they are stored, where the model is near: it takes less than a job for them does."""

_PACKAGE: Final = "headrace_crm.search"


@dataclass(frozen=True, slots=True)
class Batch:
    """Passages and their texts."""

    passage_ids: tuple[int, ...]
    texts: tuple[str, ...]


class EmbedPassages(msgspec.Struct, frozen=True):
    """Args of `embed-passages`: whether to look at every passage for one that does not even wait."""

    looks_everywhere: bool = False


async def embed_passages(app: Headrace, embedder: Embedder, args: EmbedPassages) -> dict[str, int]:
    """Embeds whatever waits, the newest first, each batch committed by itself; how many passages it were.

    Passages stored while no embedder was set do not wait, until a look at all of them has them wait too.

    A model that is new here makes every passage wait, so that a change of model ends with all passages
    embedded anew; the other models' vectors go when the last has its own. Without pgvector nothing is done.
    Raises EmbedderError.
    """
    done: Counter[str] = Counter()
    async with app.transaction() as tx:
        if not await tx.fetchval(statement(_PACKAGE, "ready_vectors")):
            return {}
    model = await embedder.model()
    async with app.transaction() as tx:
        model_id: int = await tx.fetchval(
            statement(_PACKAGE, "ready_model"), model.name, model.version, model.dimension
        )
        if args.looks_everywhere:
            await tx.execute(statement(_PACKAGE, "await_missing"), model_id)
    while True:
        async with app.pool.acquire() as connection:
            batch = await _next_batch(connection, embedder.batch_size)
        if batch is None:
            break
        # No transaction is open, and no row locked, while the model works.
        vectors = await embedder.embed(batch.texts)
        async with app.transaction() as tx:
            if not await _write(tx.connection, model_id, model, batch, vectors):
                return dict(done)
        done["passages"] += len(batch.passage_ids)
    async with app.transaction() as tx:
        if await tx.fetchval(statement(_PACKAGE, "has_other_models"), model_id):
            done["models_dropped"] = await tx.fetchval(statement(_PACKAGE, "drop_models"), model_id)
    return dict(done)


async def _next_batch(connection: Connection, size: int) -> Batch | None:
    rows = await connection.fetch(statement(_PACKAGE, "unembedded_passages"), size)
    if not rows:
        return None
    return batch_of((row["id"], row["title"], row["body"]) for row in rows)


def batch_of(passages: Iterable[tuple[int, str, str]]) -> Batch:
    """A batch of passages given by id, title and body."""
    chosen = list(passages)
    return Batch(
        tuple(passage_id for passage_id, _, _ in chosen), tuple(f"{title}\n{body}".strip() for _, title, body in chosen)
    )


async def embed_at_once(connection: Connection, embedder: Embedder, batch: Batch) -> bool:
    """Gives a few new passages their vectors in the transaction that stores them; False where that is for a job.

    It is where the model is not near, not ready here, or not the newest one, and where there are more than a few.
    """
    if not embedder.is_near or len(batch.texts) > A_FEW:
        return False
    try:
        model = await embedder.model()
        model_id: int | None = await connection.fetchval(
            statement(_PACKAGE, "current_model"), model.name, model.version, model.dimension
        )
        if model_id is None:
            return False
        vectors = await embedder.embed(batch.texts)
    except EmbedderError:
        # The job meets it too, tells of it, and tries again.
        return False
    await _write_vectors(connection, model_id, model, batch, vectors)
    return True


async def _write(
    connection: Connection, model_id: int, model: EmbeddingModel, batch: Batch, vectors: Sequence[Sequence[float]]
) -> bool:
    """Stores the vectors of a batch; False where another process has changed to another model since."""
    if await connection.fetchval(statement(_PACKAGE, "is_model_kept"), model_id) is None:
        return False
    await _write_vectors(connection, model_id, model, batch, vectors)
    await connection.execute(statement(_PACKAGE, "end_waiting"), list(batch.passage_ids))
    return True


async def _write_vectors(
    connection: Connection, model_id: int, model: EmbeddingModel, batch: Batch, vectors: Sequence[Sequence[float]]
) -> None:
    for vector in vectors:
        if len(vector) != model.dimension:
            raise EmbedderError(
                f"{model.name} made a vector of {len(vector)} numbers where it made {model.dimension} before; "
                "set HEADRACE_EMBEDDING_VERSION to another word where the model has changed"
            )
    # A text in which the model knows no word has a vector of no direction: the index leaves it out.
    await connection.execute(
        statement(_PACKAGE, "write_vectors"), model_id, list(batch.passage_ids), [vector_text(one) for one in vectors]
    )


def vector_text(vector: Sequence[float]) -> str:
    """A vector as pgvector reads it."""
    return msgspec.json.encode(vector).decode()
