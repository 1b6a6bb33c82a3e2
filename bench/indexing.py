"""Storing much at once: the indexes that take long row by row are made of all of it after."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

import asyncpg

from bench.contest import SkippedError
from headrace.db.statements import statement
from headrace_crm.search.embedder import EmbeddingModel


@asynccontextmanager
async def indexed_after(session: asyncpg.Connection, kind: Literal["gin", "hnsw"]) -> AsyncGenerator[None]:
    """Puts off the CRM's indexes of a kind, and makes them as they were after the block."""
    indexes = await session.fetch(statement("bench", "indexes_of_kind"), kind)
    if not indexes:
        raise RuntimeError(f"no {kind} index was found; what is measured would not be what the CRM has")
    await session.execute("SET maintenance_work_mem = '512MB'")
    for index in indexes:
        await session.execute(f"DROP INDEX crm.{index['indexname']}")
    yield
    for index in indexes:
        await session.execute(index["indexdef"])


@asynccontextmanager
async def vectors_indexed_after(session: asyncpg.Connection, model: EmbeddingModel) -> AsyncGenerator[int]:
    """Readies a model and puts off the index of its vectors; the model's id. SkippedError without pgvector."""
    if not await session.fetchval(statement("headrace_crm.search", "ready_vectors")):
        raise SkippedError("the server has no pgvector")
    model_id = await session.fetchval(
        statement("headrace_crm.search", "ready_model"), model.name, model.version, model.dimension
    )
    async with indexed_after(session, "hnsw"):
        yield model_id
